//! What a step costs, each way that it is left.

use masa_domain::{
    Action, Channel, Condition, Flow, Kind, MailStatus, Moment, Span, Step, Trigger, Windows,
};

use crate::{access::Pattern, assumptions::Assumptions, usage::Usage, walked::is_long};

/// Which of the things that may happen at a step do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// Each by its share.
    Expected,
    /// None that costs.
    Least,
    /// All.
    Most,
}

/// One way from a step.
pub(crate) struct WayOut<'f> {
    /// Its word; empty when it is the only one.
    pub(crate) word: &'f str,
    pub(crate) to: Option<&'f str>,
    /// How many of those who come to the step go it.
    pub(crate) share: f64,
    /// What the step and this way cost.
    pub(crate) usage: Usage,
}

/// A share in a case.
fn in_case(share: f64, case: Case) -> f64 {
    match case {
        Case::Expected => share,
        Case::Least => 0.0,
        Case::Most => 1.0,
    }
}

/// The entry: what lets in is told by a hook, or is a reading of some mail.
pub(crate) fn entry(flow: &Flow, assumed: &Assumptions) -> Usage {
    let mut usage = Usage::default();
    let (door, upon) = match flow.triggers.first() {
        Some(Trigger::Opened { .. }) => (Some(Pattern::Pixel), Pattern::Reading),
        Some(Trigger::Clicked(_)) => (Some(Pattern::Click), Pattern::Reading),
        // The other run's own decision lets in.
        Some(Trigger::Ended(_)) => return usage,
        Some(_) | None => (Some(Pattern::Hook), Pattern::Fact),
    };
    for pattern in door.into_iter().chain([upon]) {
        usage.add(pattern, 1.0, assumed);
    }
    usage
}

/// The ways from a step, with what they cost.
pub(crate) fn ways<'f>(
    flow: &'f Flow,
    step: &'f Step,
    assumed: &Assumptions,
    case: Case,
) -> Vec<WayOut<'f>> {
    let ways = flow.ways(step);
    let only = ways.len() == 1;
    let mut out: Vec<WayOut<'f>> = Vec::new();
    for (word, to) in ways {
        let share = if only { 1.0 } else { share(step, word, assumed) };
        let mut usage = Usage::default();
        cost_of(flow, step, word, assumed, case, &mut usage);
        out.push(WayOut { word, to, share, usage });
    }
    if out.is_empty() {
        // An exit step.
        out.push(WayOut { word: "", to: None, share: 1.0, usage: Usage::default() });
    }
    for way in out.iter_mut().filter(|way| way.to.is_none()) {
        way.usage.add(Pattern::Ends, 1.0, assumed);
    }
    out
}

/// How many go a way.
fn share(step: &Step, word: &str, assumed: &Assumptions) -> f64 {
    let either = |yes: f64, is_yes: bool| if is_yes { yes } else { 1.0 - yes };
    match &step.action {
        Action::If { when, .. } => either(holds(when, assumed), word == "yes"),
        Action::Await { until, .. } => {
            let by = |trigger: &Trigger| match trigger {
                Trigger::Opened { .. } => assumed.opened,
                Trigger::Clicked(_) => assumed.clicked,
                _ => assumed.happened,
            };
            let none = until.iter().map(|trigger| 1.0 - by(trigger)).product::<f64>();
            either(1.0 - none, word == "happened")
        }
        Action::Split { ways, .. } => {
            let whole: u64 = ways.iter().map(|way| u64::from(way.share)).sum();
            let own = ways.iter().find(|way| way.name == word).map_or(0, |way| way.share);
            #[expect(clippy::cast_precision_loss, reason = "shares are small numbers")]
            let whole = whole.max(1) as f64;
            f64::from(own) / whole
        }
        Action::Until { .. } => either(assumed.late, word == "too late"),
        _ => 1.0,
    }
}

/// How often a condition holds, its parts taken as independent.
fn holds(condition: &Condition, assumed: &Assumptions) -> f64 {
    match condition {
        Condition::Email { was, .. } => {
            let sent = 1.0 - assumed.skipped;
            sent * match was {
                MailStatus::Sent => 1.0,
                MailStatus::Delivered => 1.0 - assumed.bounced,
                MailStatus::Bounced => assumed.bounced,
                // A click is a reading.
                MailStatus::Opened => assumed.opened.max(assumed.clicked),
                MailStatus::Clicked => assumed.clicked,
            }
        }
        Condition::All(all) => all.iter().map(|one| holds(one, assumed)).product(),
        Condition::Any(any) => {
            1.0 - any.iter().map(|one| 1.0 - holds(one, assumed)).product::<f64>()
        }
        Condition::Not(one) => 1.0 - holds(one, assumed),
        _ => assumed.yes,
    }
}

fn asks_of_mails(condition: &Condition) -> bool {
    match condition {
        Condition::Email { .. } => true,
        Condition::All(all) | Condition::Any(all) => all.iter().any(asks_of_mails),
        Condition::Not(one) => asks_of_mails(one),
        _ => false,
    }
}

fn cost_of(
    flow: &Flow,
    step: &Step,
    word: &str,
    assumed: &Assumptions,
    case: Case,
    usage: &mut Usage,
) {
    match &step.action {
        Action::Email { kind, .. } => {
            message(flow, Channel::Email, *kind, assumed, case, usage);
        }
        Action::Sms { kind, .. } => message(flow, Channel::Sms, *kind, assumed, case, usage),
        Action::Tell { .. } => {
            for (pattern, times) in [
                (Pattern::Sends, 1.0),
                (Pattern::Mail, 1.0),
                (Pattern::Outcome, 1.0),
                (Pattern::Feedback, 2.0),
                (Pattern::Nothing, 1.0),
            ] {
                usage.add(pattern, times, assumed);
            }
        }
        // The call itself is none of AWS's: what is left is what a skipped message costs.
        Action::Call { .. } => {
            for pattern in [Pattern::Sends, Pattern::Skipped, Pattern::Outcome] {
                usage.add(pattern, 1.0, assumed);
            }
        }
        Action::Wait(span) | Action::Quiet { span, .. } => wait(*span, assumed, usage),
        Action::Await { span, until, .. } if word == "happened" => {
            let arms = if is_long(*span) { Pattern::WaitsLong } else { Pattern::WaitsShortly };
            usage.add(arms, 1.0, assumed);
            usage.add(Pattern::Forgets, 1.0, assumed);
            // What readers do is counted with their mails.
            let reading =
                |one: &Trigger| matches!(one, Trigger::Opened { .. } | Trigger::Clicked(_));
            if !until.iter().all(reading) {
                usage.add(Pattern::Hook, 1.0, assumed);
                usage.add(Pattern::Fact, 1.0, assumed);
            }
        }
        Action::Await { span, .. } => wait(*span, assumed, usage),
        // Who comes too late does not wait.
        Action::Until { moment: Moment::Date { .. }, .. } if word == "too late" => {}
        // Until when nobody knows; hardly less than a quarter of an hour.
        Action::Until { .. } => wait(Span::MAX, assumed, usage),
        Action::If { when, .. } if asks_of_mails(when) => usage.add(Pattern::Asking, 1.0, assumed),
        // They change the contact, within a decision that is made anyway.
        _ => {}
    }
}

fn wait(span: Span, assumed: &Assumptions, usage: &mut Usage) {
    if is_long(span) {
        usage.add(Pattern::WaitsLong, 1.0, assumed);
        usage.add(Pattern::Fires, 1.0, assumed);
    } else {
        usage.add(Pattern::WaitsShortly, 1.0, assumed);
    }
    usage.add(Pattern::Wake, 1.0, assumed);
}

fn message(
    flow: &Flow,
    channel: Channel,
    kind: Option<Kind>,
    assumed: &Assumptions,
    case: Case,
    usage: &mut Usage,
) {
    // In the cheapest case it is skipped, when any is; in the dearest none is.
    let skipped = match case {
        Case::Expected => assumed.skipped,
        Case::Least if assumed.skipped > 0.0 => 1.0,
        Case::Least | Case::Most => 0.0,
    };
    let sent = 1.0 - skipped;
    let marketing = kind.unwrap_or(flow.kind) == Kind::Marketing;
    let at_once = flow.kind == Kind::Marketing && kind == Some(Kind::Transactional);
    if flow.windows != Windows::default() && !at_once {
        let mut held = Usage::default();
        wait(Span::MAX, assumed, &mut held);
        usage.plus(&held, in_case(assumed.held, case));
    }
    usage.add(Pattern::Sends, 1.0, assumed);
    usage.add(Pattern::Outcome, 1.0, assumed);
    usage.add(Pattern::Skipped, skipped, assumed);
    match channel {
        Channel::Email => {
            let bounced = in_case(assumed.bounced, case);
            usage.add(Pattern::Mail, sent, assumed);
            usage.add(Pattern::Feedback, sent * (2.0 - bounced), assumed);
            usage.add(Pattern::Suppression, sent * bounced, assumed);
            usage.add(Pattern::Nothing, sent, assumed);
            for (share, door) in
                [(assumed.opened, Pattern::Pixel), (assumed.clicked, Pattern::Click)]
            {
                usage.add(door, sent * in_case(share, case), assumed);
                usage.add(Pattern::Reading, sent * in_case(share, case), assumed);
            }
        }
        Channel::Sms => {
            usage.add(Pattern::Text, sent, assumed);
            let clicked = sent * in_case(assumed.clicked, case);
            usage.add(Pattern::Click, clicked, assumed);
            usage.add(Pattern::Reading, clicked, assumed);
            usage.add(Pattern::Number, if marketing { 1.0 } else { 0.0 }, assumed);
        }
    }
}

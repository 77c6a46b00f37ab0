//! One path that was walked, and the calls that it makes.

use masa_domain::Span;
use serde::Serialize;

use crate::{
    access::Pattern,
    assumptions::Assumptions,
    usage::{Calls, Usage},
};

/// A wait of so many seconds, or longer, is a schedule; a shorter one a delayed message.
const SCHEDULED_FROM: u32 = 900;

/// Something that happened on a path, with the decision that followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Walked {
    /// A fact came, of which a decision was made.
    Came {
        /// By which door.
        door: Door,
        /// How many channels it refused.
        refusals: u32,
        /// What was decided.
        decided: Decided,
    },
    /// A wait was over.
    Woke {
        /// Whether a schedule fired; else a delayed message came.
        scheduled: bool,
        /// What was decided.
        decided: Decided,
    },
    /// A mail met its fate.
    Mail {
        /// Which.
        fate: Fate,
        /// What was decided upon it.
        decided: Decided,
    },
    /// A text met its fate.
    Text {
        /// Which.
        fate: Fate,
        /// Whether refusals of the number itself are looked up: of advertising to a contact with an
        /// address and a number.
        number: bool,
        /// What was decided upon it.
        decided: Decided,
    },
    /// A mail's pixel was fetched.
    Opened {
        /// What was decided upon it, when the mail was not read before.
        decided: Option<Decided>,
    },
    /// A link was followed.
    Clicked {
        /// What was decided upon it, when it was not followed before.
        decided: Option<Decided>,
    },
    /// Somebody unsubscribed by a mail's link.
    Unsubscribed,
}

/// By which door a fact came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// A hook or a form.
    Hook,
    /// A hook that told of it before: the fact is stored, and nobody decides.
    Again,
    /// It stood in the table already.
    None,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It was sent, and of a mail SES told that it was sent and delivered.
    Sent,
    /// It was sent, and SES told that it was sent and that it came back for good.
    Bounced,
    /// It was skipped.
    Skipped,
}

/// What a decision read and asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// Of how many runs it had to read the messages: conditions that ask what became of a mail. Each
    /// run's are read once in a decision.
    pub asked: u32,
    /// What followed, for all runs that it moved.
    pub then: Vec<Then>,
}

/// What follows for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// It sends a message.
    Sends,
    /// It waits, so long from now.
    Waits(Span),
    /// Its wait ended by what happened: the wake is forgotten.
    Forgets,
    /// It ended.
    Ends,
}

impl Then {
    pub(crate) fn pattern(self) -> Pattern {
        match self {
            Self::Sends => Pattern::Sends,
            Self::Waits(span) if is_long(span) => Pattern::WaitsLong,
            Self::Waits(_) => Pattern::WaitsShortly,
            Self::Forgets => Pattern::Forgets,
            Self::Ends => Pattern::Ends,
        }
    }
}

/// Whether a wait is a schedule.
pub(crate) fn is_long(span: Span) -> bool {
    span.as_seconds() >= SCHEDULED_FROM
}

/// The patterns of something that happened, each as often as it is there.
pub(crate) fn patterns(walked: &Walked) -> Vec<Pattern> {
    let mut all = Vec::new();
    let decide = |upon: Pattern, decided: &Decided, all: &mut Vec<Pattern>| {
        all.push(upon);
        all.extend((0..decided.asked).map(|_| Pattern::Asking));
        all.extend(decided.then.iter().map(|then| then.pattern()));
    };
    match walked {
        Walked::Came { door, refusals, decided } => {
            all.extend((0..*refusals).map(|_| Pattern::Refusal));
            match door {
                Door::Hook => all.push(Pattern::Hook),
                Door::Again => {
                    all.push(Pattern::Hook);
                    return all;
                }
                Door::None => {}
            }
            decide(Pattern::Fact, decided, &mut all);
        }
        Walked::Woke { scheduled, decided } => {
            all.extend(scheduled.then_some(Pattern::Fires));
            decide(Pattern::Wake, decided, &mut all);
        }
        Walked::Mail { fate, decided } => {
            all.extend_from_slice(match fate {
                Fate::Sent => {
                    &[Pattern::Mail, Pattern::Feedback, Pattern::Feedback, Pattern::Nothing]
                }
                Fate::Bounced => {
                    &[Pattern::Mail, Pattern::Feedback, Pattern::Suppression, Pattern::Nothing]
                }
                Fate::Skipped => &[Pattern::Skipped],
            });
            decide(Pattern::Outcome, decided, &mut all);
        }
        Walked::Text { fate, number, decided } => {
            all.push(if *fate == Fate::Skipped { Pattern::Skipped } else { Pattern::Text });
            all.extend(number.then_some(Pattern::Number));
            decide(Pattern::Outcome, decided, &mut all);
        }
        Walked::Opened { decided } | Walked::Clicked { decided } => {
            let opened = matches!(walked, Walked::Opened { .. });
            all.push(if opened { Pattern::Pixel } else { Pattern::Click });
            match decided {
                Some(decided) => decide(Pattern::Reading, decided, &mut all),
                None => all.push(Pattern::Nothing),
            }
        }
        Walked::Unsubscribed => all.push(Pattern::Unsubscribe),
    }
    all
}

/// The AWS calls of something that happened, by service and operation: to warm functions, nothing going
/// wrong.
pub fn calls_of(walked: &Walked) -> Calls {
    calls(std::slice::from_ref(walked))
}

/// The AWS calls of a path, likewise.
pub fn calls(path: &[Walked]) -> Calls {
    let (mut usage, assumed) = (Usage::default(), Assumptions::default());
    for pattern in path.iter().flat_map(patterns) {
        usage.add(pattern, 1.0, &assumed);
    }
    usage.whole()
}

//! Taking one step of a journey.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    calendar,
    condition::{Asked, equal},
    decide::Need,
    flow::{Action, Flow, Late, Moment, Step, Way},
    follow::Followed,
    holidays,
    id::Id,
    occurrence::Consequence,
    run::{End, Run, State},
    span::Span,
    story::What,
    trigger::Anchor,
    walk::Walk,
};

/// How many characters of a coupon's code are its own.
const COUPON_CHARS: usize = 8;
/// How many members a list in a field may have.
const MEMBERS_MAX: usize = 200;

/// Where a step leads.
pub(crate) enum Onward {
    /// To this step, or to the end of the flow.
    To(Option<String>),
    /// Nowhere: the run stands in its new state.
    Stand(State),
}

impl Walk<'_> {
    /// Takes one step.
    pub(crate) fn take(
        &mut self,
        run: &mut Run,
        flow: &Flow,
        id: &str,
        step: &Step,
        base: Timestamp,
    ) -> Result<Onward, Need> {
        let wait = |until| Onward::Stand(State::Waiting { step: id.to_owned(), until });
        match &step.action {
            Action::Email { .. }
            | Action::Sms { .. }
            | Action::Tell { .. }
            | Action::Call { .. } => return Ok(self.send(run, flow, id, step)),
            Action::Wait(span) | Action::Await { span, .. } => return Ok(wait(span.after(base))),
            Action::Quiet { event, span } => {
                return Ok(wait(self.quiet_at(event, *span).unwrap_or_else(|| span.after(base))));
            }
            Action::Until { moment: Moment::Clock { at, days }, .. } => {
                return Ok(wait(calendar::next(base, *at, days, &self.asked(run).zone())));
            }
            Action::Until { late, .. } => {
                return Ok(self.dated(run, flow, id, step, late.as_ref(), base));
            }
            Action::Exit => {
                return Ok(Onward::Stand(State::Ended { end: End::Left, at: self.now }));
            }
            Action::If { when, then, otherwise } => {
                let holds = when.holds(&self.asked(run));
                let holds = holds.map_err(|needed| Need::Messages(needed.0))?;
                run.tell(self.now, id, What::Branch(holds));
                return Ok(Onward::To(if holds { then.clone() } else { otherwise.clone() }));
            }
            Action::Split { ways, .. } => {
                let Some(way) = self.way(flow, id, ways) else { return Ok(Onward::To(None)) };
                run.tell(self.now, id, What::Way(way.name.clone()));
                return Ok(Onward::To(way.first.clone()));
            }
            Action::Jump(target) => return Ok(Onward::To(Some(target.clone()))),
            Action::Set(_)
            | Action::Count { .. }
            | Action::Append { .. }
            | Action::Stamp(_)
            | Action::Coupon { .. }
            | Action::Join(_)
            | Action::Leave(_)
            | Action::Start(_) => self.change(run, id, &step.action),
        }
        Ok(Onward::To(step.next.clone()))
    }

    /// Takes a step that changes the contact, and nothing else.
    fn change(&mut self, run: &mut Run, id: &str, action: &Action) {
        match action {
            Action::Set(fields) => {
                for (name, value) in fields {
                    self.set(run, name, value.clone());
                }
            }
            Action::Count { field, by } => self.count(run, id, field, *by),
            Action::Append { field, value } => self.append(run, id, field, value),
            Action::Stamp(field) => {
                let today = calendar::local(self.now, &self.asked(run).zone()).date();
                self.set(run, field, json!(today));
            }
            Action::Coupon { field, prefix } => {
                let code = Id::derive(&["coupon", &run.id.to_string(), id]).to_string();
                let code: String = code.chars().take(COUPON_CHARS).collect();
                let code = code.to_ascii_uppercase();
                let dash = if prefix.is_empty() { "" } else { "-" };
                let code = format!("{prefix}{dash}{code}");
                self.set(run, field, json!(code));
                run.keep_coupon(field, code);
            }
            // Who is in a segment, its condition decides.
            Action::Join(list) | Action::Leave(list) if self.is_segment(list) => {}
            Action::Join(list) if self.contact.join(list, self.now) => {
                self.leads_to(Followed::Occurred(Consequence::Joined(list.clone())));
            }
            Action::Leave(list) if self.contact.lists.remove(list).is_some() => {
                self.leads_to(Followed::Occurred(Consequence::Left(list.clone())));
            }
            Action::Start(flow) => {
                let (data, coupons) = (run.data.clone(), run.coupons.clone());
                self.leads_to(Followed::Start { flow: flow.clone(), data, coupons });
            }
            _ => {}
        }
    }

    /// What is asked of a run.
    pub(crate) fn asked<'w>(&'w self, run: &'w Run) -> Asked<'w> {
        Asked { run: Some(run), ..self.asked_of_contact() }
    }

    /// What is asked of the contact alone.
    pub(crate) fn asked_of_contact(&self) -> Asked<'_> {
        let (contact, known, now) = (&self.contact, self.known, self.now);
        Asked { contact, run: None, known, now, of_segment: false }
    }

    /// When it will have been quiet for `span` since the last event of this name.
    pub(crate) fn quiet_at(&self, event: &str, span: Span) -> Option<Timestamp> {
        let seen = self.contact.seen.get(&format!("event:{event}"));
        seen.map(|seen| span.after(seen.last_at))
    }

    /// Comes to a dated wait.
    fn dated(
        &self,
        run: &mut Run,
        flow: &Flow,
        id: &str,
        step: &Step,
        late: Option<&String>,
        base: Timestamp,
    ) -> Onward {
        let Some(until) = self.moment_of(run, step, base) else {
            run.tell(self.now, id, What::Note("there is no such date: passed over".to_owned()));
            return Onward::To(late.cloned());
        };
        if until >= base {
            return Onward::Stand(State::Waiting { step: id.to_owned(), until });
        }
        let next_has_passed = || {
            let next = late.and_then(|late| flow.steps.get(late));
            let next = next.and_then(|next| self.moment_of(run, next, base));
            next.is_some_and(|next| next < base)
        };
        let skip = match flow.late {
            Late::Skip => true,
            Late::Latest => next_has_passed(),
            Late::All => false,
        };
        let words = if skip { "its time had passed: passed over" } else { "its time had passed" };
        run.tell(self.now, id, What::Note(words.to_owned()));
        Onward::To(if skip { late.cloned() } else { step.next.clone() })
    }

    /// The moment of a dated wait; none when the step is no such wait, or has no date.
    fn moment_of(&self, run: &Run, step: &Step, base: Timestamp) -> Option<Timestamp> {
        let Action::Until { moment: Moment::Date { anchor, offset, at }, .. } = &step.action else {
            return None;
        };
        let asked = self.asked(run);
        let zone = asked.zone();
        let day = match anchor {
            Anchor::Field(field) => asked.field(field)?,
            Anchor::Day(day) => json!(day),
            Anchor::Holiday(name) => {
                json!(holidays::next(name, calendar::local(base, &zone).date())?)
            }
        };
        calendar::anchored(&day, *offset, *at, &zone)
    }

    /// The way of a split that is this contact's.
    fn way<'f>(&self, flow: &Flow, step: &str, ways: &'f [Way]) -> Option<&'f Way> {
        let whole: u64 = ways.iter().map(|way| u64::from(way.share)).sum();
        let drawn = Id::derive(&["split", &self.contact.id.to_string(), &flow.name, step]);
        let mut left = drawn.number().checked_rem(whole)?;
        let own = ways.iter().find(|way| {
            let share = u64::from(way.share);
            let within = left < share;
            left = left.saturating_sub(share);
            within
        })?;
        let winner = self.known.catalogue.winners.get(&format!("{}/{step}", flow.name));
        let winner = winner.and_then(|winner| ways.iter().find(|way| way.name == *winner));
        Some(winner.filter(|_| !own.hold_out).unwrap_or(own))
    }

    /// Sets a field, in place of a code that the run wrote there; journeys may wait for its change.
    fn set(&mut self, run: &mut Run, field: &str, value: Value) {
        run.coupons.remove(field);
        let before = self.contact.field(field);
        self.contact.set_field(field, value);
        if self.contact.field(field) != before {
            let field = field.to_owned();
            self.leads_to(Followed::Occurred(Consequence::Changed { field, before }));
        }
    }

    /// Counts; a field that holds something other than a whole number is left alone, and the
    /// story says so.
    fn count(&mut self, run: &mut Run, step: &str, field: &str, by: i64) {
        let old = match self.contact.fields.get(field) {
            None => Some(0),
            Some(value) => value.as_i64(),
        };
        match old.and_then(|old| old.checked_add(by)) {
            Some(new) => self.set(run, field, json!(new)),
            None => {
                let words = format!("`{field}` is not a number that can count");
                run.tell(self.now, step, What::Note(words));
            }
        }
    }

    /// Adds to a list; a field that holds something else is left alone, and the story says so.
    fn append(&mut self, run: &mut Run, step: &str, field: &str, value: &Value) {
        let mut members = match self.contact.fields.get(field) {
            None => Vec::new(),
            Some(Value::Array(members)) if members.len() < MEMBERS_MAX => members.clone(),
            Some(_) => {
                let words = format!("`{field}` is not a list that can grow");
                run.tell(self.now, step, What::Note(words));
                return;
            }
        };
        if !members.iter().any(|member| equal(member, value)) {
            members.push(value.clone());
            self.set(run, field, Value::Array(members));
        }
    }
}

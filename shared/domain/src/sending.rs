//! When a message may go: hours and days (D1), the shop's caps (D2), other journeys that go first
//! (D3), the contact's best hour (D4).

use jiff::{SignedDuration, Timestamp};

use crate::{
    calendar::{self, ClockTime},
    consent::Channel,
    contact::Paced,
    flow::{Flow, Kind, Step},
    id::MessageId,
    live::Standing,
    run::{Held, Run, State},
    setup::Cap,
    steps::Onward,
    story::What,
    walk::Walk,
};

/// How long a message waits for one that goes first and should have gone by now.
const YIELDS: SignedDuration = SignedDuration::from_mins(1);

/// From when on a message may go, and what holds it until then.
struct Opening {
    at: Timestamp,
    held_by: &'static str,
}

impl Walk<'_> {
    /// Sends, or holds the message until it may go. Its own time to wait may be over before: then it
    /// is dropped, and the run goes on. What does not go to the contact, and a transactional message
    /// of a marketing journey, goes at once.
    pub(crate) fn send(&mut self, run: &mut Run, flow: &Flow, id: &str, step: &Step) -> Onward {
        let now = self.now;
        let sending = || Onward::Stand(State::Sending { step: id.to_owned() });
        let since = run.held.take().map_or(now, |held| held.since);
        let Some((channel, kind)) =
            flow.sends(id).and_then(|(medium, kind)| Some((medium.channel()?, kind)))
        else {
            return sending();
        };
        if flow.kind == Kind::Marketing && kind == Kind::Transactional {
            return sending();
        }
        let in_time = |opening: &Opening| {
            flow.deadline.is_none_or(|deadline| opening.at <= deadline.after(since))
        };
        let opening = self.opening(run, flow, channel, kind).filter(in_time);
        let opening = opening.map(|soonest| {
            // The best hour is a wish: it costs no message its deadline.
            let best = flow.best_hour.then(|| self.best_hour(run, flow, soonest.at)).flatten();
            best.filter(in_time).unwrap_or(soonest)
        });
        match opening {
            Some(Opening { at, .. }) if at <= now => {
                if kind == Kind::Marketing {
                    let generation = run.generation.saturating_add(1);
                    let message = MessageId { run: run.id, generation };
                    self.contact.pace(
                        Paced { message, channel, at: now },
                        &self.known.catalogue.setup.caps,
                    );
                }
                sending()
            }
            Some(Opening { at, held_by }) => {
                run.held = Some(Held { since, channel, kind, priority: flow.priority });
                run.tell(now, id, What::Note(held_by.to_owned()));
                Onward::Stand(State::Waiting { step: id.to_owned(), until: at })
            }
            None => {
                let words = "dropped: it could not go before its deadline";
                run.tell(now, id, What::Note(words.to_owned()));
                Onward::To(step.next.clone())
            }
        }
    }

    /// The first moment at which a message may go; none when there is none within a month.
    fn opening(&self, run: &Run, flow: &Flow, channel: Channel, kind: Kind) -> Option<Opening> {
        let now = self.now;
        let zone = self.asked(run).zone();
        let room = match kind {
            Kind::Marketing => self.room(channel),
            Kind::Transactional => now,
        };
        let at = flow.windows.next(room, &zone)?;
        if at > now {
            let held_by = match room > now {
                true => "held: the contact has got enough for now",
                false => "held until messages may go",
            };
            return Some(Opening { at, held_by });
        }
        let first = (kind == Kind::Marketing).then(|| self.goes_first(flow, channel));
        Some(match first.flatten() {
            Some(at) => Opening { at, held_by: "held: a more important message goes first" },
            None => Opening { at, held_by: "" },
        })
    }

    /// The caps that count messages of a channel.
    fn caps(&self, channel: Channel) -> impl Iterator<Item = &Cap> {
        self.known.catalogue.setup.caps.iter().filter(move |cap| cap.counts(channel))
    }

    /// From when on all caps have room for one more.
    fn room(&self, channel: Channel) -> Timestamp {
        let rooms = self.caps(channel).map(|cap| {
            let mut sent = self.contact.paced(cap);
            sent.sort_unstable_by(|a, b| b.cmp(a));
            let times = usize::try_from(cap.times).unwrap_or(usize::MAX);
            let last = times.checked_sub(1).and_then(|before| sent.get(before));
            last.map_or(self.now, |sent| cap.within.after(*sent))
        });
        rooms.fold(self.now, Timestamp::max)
    }

    /// Until when a message steps back: others of this contact are held whose journeys have a higher
    /// priority, and as many as the tightest cap still has room for.
    fn goes_first(&self, flow: &Flow, channel: Channel) -> Option<Timestamp> {
        let yields = self.caps(channel).filter_map(|cap| {
            let before = |at: &Timestamp| cap.within.after(*at) > self.now;
            let sent = self.contact.paced(cap).into_iter().filter(before).count();
            let room = usize::try_from(cap.times).unwrap_or(usize::MAX).saturating_sub(sent);
            let mut rivals = self.rivals(flow, cap);
            // One that goes when this message counts no more loses nothing by it.
            rivals.retain(|until| *until < cap.within.after(self.now));
            rivals.sort_unstable();
            let last = room.checked_sub(1).and_then(|last| rivals.get(last))?;
            Some((*last).max(self.now.checked_add(YIELDS).unwrap_or(Timestamp::MAX)))
        });
        yields.max()
    }

    /// When the held messages of higher priority go. The run that walks is not among the contact's.
    fn rivals(&self, flow: &Flow, cap: &Cap) -> Vec<Timestamp> {
        let others = self.contact.runs.values().filter(|other| {
            // What stands in a paused journey is not about to go.
            !other.parked && self.standing_of(&other.flow) == Standing::Live
        });
        let rivals = others.filter_map(|other| {
            other.held.filter(|held| {
                held.kind == Kind::Marketing
                    && held.priority > flow.priority
                    && cap.counts(held.channel)
            })?;
            match &other.state {
                State::Waiting { until, .. } => Some(*until),
                State::Sending { .. } | State::Ended { .. } => None,
            }
        });
        rivals.collect()
    }

    /// The next time, from `from` on, that it is the hour at which the contact reads most, or else the
    /// audience.
    fn best_hour(&self, run: &Run, flow: &Flow, from: Timestamp) -> Option<Opening> {
        let hour = self.contact.best_hour().or(self.known.catalogue.best_hour)?;
        let zone = self.asked(run).zone();
        let here = calendar::local(from, &zone);
        if u8::try_from(here.hour()).is_ok_and(|now| now == hour) {
            return None;
        }
        let at = calendar::next(
            from,
            Some(ClockTime::minute(u16::from(hour).saturating_mul(60))),
            &[],
            &zone,
        );
        // Where that hour is never open, it is no wish that can come true: the message goes as soon as it may.
        let open = flow.windows.next(at, &zone).filter(|open| *open == at)?;
        Some(Opening { at: open, held_by: "held until the hour at which the contact reads" })
    }
}

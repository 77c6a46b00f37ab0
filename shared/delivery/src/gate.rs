//! The gate of a provider or system: while it refuses everything, nothing is tried.
//!
//! A used-up quota and a paused account refuse the next message as they refused the last one. Each
//! warm function remembers that, and hands its messages back without a single call, until it is time
//! to try one again. Nothing is shared and nothing has to be reset: a cold function tries once.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

/// What a provider refuses for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refuses {
    /// More messages at this moment: the rate.
    Haste,
    /// Every message, until a new day or somebody's doing: a used-up quota, a paused account, a
    /// missing identity or permission.
    Everything,
    /// Calls of one system, which does not answer.
    Calls,
}

impl Refuses {
    /// The first pause and the longest one; each in a row is twice the one before.
    fn pauses(self) -> (SignedDuration, SignedDuration) {
        match self {
            // AWS: wait up to ten minutes, and then try again.
            Self::Haste => (SignedDuration::from_secs(5), SignedDuration::from_mins(10)),
            Self::Everything => (SignedDuration::from_mins(15), SignedDuration::from_hours(1)),
            // Long enough that a day of it is not a hundred receives of a message.
            Self::Calls => (SignedDuration::from_secs(30), SignedDuration::from_mins(30)),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Closed {
    until: Timestamp,
    pause: SignedDuration,
}

/// What a message goes through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gate {
    /// SES.
    Mail,
    /// SNS.
    Text,
    /// The system of this name.
    System(String),
}

/// The gates of a function.
#[derive(Debug, Default)]
pub(crate) struct Gates(Mutex<BTreeMap<Gate, Closed>>);

impl Gates {
    /// Until when the gate is closed; `None` when something may be tried.
    pub(crate) fn closed(&self, gate: &Gate, now: Timestamp) -> Option<Timestamp> {
        let until = self.gates().get(gate)?.until;
        (now < until).then_some(until)
    }

    /// Closes the gate and returns until when.
    pub(crate) fn close(&self, gate: &Gate, refuses: Refuses, now: Timestamp) -> Timestamp {
        let (first, longest) = refuses.pauses();
        let mut gates = self.gates();
        let before = gates.get(gate).map(|closed| closed.pause.saturating_mul(2));
        let pause = before.map_or(first, |pause| pause.clamp(first, longest));
        let until = now.checked_add(pause).unwrap_or(Timestamp::MAX);
        gates.insert(gate.clone(), Closed { until, pause });
        until
    }

    /// The provider answered otherwise.
    pub(crate) fn open(&self, gate: &Gate) {
        self.gates().remove(gate);
    }

    fn gates(&self) -> MutexGuard<'_, BTreeMap<Gate, Closed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_end_with_an_answer() {
        let (gates, mut now) = (Gates::default(), Timestamp::UNIX_EPOCH);
        let mut pauses = Vec::new();
        for _ in 0..4 {
            let until = gates.close(&Gate::Mail, Refuses::Everything, now);
            assert_eq!(gates.closed(&Gate::Mail, now), Some(until));
            assert_eq!(gates.closed(&Gate::Text, now), None, "each channel has its own");
            pauses.push(until.duration_since(now).as_mins());
            now = until;
            assert_eq!(gates.closed(&Gate::Mail, now), None, "one may be tried");
        }
        assert_eq!(pauses, [15, 30, 60, 60]);
        gates.open(&Gate::Mail);
        let until = gates.close(&Gate::Mail, Refuses::Haste, now);
        assert_eq!(until.duration_since(now).as_secs(), 5);
    }
}

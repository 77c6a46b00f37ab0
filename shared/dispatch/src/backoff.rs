//! What becomes of a message that was not worked off, and when it comes back.

use jiff::SignedDuration;
use masa_domain::Id;
use masa_runtime::chain;

use crate::Error;

/// How long a message waits after its first failure, in seconds; doubled with each further one.
const FIRST_WAIT_S: i64 = 30;
/// The longest of these waits.
const LONGEST_WAIT_S: i64 = 15 * 60;
/// How long SQS hides a message at most, counted from its receive: 12 hours, less the time that the
/// batch itself may have taken.
const HIDDEN_S_MAX: i64 = 12 * 3600 - 5 * 60;
/// A message that failed so often is given up. The queue itself would move it one receive later,
/// without a cause.
const RECEIVES_MAX: u32 = 99;

/// When something that failed has to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Soon, and later with each failure.
    Again,
    /// Not before this time has passed (12 hours at most), and not sooner than [`Fate::Again`].
    After(SignedDuration),
    /// Never: it would fail for ever.
    Never,
}

/// Why a message was not worked off, and when to try again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct Setback {
    /// Why, without an address.
    pub cause: String,
    /// When to try again.
    pub fate: Fate,
}

impl Setback {
    /// A setback after which it is tried soon.
    pub fn again(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), fate: Fate::Again }
    }

    /// A setback that would be the same for ever.
    pub fn never(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), fate: Fate::Never }
    }

    /// What an error comes to, with all its causes; `permanent` when trying again is in vain.
    pub fn of(error: &dyn std::error::Error, permanent: bool) -> Self {
        let fate = if permanent { Fate::Never } else { Fate::Again };
        Self { cause: chain(error), fate }
    }
}

impl From<serde_json::Error> for Setback {
    /// A body that can't be read stays so. Where it is wrong is said, not what stands there: that
    /// may be a person.
    fn from(error: serde_json::Error) -> Self {
        let what = match error.classify() {
            serde_json::error::Category::Data => "is not what this queue carries",
            _ => "is not JSON",
        };
        match error.line() {
            0 => Self::never(format!("the body {what}")),
            line => {
                let column = error.column();
                Self::never(format!("the body {what} (line {line}, column {column})"))
            }
        }
    }
}

impl From<Error> for Setback {
    /// A queue or the scheduler did not answer.
    fn from(error: Error) -> Self {
        Self::of(&error, error.is_permanent())
    }
}

/// For how many seconds a message is hidden now; `None` when it is given up.
pub(crate) fn hidden_for(fate: Fate, receives: u32, message: &str) -> Option<i32> {
    match fate {
        _ if receives >= RECEIVES_MAX => None,
        Fate::Never => None,
        Fate::Again => Some(again(receives, message)),
        // Rounded up: a wait that is rounded down to nothing would be tried at once, over and over. And
        // not sooner than after another failure: where only a few of many get through each time, the
        // others would use up their tries within minutes.
        Fate::After(wait) => {
            let wait = spread(wait.as_secs().saturating_add(1), message);
            Some(wait.max(again(receives, message)))
        }
    }
}

/// For how many seconds a message is hidden that is to be tried soon.
pub(crate) fn again(receives: u32, message: &str) -> i32 {
    let doublings = receives.saturating_sub(1).min(10);
    spread((FIRST_WAIT_S << doublings).min(LONGEST_WAIT_S), message)
}

/// Messages that failed together would come back together, and find the same trouble: each waits up
/// to a quarter longer, by its own id.
fn spread(seconds: i64, message: &str) -> i32 {
    let seconds = seconds.clamp(1, HIDDEN_S_MAX);
    let [first, second, ..] = *Id::derive(&["spread", message]).bytes();
    let part = i64::from(u16::from_be_bytes([first, second]));
    let seconds = seconds + seconds * part / (4 * i64::from(u16::MAX));
    i32::try_from(seconds.min(HIDDEN_S_MAX)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::{Fate, HIDDEN_S_MAX, Setback, hidden_for};

    const IDS: [&str; 5] = ["a", "b", "c", "d", "059f36b4-87a3-44ab-83d2-661975830a7d"];

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour_and_are_spread() {
        let again = [30, 60, 120, 240, 480, 900, 900, 900];
        let after = [30, 30, 901, 3601, 12 * 3600 - 300, 12 * 3600 - 300];
        let asked = [-5, 1, 900, 3600, 12 * 3600, i64::MAX];
        for id in IDS {
            for (receives, least) in (1..).zip(again) {
                let wait = i64::from(hidden_for(Fate::Again, receives, id).expect("it comes back"));
                assert!((least..=least * 5 / 4).contains(&wait), "{receives}: {wait}");
            }
            for (asked, least) in asked.into_iter().zip(after) {
                let fate = Fate::After(SignedDuration::from_secs(asked));
                let wait = i64::from(hidden_for(fate, 1, id).expect("it comes back"));
                let most = (least * 5 / 4).min(HIDDEN_S_MAX);
                assert!((least..=most).contains(&wait), "{asked}: {wait}");
            }
        }
        assert!(hidden_for(Fate::Again, 0, "a") < Some(38), "a missing count is the first");
        let soon = Fate::After(SignedDuration::from_secs(5));
        let tries: i64 = (1..99).filter_map(|n| hidden_for(soon, n, "a")).map(i64::from).sum();
        assert!(tries >= 22 * 3600, "99 tries last almost a day at least: {tries} s");
    }

    #[test]
    fn a_wave_does_not_come_back_as_one_and_the_same_message_waits_the_same() {
        let waits: Vec<_> = IDS.iter().map(|id| hidden_for(Fate::Again, 6, id)).collect();
        let mut distinct = waits.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), IDS.len(), "{waits:?}");
        assert_eq!(waits, IDS.map(|id| hidden_for(Fate::Again, 6, id)));
    }

    #[test]
    fn what_can_never_work_or_failed_too_often_is_given_up() {
        assert_eq!(hidden_for(Fate::Never, 1, "a"), None);
        for fate in [Fate::Again, Fate::After(SignedDuration::from_secs(1)), Fate::Never] {
            assert_eq!(hidden_for(fate, 99, "a"), None);
            assert_eq!(hidden_for(fate, u32::MAX, "a"), None);
        }
        assert!(hidden_for(Fate::Again, 98, "a").is_some());
    }

    #[test]
    fn a_body_that_can_not_be_read_is_not_quoted() {
        let wrong = serde_json::from_str::<u32>("\"dana@example.com\"").expect_err("no number");
        let broken = serde_json::from_str::<u32>("dana@example.com").expect_err("no JSON");
        for (error, cause) in [
            (wrong, "the body is not what this queue carries (line 1, column 18)"),
            (broken, "the body is not JSON (line 1, column 1)"),
        ] {
            assert_eq!(Setback::from(error), Setback::never(cause));
        }
    }
}

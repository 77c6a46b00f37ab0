//! Lengths of time and sums with moments, none of which can overflow.

use jiff::{SignedDuration, Timestamp};

/// So many seconds later, or earlier.
pub(crate) fn later(at: Timestamp, seconds: i64) -> Timestamp {
    let end = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(end)
}

/// Whole seconds from one moment to another.
pub(crate) fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    to.as_second().saturating_sub(from.as_second())
}

/// A length of time in at most two units: `0s`, `90s` as `1m 30s`, `2d 1m`.
pub(crate) fn length(seconds: i64) -> String {
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')];
    let mut rest = seconds.max(0);
    let mut words = Vec::new();
    for (size, unit) in units {
        let (times, left) = (rest / size, rest % size);
        if times > 0 && words.len() < 2 {
            words.push(format!("{times}{unit}"));
        }
        rest = left;
    }
    if words.is_empty() { "0s".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn lengths_are_short() {
        for (seconds, words) in
            [(0, "0s"), (90, "1m 30s"), (172_860, "2d 1m"), (90_061, "1d 1h"), (-5, "0s")]
        {
            assert_eq!(length(seconds), words);
        }
    }
}

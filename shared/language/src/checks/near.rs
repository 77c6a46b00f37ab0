//! Names that are nearly others.

/// The fewest characters of a name that may be mistyped.
const CHARS_MIN: usize = 4;
/// From so many characters on, another letter in place of one is a slip.
const CHARS_OF_SLIP: usize = 6;
/// From so many characters on, two slips are.
const CHARS_OF_TWO: usize = 8;

/// How many slips lead from one name to another, when that is likely to have happened. Names that
/// differ in numbers alone are two.
pub(super) fn slips(one: &str, other: &str) -> Option<usize> {
    let (count, other_count) = (one.chars().count(), other.chars().count());
    let short = count.min(other_count);
    let words = |name: &str| name.chars().filter(|c| !c.is_numeric()).collect::<String>();
    if short < CHARS_MIN || count.abs_diff(other_count) > 2 || words(one) == words(other) {
        return None;
    }
    let letters = |name: &str| {
        let mut letters: Vec<char> = name.chars().collect();
        letters.sort_unstable();
        letters
    };
    // Of short words that differ in one letter, both are likely words.
    if short < CHARS_OF_SLIP && count == other_count && letters(one) != letters(other) {
        return None;
    }
    let most = if short < CHARS_OF_TWO { 1 } else { 2 };
    let distance = strsim::damerau_levenshtein(one, other);
    (distance <= most).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::slips;

    #[test]
    fn what_is_likely_a_slip() {
        for (one, other) in [
            ("newsleter", "newsletter"),
            ("birthdya", "birthday"),
            ("cart abandond", "cart abandoned"),
            ("first visit", "first_visit"),
            ("tire", "tier"),
            ("citty", "city"),
        ] {
            assert!(slips(one, other).is_some(), "{one} {other}");
        }
        for (one, other) in [
            ("vip", "vips"),
            ("card", "cart"),
            ("week 1", "week 2"),
            ("over 50", "over 100"),
            ("opted in", "opted out"),
            ("topic tea", "topic ware"),
        ] {
            assert_eq!(slips(one, other), None, "{one} {other}");
        }
    }
}

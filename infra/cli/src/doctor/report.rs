//! What was found and done.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use serde_json::{Value, json};

use super::letter::Ward;

/// How many causes are told one by one; the rarest go together.
const CAUSES_TOLD: usize = 10;

/// What was found in a queue of dead letters, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) ward: Ward,
    /// How many letters were looked at.
    pub(crate) letters: usize,
    /// Whether there are more.
    pub(crate) more: bool,
    /// How many for which cause.
    pub(crate) causes: BTreeMap<String, usize>,
    /// How many were put back, or found to need nothing.
    pub(crate) put_back: usize,
    /// How many can't be put back, and why not.
    pub(crate) left: BTreeMap<&'static str, usize>,
    /// How many facts were never applied, if that was looked for.
    pub(crate) lost_facts: Option<usize>,
}

impl Report {
    pub(crate) fn new(ward: Ward) -> Self {
        Self {
            ward,
            letters: 0,
            more: false,
            causes: BTreeMap::new(),
            put_back: 0,
            left: BTreeMap::new(),
            lost_facts: None,
        }
    }

    /// Whether letters are still there.
    pub(crate) fn is_ill(&self) -> bool {
        self.more || self.put_back < self.letters
    }

    /// The causes, the most frequent first.
    fn causes(&self) -> Vec<(&str, usize)> {
        let mut causes: Vec<_> =
            self.causes.iter().map(|(cause, count)| (cause.as_str(), *count)).collect();
        causes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        if let Some(others) = causes.get(CAUSES_TOLD..).filter(|others| !others.is_empty()) {
            let count = others.iter().map(|(_, count)| count).sum();
            causes.truncate(CAUSES_TOLD);
            causes.push(("other causes", count));
        }
        causes
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let causes = self.causes().into_iter();
        let causes = causes.map(|(cause, letters)| json!({"cause": cause, "letters": letters}));
        let left = self.left.iter().map(|(why, letters)| json!({"why": why, "letters": letters}));
        json!({
            "queue": self.ward.name(),
            "letters": self.letters,
            "more": self.more,
            "causes": causes.collect::<Vec<_>>(),
            "put_back": self.put_back,
            "left": left.collect::<Vec<_>>(),
            "lost_facts": self.lost_facts,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.more { " and more" } else { "" };
        write!(f, "{}: {}{more}", self.ward.name(), counted(self.letters, "letter"))?;
        let mut line = String::new();
        for (cause, count) in self.causes() {
            writeln!(line).and_then(|()| write!(line, "{count:>7}  {cause}"))?;
        }
        if let Some(facts) = self.lost_facts {
            writeln!(line)?;
            write!(line, "  {} of that time never applied", counted(facts, "fact"))?;
        }
        if self.put_back > 0 {
            writeln!(line).and_then(|()| write!(line, "  put back: {}", self.put_back))?;
        }
        for (why, count) in &self.left {
            writeln!(line).and_then(|()| write!(line, "  left: {count}: {why}"))?;
        }
        f.write_str(&line)
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Report, Ward};

    #[test]
    fn the_most_frequent_causes_come_first_and_the_rarest_together() {
        let mut report = Report { letters: 80, more: true, ..Report::new(Ward::Wake) };
        report.causes = (1..=12).map(|count| (format!("cause {count}"), count)).collect();
        report.put_back = 1;
        report.left.insert("it names no record and no time", 2);
        let text = report.to_string();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("WakeDeadLetters: 80 letters and more"));
        assert_eq!(lines.next(), Some("     12  cause 12"));
        assert_eq!(lines.nth(9), Some("      3  other causes"));
        assert_eq!(lines.next(), Some("  put back: 1"));
        assert_eq!(lines.next(), Some("  left: 2: it names no record and no time"));
        assert_eq!(lines.next(), None);
        let told = report.json();
        assert_eq!(told["causes"][0], json!({"cause": "cause 12", "letters": 12}));
        assert_eq!(told["left"][0]["letters"], json!(2));
        assert!(report.is_ill());
    }

    #[test]
    fn what_is_empty_or_all_put_back_is_well() {
        assert!(!Report::new(Ward::Send).is_ill());
        let cured = Report { letters: 3, put_back: 3, ..Report::new(Ward::Send) };
        assert!(!cured.is_ill());
        assert!(Report { put_back: 2, ..cured.clone() }.is_ill());
        assert!(Report { more: true, ..cured }.is_ill());
    }
}

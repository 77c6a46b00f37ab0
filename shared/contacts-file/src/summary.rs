//! What an import would do, or did.

use std::{collections::BTreeMap, fmt};

use crate::{
    row::{Problem, Refused, Row},
    rows::Line,
};

/// How many lines are named for each reason.
const EXAMPLES: usize = 5;

/// How many different reasons are told apart; a file has as many columns as it likes.
const REASONS_MAX: usize = 1_000;

/// How often something is wrong, and where first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examples {
    /// How often.
    pub times: u64,
    /// The first five lines.
    pub lines: Vec<u64>,
}

impl Examples {
    fn add(&mut self, line: u64) {
        self.times += 1;
        if self.lines.len() < EXAMPLES {
            self.lines.push(line);
        }
    }
}

/// What became of a file's rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// All rows with anything in them, but the header.
    pub rows: u64,
    /// Those that can be imported.
    pub usable: u64,
    /// Those that can't.
    pub refused: u64,
    /// Usable ones that tell of a person of whom an earlier one told: contacts are fewer by these.
    pub repeated: Examples,
    /// Usable ones with fewer cells than the header.
    pub short: Examples,
    /// Why rows were refused. A row may have several reasons.
    pub reasons: BTreeMap<Problem, Examples>,
}

impl Summary {
    /// Counts a row.
    pub fn add(&mut self, line: &Line) {
        self.rows += 1;
        match line {
            Line::Row(row) => self.add_row(row),
            Line::Refused(refused) => self.add_refused(refused),
        }
    }

    fn add_row(&mut self, row: &Row) {
        self.usable += 1;
        if row.repeats {
            self.repeated.add(row.line);
        }
        if row.short {
            self.short.add(row.line);
        }
    }

    fn add_refused(&mut self, refused: &Refused) {
        self.refused += 1;
        for problem in &refused.problems {
            if let Some(known) = self.reasons.get_mut(problem) {
                known.add(refused.line);
            } else if self.reasons.len() < REASONS_MAX {
                self.reasons.entry(problem.clone()).or_default().add(refused.line);
            }
        }
    }
}

impl fmt::Display for Examples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.lines.iter().map(u64::to_string).collect();
        let more = if self.times > self.lines.len() as u64 { " …" } else { "" };
        write!(f, "{} (line {}{more})", self.times, lines.join(", "))
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} rows: {} usable, {} refused", self.rows, self.usable, self.refused)?;
        for (what, examples) in [
            ("repeat a person of an earlier row", &self.repeated),
            ("have fewer cells than the header", &self.short),
        ] {
            if examples.times > 0 {
                writeln!(f, "{what}: {examples}")?;
            }
        }
        for (problem, examples) in &self.reasons {
            writeln!(f, "refused: {problem}: {examples}")?;
        }
        Ok(())
    }
}

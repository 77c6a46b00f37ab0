//! What is wrong with a file, and where.

use std::{cmp::Ordering, fmt};

use serde::Serialize;

use crate::codes;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It must be mended before the journeys can be published.
    Error,
    /// It is told, and stops nothing.
    Warning,
}

/// Something that is wrong with a file, or probably is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The file, relative to the flows folder, with `/` between its parts.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// A stable name of the check, such as `unknown-key`: one of [`crate::CODES`].
    pub code: &'static str,
    /// Whether it must be mended.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// How to mend it, where that can be told.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let warning = match self.severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
        };
        let Self { file, line, column, message, .. } = self;
        write!(f, "{file}:{line}:{column}: {warning}{message}")?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl Mark {
    pub(crate) const START: Self = Self { line: 1, column: 1 };
}

/// The most errors of one file that are told, and the most warnings.
const PROBLEMS_MAX: usize = 1_000;

/// Collects the problems of one file.
pub(crate) struct Report<'a> {
    file: &'a str,
    problems: Vec<Problem>,
    errors: usize,
    warnings: usize,
}

impl<'a> Report<'a> {
    pub(crate) fn new(file: &'a str) -> Self {
        Self { file, problems: Vec::new(), errors: 0, warnings: 0 }
    }

    /// How much was told so far.
    pub(crate) fn len(&self) -> usize {
        self.problems.len()
    }

    pub(crate) fn file(&self) -> &'a str {
        self.file
    }

    /// Reports a problem; the answer takes its hint.
    pub(crate) fn add(
        &mut self,
        at: Mark,
        code: &'static str,
        message: impl Into<String>,
    ) -> Hint<'_> {
        let severity = codes::severity(code);
        // Counted apart: no warning may push an error aside.
        let (told, more) = match severity {
            Severity::Error => (&mut self.errors, ("too-many-problems", "problems")),
            Severity::Warning => (&mut self.warnings, ("too-many-warnings", "warnings")),
        };
        let (code, message) = match (*told).cmp(&PROBLEMS_MAX) {
            Ordering::Less => (code, message.into()),
            Ordering::Equal => (more.0, format!("there are more {} in this file", more.1)),
            Ordering::Greater => return Hint(None),
        };
        *told += 1;
        self.problems.push(Problem {
            file: self.file.to_owned(),
            line: at.line,
            column: at.column,
            code,
            severity,
            message,
            hint: None,
        });
        Hint(self.problems.last_mut())
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

/// The problem that was just reported.
pub(crate) struct Hint<'a>(Option<&'a mut Problem>);

impl Hint<'_> {
    pub(crate) fn hint(self, hint: impl Into<String>) {
        if let Some(problem) = self.0 {
            problem.hint = Some(hint.into());
        }
    }

    /// Thinks of a hint only for what is told.
    pub(crate) fn hint_by(self, hint: impl FnOnce() -> Option<String>) {
        if self.0.is_some() {
            self.maybe_hint(hint());
        }
    }

    pub(crate) fn maybe_hint(self, hint: Option<String>) {
        if let Some(hint) = hint {
            self.hint(hint);
        }
    }
}

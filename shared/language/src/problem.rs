//! What is wrong with a file, and where.

use std::fmt;

use serde::Serialize;

/// Something that must be mended before a journey can be published.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The file, relative to the flows folder, with `/` between its parts.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// A stable name of the check, such as `unknown-key`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// How to mend it, where that can be told.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
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

/// The most problems of one file that are told.
const PROBLEMS_MAX: usize = 1_000;

/// Collects the problems of one file.
pub(crate) struct Report<'a> {
    file: &'a str,
    problems: Vec<Problem>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(file: &'a str) -> Self {
        Self { file, problems: Vec::new() }
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
        if self.problems.len() > PROBLEMS_MAX {
            return Hint(None);
        }
        let (code, message) = match self.problems.len() {
            PROBLEMS_MAX => {
                ("too-many-problems", "there are more problems in this file".to_owned())
            }
            _ => (code, message.into()),
        };
        self.problems.push(Problem {
            file: self.file.to_owned(),
            line: at.line,
            column: at.column,
            code,
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

    pub(crate) fn maybe_hint(self, hint: Option<String>) {
        if let Some(hint) = hint {
            self.hint(hint);
        }
    }
}

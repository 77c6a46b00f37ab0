//! What is wrong with a body.

use std::fmt;

/// A body that can't be understood: answered with 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Where, as a JSON path such as `items[2].price`; empty when it is the body as a whole.
    pub field: String,
    /// What to do about it. It never repeats what was sent.
    pub problem: String,
}

impl std::error::Error for Malformed {}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "{}: {}", self.field, self.problem)
        }
    }
}

impl Malformed {
    pub(crate) fn at(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }

    pub(crate) fn body(problem: impl Into<String>) -> Self {
        Self::at("", problem)
    }
}

//! Settings, read once from the environment.

use std::{collections::BTreeMap, str::FromStr};

/// A setting that is absent or unusable. Names the variable, never its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct Missing {
    /// The variable.
    pub name: String,
    /// What is wrong and what to do.
    pub problem: String,
}

/// The settings of a function. Not `Debug`: some are secrets.
#[derive(Clone, Default)]
pub struct Config(BTreeMap<String, String>);

impl Config {
    /// The settings in the environment: `MASA_…` and `AWS_…`.
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub fn from_env() -> Self {
        std::env::vars()
            .filter(|(name, _)| name.starts_with("MASA_") || name.starts_with("AWS_"))
            .collect()
    }

    /// These settings, with those of `over` in their place where both have one.
    #[must_use]
    pub fn overridden_by(mut self, over: Self) -> Self {
        self.0.extend(over.0);
        self
    }

    /// A setting that may be absent; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// A setting that must be there.
    ///
    /// # Errors
    /// [`Missing`] when it is absent or empty.
    pub fn require(&self, name: &str) -> Result<&str, Missing> {
        self.get(name).ok_or_else(|| unusable(name, "is not set, and is needed"))
    }

    /// A setting of another type than text, or `default` when it is absent.
    ///
    /// # Errors
    /// [`Missing`] when it can't be read.
    pub fn parse_or<T: FromStr>(&self, name: &str, default: T) -> Result<T, Missing> {
        match self.get(name) {
            None => Ok(default),
            Some(text) => text.trim().parse().map_err(|_| unusable(name, "can't be read")),
        }
    }

    /// A setting that `read` understands.
    ///
    /// # Errors
    /// [`Missing`] when it is absent, or with the words of `read`.
    pub fn read<T, E: std::fmt::Display>(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Missing> {
        read(self.require(name)?).map_err(|error| unusable(name, &error.to_string()))
    }
}

fn unusable(name: &str, problem: &str) -> Missing {
    Missing { name: name.to_owned(), problem: problem.to_owned() }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Config {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(settings: I) -> Self {
        Self(settings.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

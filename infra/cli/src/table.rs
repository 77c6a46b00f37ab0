//! The deployed table that a command works on.

use anyhow::{Result, ensure};
use masa_runtime::Config;

#[derive(Debug, clap::Args)]
pub(crate) struct Table {
    /// The stack's table, as `sam deploy` prints it. Region and credentials come from the usual
    /// AWS variables (`aws configure export-credentials --format env` sets them).
    #[arg(long, env = "MASA_TABLE", global = true, default_value = "")]
    table: String,
}

impl Table {
    /// The settings with which the table is found.
    ///
    /// # Errors
    /// When none is named.
    pub(crate) fn config(&self) -> Result<Config> {
        ensure!(!self.table.is_empty(), "name the stack's table: --table, or MASA_TABLE");
        let table: Config = [("MASA_TABLE", self.table.as_str())].into_iter().collect();
        Ok(Config::from_env().overridden_by(table))
    }
}

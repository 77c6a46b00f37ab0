//! Files of contacts: CSV and XLSX in; CSV, XLSX and JSON lines out.
//!
//! A file is opened, shows what it takes its columns for, lets that be overruled, and gives its rows one
//! at a time: each a contact, or what is wrong with it, without repeating whose it is.
//!
//! ```no_run
//! use masa_contacts_file::{ContactsFile, Line, Options, Rejects, Summary};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let now = jiff::Timestamp::UNIX_EPOCH;
//! let options = Options { country: Some("IL".to_owned()), ..Options::default() };
//! let mut file = ContactsFile::open("contacts.xlsx", options)?;
//! file.map("מידה=field:size")?;
//! println!("{}\n{}", file.about(), file.mapping());
//!
//! // What would be done.
//! println!("{}", file.summary(now)?);
//!
//! // What is done.
//! let mut rejects = Rejects::new(std::fs::File::create("rows.csv")?, file.headers())?;
//! let mut summary = Summary::default();
//! for line in file.rows(now)? {
//!     let line = line?;
//!     summary.add(&line);
//!     match line {
//!         Line::Row(row) => drop(row.details), // a fact; row.also is a second one
//!         Line::Refused(refused) => rejects.write(&refused)?,
//!     }
//! }
//! rejects.finish()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Reading
//!
//! - **Passes.** A CSV is read three times: for its encoding and NULs, for what its columns hold, and
//!   for its rows. A workbook's sheet is read twice.
//! - **Encoding**: a byte order mark's (UTF-8, UTF-16); else UTF-8, when all of the file is; else
//!   Windows-1255, unless Hebrew in UTF-8 stood before. Where none fits, the error names the line.
//! - **Delimiter**: Excel's own first line (`sep=;`), else the one of comma, semicolon and tab that
//!   gives most of the first rows the same number of columns.
//! - **Rows**: those without anything in them are passed over. One with fewer cells than the header is
//!   taken and told of, one with more is refused.
//! - **Columns**: one that isn't asked for and whose name suits a field becomes one; of two with the same
//!   name the second is left out.
//! - **Repeated people**: who has the same address, or without one the same phone. All rows are given, in
//!   order; what a later one tells stands, and what it leaves empty stays as the earlier one told it.
//!
//! # Memory
//!
//! One row (at most 1 MiB, 1,000 columns), 16 bytes a person, and of a workbook its table of texts
//! ([`Limits`]). `cargo run -p masa-contacts-file --example million` measures it.

mod bounded;
mod cell;
mod dates;
mod decoded;
mod error;
mod export;
mod file;
mod guess;
mod mapping;
mod phone;
mod record;
mod rejects;
mod row;
mod rows;
mod source;
mod summary;
mod text;
mod words;
mod xlsx;

pub use dates::DateOrder;
pub use error::Error;
pub use export::{Export, Exported, Fields, Kind};
pub use file::{About, ContactsFile, Options};
pub use mapping::{Column, Mapping, Taken, Target};
pub use masa_intake::address::Rules;
pub use rejects::Rejects;
pub use row::{Problem, Refused, Row};
pub use rows::{Line, Rows};
pub use summary::{Examples, Summary};
pub use xlsx::Limits;

//! Why a file as a whole can't be read or written.

use std::io;

/// What ends the reading of a file. None of them repeats what stands in a cell.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The disk, or whatever holds the file.
    #[error("the file can't be read")]
    Io(#[source] io::Error),
    /// Where the file is written to.
    #[error("the file can't be written")]
    Write(#[source] io::Error),
    /// No row at all.
    #[error("the file holds no rows: the first must name the columns")]
    Empty,
    /// The first row holds a contact.
    #[error(
        "line {line} holds a contact where the names of the columns belong: add a first row that names them"
    )]
    NoHeader {
        /// Where.
        line: u64,
    },
    /// NUL characters.
    #[error(
        "line {line} holds NUL characters, so this is no text: save it as \"CSV UTF-8\" or as .xlsx"
    )]
    NotText {
        /// Where.
        line: u64,
    },
    /// HTML or XML that is named like a table.
    #[error(
        "this is HTML or XML, whatever its name says: open it in a spreadsheet program and save it as .xlsx"
    )]
    Markup,
    /// The characters can't be read.
    #[error(
        "line {line} can't be read as {encoding}: save the file as \"CSV UTF-8\", or name its encoding"
    )]
    Encoding {
        /// Where.
        line: u64,
        /// As what it was read.
        encoding: &'static str,
    },
    /// An encoding that nobody knows.
    #[error("this encoding is not known: give a name such as utf-8, windows-1255 or utf-16le")]
    UnknownEncoding,
    /// A default country that is none.
    #[error("the default country: {0}")]
    Country(&'static str),
    /// A row larger than any contact.
    #[error(
        "the row that begins at line {line} is larger than {most} bytes: look there for a quote that is not closed"
    )]
    RowTooLarge {
        /// Where.
        line: u64,
        /// The most that a row may take.
        most: u64,
    },
    /// A row wider than any table of contacts.
    #[error("line {line} has more than {most} columns: delete those that are not needed")]
    TooManyColumns {
        /// Where.
        line: u64,
        /// The most.
        most: usize,
    },
    /// A workbook that would take too much memory or time.
    #[error(
        "{what} of the workbook takes more than {most}: save the one sheet as CSV and import that"
    )]
    TooLarge {
        /// Which part.
        what: &'static str,
        /// The most, with its unit.
        most: String,
    },
    /// A workbook that can't be read.
    #[error("the workbook can't be read: {0}")]
    Workbook(&'static str),
    /// A sheet that isn't there.
    #[error("the workbook has no such sheet: it has {0}")]
    NoSheet(String),
    /// A column of the mapping.
    #[error("--map {column}: {problem}")]
    Map {
        /// The column, as it was given.
        column: String,
        /// What to do.
        problem: String,
    },
    /// Dates that could be read in two ways.
    #[error(
        "{column}: its dates don't tell whether the day or the month comes first: say --dates dmy or --dates mdy"
    )]
    DateOrder {
        /// The column.
        column: String,
    },
}

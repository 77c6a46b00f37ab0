//! The rows of a file, one at a time.

use std::collections::HashSet;

use masa_domain::Id;

use crate::{
    error::Error,
    record::Record,
    row::{Reading, Refused, Row},
    text::TextRecords,
    xlsx,
};

/// What became of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// It can be imported.
    Row(Box<Row>),
    /// It can't.
    Refused(Refused),
}

/// The rows as they stand in the file.
pub(crate) enum Records<'a> {
    Text(TextRecords<'a>),
    Sheet(xlsx::Records<'a>),
}

impl Records<'_> {
    /// The next row with anything in it.
    pub(crate) fn next(&mut self) -> Result<Option<Record>, Error> {
        loop {
            let record = match self {
                Self::Text(records) => records.next()?,
                Self::Sheet(records) => records.next()?,
            };
            if record.as_ref().is_none_or(|record| !record.is_empty()) {
                return Ok(record);
            }
        }
    }
}

/// The contacts of a file and the rows that are none, in the file's order. After an error there is
/// nothing more.
///
/// Remembers 16 bytes for each person, to know who comes again: some 36 MB for a million, and while that
/// grows half as much again.
pub struct Rows<'a> {
    records: Records<'a>,
    reading: Reading<'a>,
    people: HashSet<Id>,
    ended: bool,
}

impl<'a> Rows<'a> {
    /// `records` stand behind the header.
    pub(crate) fn new(records: Records<'a>, reading: Reading<'a>) -> Self {
        Self { records, reading, people: HashSet::new(), ended: false }
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Line, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let record = match self.records.next() {
            Ok(Some(record)) => record,
            Ok(None) => {
                self.ended = true;
                return None;
            }
            Err(error) => {
                self.ended = true;
                return Some(Err(error));
            }
        };
        Some(Ok(match self.reading.row(record) {
            Ok(mut row) => {
                // As a contact's id has it: the address tells who it is, without one the phone.
                let details = &row.details;
                let person = match (&details.email, &details.phone) {
                    (Some(email), _) => Id::derive(&["email", email]),
                    (None, phone) => Id::derive(&["phone", phone.as_deref().unwrap_or_default()]),
                };
                row.repeats = !self.people.insert(person);
                Line::Row(Box::new(row))
            }
            Err(refused) => Line::Refused(refused),
        }))
    }
}

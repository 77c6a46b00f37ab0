//! The rows that can't be imported, as a file to mend and import again.

use std::io::Write;

use crate::{
    cell,
    error::Error,
    export::BYTE_ORDER_MARK,
    guess::OWN,
    row::{Problem, Refused},
};

/// A CSV of refused rows: where each stood, why it was refused, and the row itself. It holds what the
/// user's own file held, and belongs nowhere else.
pub struct Rejects<W: Write> {
    csv: csv::Writer<W>,
}

impl<W: Write> Rejects<W> {
    /// Begins the file with the names of the columns ([`crate::ContactsFile::headers`]).
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn new<'a>(mut to: W, headers: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        to.write_all(BYTE_ORDER_MARK).map_err(Error::Write)?;
        let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(to);
        let own = [format!("{OWN}line"), format!("{OWN}reason")].into_iter();
        let headers = headers.into_iter().map(cell::safe);
        csv.write_record(own.chain(headers)).map_err(|error| Error::Write(error.into()))?;
        Ok(Self { csv })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write(&mut self, refused: &Refused) -> Result<(), Error> {
        let reasons: Vec<String> = refused.problems.iter().map(Problem::to_string).collect();
        let own = [refused.line.to_string(), cell::safe(&reasons.join("; "))].into_iter();
        // A cell that was protected already stays as it is.
        let cells = refused.cells.iter().map(|text| cell::safe(cell::bare(text)));
        let row = own.chain(cells);
        self.csv.write_record(row).map_err(|error| Error::Write(error.into()))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn finish(mut self) -> Result<(), Error> {
        self.csv.flush().map_err(Error::Write)
    }
}

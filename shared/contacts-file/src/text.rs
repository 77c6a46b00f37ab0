//! CSV: which encoding, which delimiter, and its rows.

use std::io::{self, Read, Seek};

use csv::{ByteRecord, StringRecord};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1255};

use crate::{
    bounded::{Bounded, Exceeded},
    decoded::{Decoded, NotDecoded},
    error::Error,
    record::{COLUMNS_MAX, ROW_BYTES_MAX, Record},
    source::Source,
};

/// How many characters the delimiter is guessed from, in bytes.
const SAMPLE: u64 = 64 * 1024;

/// What stands between columns.
const DELIMITERS: [u8; 3] = *b",;\t";

/// How many rows the delimiter is guessed from.
const SAMPLE_ROWS: usize = 50;

/// A text with columns.
pub(crate) struct Text {
    source: Box<dyn Source>,
    /// Of its characters.
    pub(crate) encoding: &'static Encoding,
    /// Between its columns.
    pub(crate) delimiter: u8,
    /// Whether its first line only names the delimiter.
    names_delimiter: bool,
}

impl Text {
    /// Finds out how to read `source`, in a pass over all of it, for Hebrew may first appear in the last
    /// row.
    pub(crate) fn open(
        mut source: Box<dyn Source>,
        encoding: Option<&'static Encoding>,
    ) -> Result<Self, Error> {
        let encoding = detect(&mut source, encoding)?;
        let sample = sample(&mut source, encoding)?;
        if sample.trim_start().starts_with('<') {
            return Err(Error::Markup);
        }
        let named = named_delimiter(&sample);
        let delimiter = named.unwrap_or_else(|| guess(&sample));
        Ok(Self { source, encoding, delimiter, names_delimiter: named.is_some() })
    }

    /// Its rows, from the first.
    pub(crate) fn records(&mut self) -> Result<TextRecords<'_>, Error> {
        self.source.rewind().map_err(Error::Io)?;
        let decoded = Decoded::new(&mut self.source, self.encoding);
        let bounded = Bounded::new(decoded, ROW_BYTES_MAX, u64::MAX);
        let mut records =
            TextRecords { csv: reader(bounded, self.delimiter), encoding: self.encoding, line: 1 };
        if self.names_delimiter {
            records.next()?;
        }
        Ok(records)
    }
}

fn reader<R: Read>(text: R, delimiter: u8) -> csv::Reader<R> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text)
}

/// The encoding: that of the byte order mark, else UTF-8 if all is UTF-8, else what old Hebrew Windows
/// writes.
fn detect(
    source: &mut Box<dyn Source>,
    told: Option<&'static Encoding>,
) -> Result<&'static Encoding, Error> {
    let mut start = Vec::new();
    source.rewind().map_err(Error::Io)?;
    source.by_ref().take(4).read_to_end(&mut start).map_err(Error::Io)?;
    let marked = Encoding::for_bom(&start).map(|(encoding, _)| encoding);
    if let Some(encoding) = told.or(marked) {
        check(source, encoding)?;
        return Ok(encoding);
    }
    // A mark may be missing: the first character of a header is Latin or Hebrew, and never takes two
    // bytes of which one is NUL in UTF-8.
    let wide = match start.as_slice() {
        [0, 1..=255, ..] => Some(UTF_16BE),
        [1..=255, 0, ..] => Some(UTF_16LE),
        _ => None,
    };
    if let Some(encoding) = wide.filter(|encoding| check(source, encoding).is_ok()) {
        return Ok(encoding);
    }
    let Err(error) = read_through(source, UTF_8) else { return Ok(UTF_8) };
    // Hebrew of Windows-1255 is UTF-8 by no chance: where some of it is, a byte is broken.
    let other =
        matches!(NotDecoded::of(&error), Some(NotDecoded::Malformed { foreign: false, .. }));
    if !other {
        return Err(refused(error, UTF_8, 1));
    }
    check(source, WINDOWS_1255).map(|()| WINDOWS_1255)
}

/// Whether all of `source` is of `encoding`.
fn check(source: &mut Box<dyn Source>, encoding: &'static Encoding) -> Result<(), Error> {
    read_through(source, encoding).map_err(|error| refused(error, encoding, 1))
}

fn read_through(source: &mut Box<dyn Source>, encoding: &'static Encoding) -> io::Result<()> {
    source.rewind()?;
    io::copy(&mut Decoded::new(source, encoding), &mut io::sink()).map(drop)
}

fn sample(source: &mut Box<dyn Source>, encoding: &'static Encoding) -> Result<String, Error> {
    source.rewind().map_err(Error::Io)?;
    let mut bytes = Vec::new();
    let mut decoded = Decoded::new(source, encoding).take(SAMPLE);
    decoded.read_to_end(&mut bytes).map_err(|error| refused(error, encoding, 1))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The delimiter of Excel's own first line, `sep=;`.
fn named_delimiter(sample: &str) -> Option<u8> {
    let first = sample.lines().next()?.trim_end_matches('\r');
    let named = first.trim_matches('"').strip_prefix("sep=")?;
    match named.as_bytes() {
        [delimiter] if delimiter.is_ascii_punctuation() || *delimiter == b'\t' => Some(*delimiter),
        _ => None,
    }
}

/// The delimiter under which most rows have as many columns as the first; of several the one that
/// makes most columns.
fn guess(sample: &str) -> u8 {
    let score = |delimiter: &u8| {
        let mut rows = reader(sample.as_bytes(), *delimiter);
        let mut row = ByteRecord::new();
        let mut widths = Vec::new();
        while widths.len() < SAMPLE_ROWS && rows.read_byte_record(&mut row).unwrap_or_default() {
            widths.push(row.len());
        }
        let columns = widths.first().copied().unwrap_or_default();
        let alike = widths.iter().filter(|width| **width == columns).count();
        if columns > 1 { (alike, columns) } else { (0, 0) }
    };
    let best = DELIMITERS.iter().rev().max_by_key(|delimiter| score(delimiter));
    best.copied().unwrap_or(b',')
}

/// The rows of a text.
pub(crate) struct TextRecords<'a> {
    csv: csv::Reader<Bounded<Decoded<&'a mut Box<dyn Source>>>>,
    encoding: &'static Encoding,
    line: u64,
}

impl TextRecords<'_> {
    /// The next row, be it empty.
    pub(crate) fn next(&mut self) -> Result<Option<Record>, Error> {
        self.csv.get_mut().mark();
        self.line = self.csv.position().line();
        let mut row = StringRecord::new();
        let read = self.csv.read_record(&mut row).map_err(|error| self.refused(error))?;
        if !read {
            return Ok(None);
        }
        let line = row.position().map_or(self.line, csv::Position::line);
        if row.len() > COLUMNS_MAX {
            return Err(Error::TooManyColumns { line, most: COLUMNS_MAX });
        }
        Ok(Some(Record { line, cells: row.iter().map(str::to_owned).collect() }))
    }

    fn refused(&self, error: csv::Error) -> Error {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => refused(error, self.encoding, self.line),
            // The decoder gives UTF-8, and rows may differ in length: nothing else is left.
            _ => Error::Encoding { line: self.line, encoding: self.encoding.name() },
        }
    }
}

fn refused(error: io::Error, encoding: &'static Encoding, line: u64) -> Error {
    if Exceeded::of(&error).is_some() {
        return Error::RowTooLarge { line, most: ROW_BYTES_MAX };
    }
    match NotDecoded::of(&error) {
        Some(NotDecoded::Malformed { line, .. }) => {
            Error::Encoding { line, encoding: encoding.name() }
        }
        Some(NotDecoded::Nul(line)) => Error::NotText { line },
        None => Error::Io(error),
    }
}

//! A file of contacts that is opened.

use std::{
    fmt,
    fs::File,
    io::{Read, Seek},
    path::Path,
};

use encoding_rs::Encoding;
use jiff::Timestamp;
use masa_intake::{address::Rules, value};

use crate::{
    dates::DateOrder,
    error::Error,
    guess::{Seen, guess, is_somebodys},
    mapping::Mapping,
    record::Record,
    row::Reading,
    rows::{Records, Rows},
    source::{Kind, Source},
    summary::Summary,
    text::Text,
    xlsx::{Limits, Workbook},
};

/// What there is to say about a file.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The country of phones without a country code (ISO 3166-1 alpha-2); without it they are refused.
    pub country: Option<String>,
    /// The order of `02/03/1985`; without it each column tells by itself, or asks.
    pub dates: Option<DateOrder>,
    /// The encoding of a CSV by its name (WHATWG), when it is guessed wrongly.
    pub encoding: Option<String>,
    /// The sheet of a workbook; else its first visible one.
    pub sheet: Option<String>,
    /// Whether spellings of one mailbox are one address. Then that address is imported.
    pub rules: Rules,
    /// What a workbook may take.
    pub limits: Limits,
}

/// How a file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A text with columns.
    Csv {
        /// Its encoding's name (WHATWG).
        encoding: &'static str,
        /// What stands between its columns.
        delimiter: char,
    },
    /// A workbook.
    Xlsx {
        /// The sheet that is read.
        sheet: String,
        /// The other visible ones.
        others: Vec<String>,
    },
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Csv { encoding, delimiter } => {
                write!(f, "CSV, {encoding}, columns between {delimiter:?}")
            }
            Self::Xlsx { sheet, others } if others.is_empty() => write!(f, "XLSX, sheet {sheet}"),
            Self::Xlsx { sheet, others } => {
                write!(f, "XLSX, sheet {sheet}; not read: {}", others.join(", "))
            }
        }
    }
}

enum Format {
    Text(Text),
    Workbook(Box<Workbook>),
}

impl Format {
    fn records(&mut self) -> Result<Records<'_>, Error> {
        Ok(match self {
            Self::Text(text) => Records::Text(text.records()?),
            Self::Workbook(workbook) => Records::Sheet(workbook.records()?),
        })
    }
}

/// A file of contacts.
pub struct ContactsFile {
    format: Format,
    options: Options,
    mapping: Mapping,
    seen: Vec<Seen>,
}

impl ContactsFile {
    /// Opens a CSV or XLSX, whichever it is, and looks through all of it once.
    ///
    /// # Errors
    /// Whatever keeps it from being read at all.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, Error> {
        Self::from_reader(File::open(path).map_err(Error::Io)?, options)
    }

    /// The same for bytes that stand elsewhere.
    ///
    /// # Errors
    /// Whatever keeps them from being read at all.
    pub fn from_reader(
        source: impl Read + Seek + Send + 'static,
        options: Options,
    ) -> Result<Self, Error> {
        if let Some(country) = &options.country {
            value::country(country).map_err(Error::Country)?;
        }
        let mut source: Box<dyn Source> = Box::new(source);
        let mut format = match Kind::of(&mut *source).map_err(Error::Io)? {
            Kind::Zip => {
                let sheet = options.sheet.as_deref();
                Format::Workbook(Box::new(Workbook::open(source, sheet, options.limits)?))
            }
            Kind::Compound => {
                return Err(Error::Workbook(
                    "it is an old .xls, or has a password: save it as .xlsx without one",
                ));
            }
            Kind::Text => {
                let named = options
                    .encoding
                    .as_deref()
                    .map(|name| Encoding::for_label(name.as_bytes()).ok_or(Error::UnknownEncoding));
                Format::Text(Text::open(source, named.transpose()?)?)
            }
        };
        let (headers, seen) = survey(&mut format)?;
        let mapping = guess(&headers, &seen);
        Ok(Self { format, options, mapping, seen })
    }

    /// How it is read.
    pub fn about(&self) -> About {
        match &self.format {
            Format::Text(text) => {
                About::Csv { encoding: text.encoding.name(), delimiter: char::from(text.delimiter) }
            }
            Format::Workbook(workbook) => {
                About::Xlsx { sheet: workbook.sheet.clone(), others: workbook.others.clone() }
            }
        }
    }

    /// What its columns become.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Says otherwise of a column: see [`Mapping::set`].
    ///
    /// # Errors
    /// [`Error::Map`] says what to do.
    pub fn map(&mut self, order: &str) -> Result<(), Error> {
        self.mapping.set(order)
    }

    /// The names of its columns, for [`crate::Rejects`].
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        self.mapping.columns().iter().map(|column| column.header.as_str())
    }

    /// Its rows, from the first; `now` is the latest that a consent can be.
    ///
    /// # Errors
    /// [`Error::DateOrder`] when a column's dates can be read in two ways.
    pub fn rows(&mut self, now: Timestamp) -> Result<Rows<'_>, Error> {
        let mut orders = Vec::new();
        for (index, column) in self.mapping.columns().iter().enumerate() {
            let seen = self.seen.get(index).copied().unwrap_or_default();
            let order = seen.dates.order(self.options.dates);
            if order.is_none() && column.target.is_dated() {
                return Err(Error::DateOrder { column: self.mapping.called(index) });
            }
            orders.push(order.unwrap_or(DateOrder::DayFirst));
        }
        let mut records = self.format.records()?;
        records.next()?;
        let (country, rules) = (self.options.country.as_deref(), self.options.rules);
        let reading = Reading { mapping: &self.mapping, orders, country, rules, now };
        Ok(Rows::new(records, reading))
    }

    /// What an import at `now` would do.
    ///
    /// # Errors
    /// As [`Self::rows`] and its rows have them.
    pub fn summary(&mut self, now: Timestamp) -> Result<Summary, Error> {
        let mut summary = Summary::default();
        for line in self.rows(now)? {
            summary.add(&line?);
        }
        Ok(summary)
    }
}

/// The names of the columns, and what stands in them.
fn survey(format: &mut Format) -> Result<(Vec<String>, Vec<Seen>), Error> {
    let mut records = format.records()?;
    let mut header = records.next()?.ok_or(Error::Empty)?;
    if header.cells.iter().any(|cell| is_somebodys(cell.trim())) {
        return Err(Error::NoHeader { line: header.line });
    }
    while header.cells.last().is_some_and(|cell| cell.trim().is_empty()) {
        header.cells.pop();
    }
    let headers: Vec<String> = header.cells.iter().map(|cell| name_of(cell)).collect();
    let (mut seen, mut row) = (vec![Seen::default(); headers.len()], 0);
    while let Some(Record { cells, .. }) = records.next()? {
        for (seen, cell) in seen.iter_mut().zip(&cells) {
            seen.take(row, cell);
        }
        row += 1;
    }
    Ok((headers, seen))
}

/// A column's name on one line, cut where no name ends.
fn name_of(cell: &str) -> String {
    let short: String = cell.chars().take(200).collect();
    value::name(&short).unwrap_or_default()
}

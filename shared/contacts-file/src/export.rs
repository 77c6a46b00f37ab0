//! Contacts as files: CSV, XLSX and JSON lines.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
};

use jiff::Timestamp;
use masa_domain::{Channel, Consent, Contact, Profile};
use rust_xlsxwriter::{Workbook, XlsxError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{cell, error::Error, guess::OWN, xlsx::plain};

/// How many rows a sheet has, with its header (Excel specifications and limits).
const SHEET_ROWS: u32 = 1_048_576;

/// By which Windows Excel knows UTF-8.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A contact as it is exported.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Exported {
    /// Who.
    #[serde(flatten)]
    pub profile: Profile,
    /// The lists.
    pub lists: BTreeSet<String>,
    /// The store's own fields.
    pub fields: BTreeMap<String, Value>,
    /// The last word by channel. Its evidence stands in JSON lines alone.
    pub consent: BTreeMap<Channel, Consent>,
    /// How many orders.
    pub orders: u32,
    /// What was paid in all, in hundredths, whatever the currencies.
    pub spent: i64,
    /// When the youngest order was made.
    pub last_order_at: Option<Timestamp>,
}

impl From<&Contact> for Exported {
    fn from(contact: &Contact) -> Self {
        Self {
            profile: contact.profile.clone(),
            // What a segment's name stands for is no list.
            lists: contact
                .lists
                .keys()
                .filter(|list| !contact.segments.contains_key(*list))
                .cloned()
                .collect(),
            fields: contact.fields.clone(),
            consent: contact.consent.clone(),
            orders: contact.purchases.orders,
            spent: contact.purchases.spent,
            last_order_at: contact.purchases.last_at,
        }
    }
}

/// The fields that have a column. A table names its columns first, so the contacts are gone through
/// once before; JSON lines need none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(BTreeSet<String>);

impl Fields {
    /// Takes in the fields of a contact.
    pub fn add(&mut self, contact: &Exported) {
        let new = contact.fields.keys().filter(|name| !self.0.contains(*name));
        let new: Vec<String> = new.cloned().collect();
        self.0.extend(new);
    }
}

/// The kind of an exported file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 with a byte order mark and commas. Excel takes phones in it for numbers.
    Csv,
    /// One sheet, of at most 1,048,575 contacts.
    Xlsx,
    /// One JSON object a line.
    JsonLines,
}

/// A file that is being written, a contact at a time. What [`crate::ContactsFile`] reads from a CSV or
/// XLSX is what was written.
pub struct Export<W: Write + Send> {
    fields: Fields,
    to: To<W>,
}

enum To<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Xlsx { book: Box<Workbook>, row: u32, to: W },
    JsonLines(W),
}

/// What stands in a cell.
enum Cell {
    Text(String),
    Number(f64),
}

impl<W: Write + Send> Export<W> {
    /// Begins a file. XLSX goes by a temporary file, which holds its rows meanwhile.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn new(kind: Kind, mut to: W, fields: Fields) -> Result<Self, Error> {
        let header = header(&fields);
        let to = match kind {
            Kind::Csv => {
                to.write_all(BYTE_ORDER_MARK).map_err(Error::Write)?;
                let mut csv = csv::Writer::from_writer(to);
                csv.write_record(&header).map_err(from_csv)?;
                To::Csv(Box::new(csv))
            }
            Kind::Xlsx => {
                let mut book = Box::new(Workbook::new());
                let sheet = book.add_worksheet_with_constant_memory().map_err(from_xlsx)?;
                for (column, name) in (0..).zip(&header) {
                    sheet.write_string(0, column, name).map_err(from_xlsx)?;
                }
                To::Xlsx { book, row: 0, to }
            }
            Kind::JsonLines => To::JsonLines(to),
        };
        Ok(Self { fields, to })
    }

    /// Writes a contact.
    ///
    /// # Errors
    /// [`Error::Write`], or [`Error::TooLarge`] when a sheet has no more rows.
    pub fn write(&mut self, contact: &Exported) -> Result<(), Error> {
        let cells = || cells(contact, &self.fields);
        match &mut self.to {
            To::Csv(csv) => {
                let texts = cells().into_iter().map(|cell| match cell {
                    Cell::Text(text) => text,
                    Cell::Number(number) => plain(number),
                });
                csv.write_record(texts).map_err(from_csv)
            }
            To::Xlsx { book, row, .. } => {
                *row += 1;
                if *row >= SHEET_ROWS {
                    let most = format!("{SHEET_ROWS} rows");
                    return Err(Error::TooLarge { what: "the sheet", most });
                }
                let sheet = book.worksheet_from_index(0).map_err(from_xlsx)?;
                for (column, cell) in (0..).zip(cells()) {
                    match cell {
                        Cell::Text(text) if text.is_empty() => continue,
                        Cell::Text(text) => sheet.write_string(*row, column, text),
                        Cell::Number(number) => sheet.write_number(*row, column, number),
                    }
                    .map_err(from_xlsx)?;
                }
                Ok(())
            }
            To::JsonLines(to) => {
                serde_json::to_writer(&mut *to, contact)
                    .map_err(|error| Error::Write(error.into()))?;
                to.write_all(b"\n").map_err(Error::Write)
            }
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn finish(self) -> Result<(), Error> {
        match self.to {
            To::Csv(mut csv) => csv.flush().map_err(Error::Write),
            To::Xlsx { mut book, mut to, .. } => {
                book.save_to_writer(&mut to).map_err(from_xlsx)?;
                to.flush().map_err(Error::Write)
            }
            To::JsonLines(mut to) => to.flush().map_err(Error::Write),
        }
    }
}

fn header(fields: &Fields) -> Vec<String> {
    let fixed = [
        "email",
        "phone",
        "first_name",
        "last_name",
        "language",
        "timezone",
        "country",
        "lists",
        "consent_email",
        "consent_email_at",
        "consent_sms",
        "consent_sms_at",
    ];
    let own = ["orders", "spent", "last_order_at"];
    let fixed = fixed.into_iter().map(str::to_owned);
    let fields = fields.0.iter().map(|name| format!("field:{name}"));
    fixed.chain(fields).chain(own.iter().map(|name| format!("{OWN}{name}"))).collect()
}

fn cells(contact: &Exported, fields: &Fields) -> Vec<Cell> {
    let profile = &contact.profile;
    let mut cells: Vec<Cell> = [
        &profile.email,
        &profile.phone,
        &profile.first_name,
        &profile.last_name,
        &profile.language,
        &profile.timezone,
        &profile.country,
    ]
    .into_iter()
    .map(|entry| shown(entry.as_deref().unwrap_or_default()))
    .collect();
    cells.push(shown(&contact.lists.iter().map(String::as_str).collect::<Vec<_>>().join(", ")));
    for channel in Channel::ALL {
        let consent = contact.consent.get(&channel);
        let granted = |consent: &Consent| consent.answer == masa_domain::Answer::Granted;
        let said = consent.map_or("", |said| if granted(said) { "yes" } else { "no" });
        cells.push(shown(said));
        cells.push(shown(&consent.map(|consent| consent.at.to_string()).unwrap_or_default()));
    }
    let values = fields.0.iter().map(|name| contact.fields.get(name).unwrap_or(&Value::Null));
    cells.extend(values.map(of_field));
    cells.push(Cell::Number(contact.orders.into()));
    cells.push(money(contact.spent));
    cells.push(shown(&contact.last_order_at.map(|at| at.to_string()).unwrap_or_default()));
    cells
}

fn shown(text: &str) -> Cell {
    Cell::Text(cell::safe(text))
}

/// A number is one in the sheet too, as far as it is read back as the same.
fn of_field(value: &Value) -> Cell {
    match value {
        Value::Null => shown(""),
        Value::Number(number) => {
            let text = number.to_string();
            let same = number.as_f64().filter(|number| plain(*number) == text);
            same.map_or_else(|| shown(&text), Cell::Number)
        }
        value => shown(&cell::text(value)),
    }
}

fn money(hundredths: i64) -> Cell {
    let sign = if hundredths < 0 { "-" } else { "" };
    let whole = hundredths.unsigned_abs();
    shown(&format!("{sign}{}.{:02}", whole / 100, whole % 100))
}

fn from_csv(error: csv::Error) -> Error {
    Error::Write(error.into())
}

fn from_xlsx(error: XlsxError) -> Error {
    Error::Write(match error {
        XlsxError::IoError(error) => error,
        other => std::io::Error::other(other),
    })
}

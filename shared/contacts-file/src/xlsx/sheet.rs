//! A sheet's rows.

use quick_xml::events::{BytesStart, Event};

use super::{
    FilePart,
    part::{Collected, attribute},
    strings::Strings,
    styles::Styles,
};
use crate::{
    error::Error,
    record::{COLUMNS_MAX, ROW_BYTES_MAX, Record},
};

/// The most rows that a sheet has, empty ones too
/// (<https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3>).
const ROWS_MAX: u64 = 1_048_576;

/// The rows of a sheet.
pub(crate) struct SheetRecords<'a> {
    part: FilePart<'a>,
    strings: &'a Strings,
    styles: &'a Styles,
    rows: u64,
    line: u64,
    text: Collected,
}

/// A cell that is being read.
struct Cell {
    column: usize,
    /// The attribute `t`: how its text is to be taken.
    kind: String,
    style: usize,
}

impl<'a> SheetRecords<'a> {
    pub(super) fn new(part: FilePart<'a>, strings: &'a Strings, styles: &'a Styles) -> Self {
        Self { part, strings, styles, rows: 0, line: 0, text: Collected::default() }
    }

    /// The next row, be it empty.
    pub(crate) fn next(&mut self) -> Result<Option<Record>, Error> {
        let (mut cells, mut cell, mut bytes) = (Vec::new(), None, 0);
        loop {
            let event = self.part.next()?;
            self.text.take(&event)?;
            match event {
                Event::Start(start) => match start.local_name().as_ref() {
                    "row" => {
                        self.rows += 1;
                        let told = attribute(&start, "r").and_then(|line| line.parse().ok());
                        let told = told.filter(|line| *line > 0);
                        self.line = told.unwrap_or(self.line.saturating_add(1));
                        cells.clear();
                    }
                    "c" => {
                        self.text.clear();
                        cell = Some(Cell::new(&start, cells.len()));
                    }
                    _ => {}
                },
                Event::End(end) => match end.local_name().as_ref() {
                    "c" => {
                        let Some(cell) = cell.take() else { continue };
                        let text = self.value(&cell)?;
                        bytes += text.len() as u64;
                        put(&mut cells, cell.column, text, self.line)?;
                    }
                    "row" if self.rows > ROWS_MAX => {
                        return Err(self.part.too_large(&format!("{ROWS_MAX} rows")));
                    }
                    "row" => return Ok(Some(Record { line: self.line, cells })),
                    "sheetData" => return Ok(None),
                    _ => {}
                },
                Event::Eof => {
                    return Err(Error::Workbook("its sheet is cut short: fetch it again"));
                }
                _ => {}
            }
            if bytes.max(self.text.text.len() as u64) > ROW_BYTES_MAX {
                return Err(Error::RowTooLarge { line: self.line, most: ROW_BYTES_MAX });
            }
        }
    }

    /// What a cell shows. An error (`#N/A`) is an empty cell.
    fn value(&self, cell: &Cell) -> Result<String, Error> {
        let text = self.text.text.as_str();
        Ok(match cell.kind.as_str() {
            "s" if text.is_empty() => String::new(),
            "s" => {
                let entry = text.trim().parse().ok().and_then(|index| self.strings.get(index));
                entry.ok_or(Error::Workbook("a cell refers to a text that isn't there"))?.to_owned()
            }
            "b" => if text.trim() == "1" { "true" } else { "false" }.to_owned(),
            "e" => String::new(),
            "inlineStr" | "str" => self.text.unescaped(),
            "d" => text.trim().to_owned(),
            _ => match text.trim().parse::<f64>() {
                Ok(number) => self.styles.text(cell.style, number),
                Err(_) => text.to_owned(),
            },
        })
    }
}

impl Cell {
    /// A cell without a place of its own follows the one before.
    fn new(start: &BytesStart<'_>, next: usize) -> Self {
        let column = attribute(start, "r").and_then(|place| column(&place)).unwrap_or(next);
        let style = attribute(start, "s").and_then(|style| style.parse().ok()).unwrap_or_default();
        Self { column, kind: attribute(start, "t").unwrap_or_default(), style }
    }
}

/// The number of a column, from 0: `B7` is in 1.
fn column(place: &str) -> Option<usize> {
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic);
    let number = letters.fold(0_usize, |number, letter| {
        let digit = usize::from(letter.to_ascii_uppercase() - b'A');
        number.saturating_mul(26).saturating_add(digit + 1)
    });
    number.checked_sub(1)
}

/// Puts a text into its column. An empty cell far to the right (a format, a stray touch) is nothing.
fn put(cells: &mut Vec<String>, column: usize, text: String, line: u64) -> Result<(), Error> {
    if column >= COLUMNS_MAX {
        return if text.is_empty() {
            Ok(())
        } else {
            Err(Error::TooManyColumns { line, most: COLUMNS_MAX })
        };
    }
    if cells.len() <= column {
        cells.resize(column + 1, String::new());
    }
    if let Some(cell) = cells.get_mut(column) {
        *cell = text;
    }
    Ok(())
}

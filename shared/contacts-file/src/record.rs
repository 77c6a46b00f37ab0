//! A row as it stands in its file.

/// The most that a row may take, in bytes of its text. A contact's fields take at most 48 KiB.
pub(crate) const ROW_BYTES_MAX: u64 = 1024 * 1024;

/// The most columns; the widest exports have some hundred.
pub(crate) const COLUMNS_MAX: usize = 1_000;

/// A row of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its line in the file, or its row in the sheet, from 1.
    pub(crate) line: u64,
    /// Its cells.
    pub(crate) cells: Vec<String>,
}

impl Record {
    /// Whether nothing stands in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

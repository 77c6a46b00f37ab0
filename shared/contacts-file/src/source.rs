//! What a file is read from, and of which kind it is.

use std::io::{self, Read, Seek};

/// Bytes that can be read several times: once to find out how, once to look, once to import.
pub(crate) trait Source: Read + Seek + Send {}

impl<T: Read + Seek + Send> Source for T {}

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A zip, which is what .xlsx is.
    Zip,
    /// What .xls was, and what an .xlsx with a password is.
    Compound,
    /// Anything else is text until it shows not to be.
    Text,
}

impl Kind {
    /// Looks at the start of `source`.
    pub(crate) fn of(source: &mut dyn Source) -> io::Result<Self> {
        let mut start = Vec::new();
        source.rewind()?;
        source.take(4).read_to_end(&mut start)?;
        Ok(match start.as_slice() {
            [b'P', b'K', 3, 4] | [b'P', b'K', 5, 6] => Self::Zip,
            [0xD0, 0xCF, 0x11, 0xE0] => Self::Compound,
            _ => Self::Text,
        })
    }
}

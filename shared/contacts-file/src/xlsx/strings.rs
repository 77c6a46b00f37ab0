//! The table of texts, to which cells refer by number.

use std::io::Read;

use quick_xml::events::Event;

use super::part::{Collected, Part};
use crate::error::Error;

/// The most texts: a million contacts with eight of their own each.
const TEXTS_MAX: usize = 8_000_000;

/// All texts in one, and where each ends.
#[derive(Default)]
pub(super) struct Strings {
    text: String,
    ends: Vec<usize>,
}

impl Strings {
    /// Reads the table.
    pub(super) fn read(mut part: Part<impl Read>) -> Result<Self, Error> {
        let (mut strings, mut entry) = (Self::default(), Collected::default());
        loop {
            let event = part.next()?;
            entry.take(&event)?;
            match event {
                Event::Start(start) if start.local_name().as_ref() == "si" => entry.clear(),
                Event::End(end) if end.local_name().as_ref() == "si" => {
                    strings.text.push_str(&entry.unescaped());
                    strings.ends.push(strings.text.len());
                    if strings.ends.len() > TEXTS_MAX {
                        return Err(part.too_large(&format!("{TEXTS_MAX} texts")));
                    }
                }
                Event::End(end) if end.local_name().as_ref() == "sst" => return Ok(strings),
                Event::Eof => return Err(Error::Workbook("its table of texts is cut short")),
                _ => {}
            }
        }
    }

    /// The text of a number.
    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let begins = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(begins..*self.ends.get(index)?)
    }
}

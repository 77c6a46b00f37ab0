//! One XML file of a workbook, event by event.

use std::io::{BufReader, Read};

use quick_xml::{
    XmlVersion,
    events::{BytesRef, BytesStart, Event},
};

use super::{in_words, too_large};
use crate::{
    bounded::{Bounded, Exceeded},
    error::Error,
    record::ROW_BYTES_MAX,
};

/// What is wrong with XML that isn't any.
const BROKEN: Error = Error::Workbook("one of its parts is damaged: save it again as .xlsx");

/// What an element of XML takes at least, on the average of the largest part, in bytes. A cell and its
/// value take more; empty ones take less, and would be read for minutes.
const ELEMENT_BYTES: u64 = 16;

/// An XML file.
pub(super) struct Part<R> {
    xml: quick_xml::Reader<BufReader<Bounded<R>>>,
    buffer: Vec<u8>,
    what: &'static str,
    bytes_max: u64,
    elements: u64,
}

impl<R: Read> Part<R> {
    /// Reads `inner`, which is called `what` and may take `bytes_max`.
    pub(super) fn new(inner: R, what: &'static str, bytes_max: u64) -> Self {
        let bounded = Bounded::new(inner, ROW_BYTES_MAX, bytes_max);
        let mut xml = quick_xml::Reader::from_reader(BufReader::new(bounded));
        xml.config_mut().expand_empty_elements = true;
        Self { xml, buffer: Vec::new(), what, bytes_max, elements: 0 }
    }

    /// The next event.
    pub(super) fn next(&mut self) -> Result<Event<'_>, Error> {
        self.xml.get_mut().get_mut().mark();
        self.buffer.clear();
        let event = self.xml.read_event_into(&mut self.buffer).map_err(|error| {
            let exceeded = match &error {
                quick_xml::Error::Io(error) => Exceeded::of(error),
                _ => None,
            };
            match exceeded {
                Some(Exceeded::Item) => {
                    Error::TooLarge { what: "one cell", most: "1 MiB".to_owned() }
                }
                Some(Exceeded::Total) => too_large(self.what, &in_words(self.bytes_max)),
                None => BROKEN,
            }
        })?;
        match event {
            Event::DocType(_) => Err(Error::Workbook(
                "it declares a document type, which no spreadsheet program does: save it again",
            )),
            Event::Start(_) => {
                self.elements += 1;
                let most = self.bytes_max / ELEMENT_BYTES;
                if self.elements > most {
                    return Err(too_large(self.what, &format!("{most} elements")));
                }
                Ok(event)
            }
            event => Ok(event),
        }
    }

    /// That this part holds more than it may.
    pub(super) fn too_large(&self, most: &str) -> Error {
        too_large(self.what, most)
    }

    /// Shows all elements to `see`.
    pub(super) fn each_start(&mut self, mut see: impl FnMut(&BytesStart<'_>)) -> Result<(), Error> {
        loop {
            match self.next()? {
                Event::Start(start) => see(&start),
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }
}

/// An attribute by its name without a prefix.
pub(super) fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = start.attributes();
    let mut readable = attributes.with_checks(false).flatten();
    let found = readable.find(|attribute| attribute.key.local_name().as_ref() == name)?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}

/// Collects the text of a cell or of an entry of the table: what stands in `t` or `v`, but not the
/// reading aids of `rPh`.
#[derive(Default)]
pub(super) struct Collected {
    /// What was collected.
    pub(super) text: String,
    within: bool,
    aside: bool,
}

impl Collected {
    /// Begins anew.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.within = false;
        self.aside = false;
    }

    /// Takes in what an event tells.
    pub(super) fn take(&mut self, event: &Event<'_>) -> Result<(), Error> {
        match event {
            Event::Start(start) => self.turn(start.local_name().as_ref(), true),
            Event::End(end) => self.turn(end.local_name().as_ref(), false),
            Event::Text(text) if self.counts() => self.text.push_str(&text.xml10_content()),
            Event::CData(text) if self.counts() => self.text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) if self.counts() => self.text.push(character(reference)?),
            _ => {}
        }
        Ok(())
    }

    fn turn(&mut self, name: &str, on: bool) {
        match name {
            "t" | "v" => self.within = on,
            "rPh" => self.aside = on,
            _ => {}
        }
    }

    fn counts(&self) -> bool {
        self.within && !self.aside
    }

    /// The text with the characters that XML can't hold, which are written as `_x000D_`
    /// (ECMA-376-1, 22.9.2.19).
    pub(super) fn unescaped(&self) -> String {
        let mut text = String::with_capacity(self.text.len());
        let mut rest = self.text.as_str();
        while let Some(at) = rest.find("_x") {
            let (before, from) = rest.split_at(at);
            text.push_str(before);
            let escaped = from.get(2..6).filter(|_| from.get(6..7) == Some("_"));
            let code = escaped.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
            let c = code.and_then(|digits| u32::from_str_radix(digits, 16).ok());
            let (c, taken) = c.and_then(char::from_u32).map_or(('_', 1), |c| (c, 7));
            text.push(c);
            rest = from.get(taken..).unwrap_or_default();
        }
        text.push_str(rest);
        text
    }
}

/// The character that a reference means; only XML's own five names and numbers do.
fn character(reference: &BytesRef<'_>) -> Result<char, Error> {
    let named = match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => reference.resolve_char_ref().map_err(|_| BROKEN)?,
    };
    named.ok_or(BROKEN)
}

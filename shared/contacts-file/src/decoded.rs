//! Bytes of any encoding as UTF-8, piece by piece.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding};

/// How many bytes are decoded at once.
const PIECE: usize = 16 * 1024;

/// Where a text stops being one; stands within an [`io::Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotDecoded {
    /// Bytes that the encoding has no character for.
    #[error("line {line} can't be decoded")]
    Malformed {
        /// Where.
        line: u64,
        /// Whether characters beyond ASCII could be read before.
        foreign: bool,
    },
    /// A NUL.
    #[error("line {0} holds a NUL")]
    Nul(u64),
}

impl NotDecoded {
    /// What stopped the reader that failed like this.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

/// Reads `R` as text of an encoding.
pub(crate) struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    bytes: Box<[u8]>,
    text: String,
    delivered: usize,
    line: u64,
    foreign: bool,
    ended: bool,
}

impl<R: Read> Decoded<R> {
    /// Reads from here. A byte order mark of the encoding is left out.
    pub(crate) fn new(inner: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        let bytes = vec![0; PIECE].into_boxed_slice();
        let text = String::new();
        Self { inner, decoder, bytes, text, delivered: 0, line: 1, foreign: false, ended: false }
    }

    fn refill(&mut self) -> io::Result<()> {
        let read = self.inner.read(&mut self.bytes)?;
        let piece = self.bytes.get(..read).unwrap_or_default();
        self.ended = piece.is_empty();
        self.text.clear();
        self.delivered = 0;
        let room = self.decoder.max_utf8_buffer_length_without_replacement(read);
        self.text.reserve(room.unwrap_or_default());
        let (result, _) =
            self.decoder.decode_to_string_without_replacement(piece, &mut self.text, self.ended);
        if let Some((before, _)) = self.text.split_once('\0') {
            return Err(io::Error::other(NotDecoded::Nul(self.line + lines(before))));
        }
        self.line += lines(&self.text);
        self.foreign |= !self.text.is_ascii();
        match result {
            DecoderResult::InputEmpty => Ok(()),
            DecoderResult::Malformed(..) | DecoderResult::OutputFull => {
                let (line, foreign) = (self.line, self.foreign);
                Err(io::Error::other(NotDecoded::Malformed { line, foreign }))
            }
        }
    }
}

fn lines(text: &str) -> u64 {
    text.bytes().map(|byte| u64::from(byte == b'\n')).sum()
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.delivered == self.text.len() && !self.ended {
            self.refill()?;
        }
        let mut left = self.text.as_bytes().get(self.delivered..).unwrap_or_default();
        let read = left.read(to)?;
        self.delivered += read;
        Ok(read)
    }
}

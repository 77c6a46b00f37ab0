//! A reader that delivers no more than it may, so that no file decides how much memory is taken.

use std::io::{self, Read};

/// What a reader was stopped by; stands within an [`io::Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Exceeded {
    /// More bytes since the last [`Bounded::mark`] than one row or one XML tag may take.
    #[error("one part is too large")]
    Item,
    /// More bytes in all.
    #[error("all of it is too large")]
    Total,
}

impl Exceeded {
    /// What stopped the reader that failed like this.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

/// Counts what is read through it.
pub(crate) struct Bounded<R> {
    inner: R,
    item_max: u64,
    left: u64,
    item: u64,
}

impl<R: Read> Bounded<R> {
    /// At most `total_max` bytes in all, and `item_max` between two marks. Whoever buffers what is read
    /// here has marked only what it consumed: the bound is exact to its buffer.
    pub(crate) fn new(inner: R, item_max: u64, total_max: u64) -> Self {
        Self { inner, item_max, left: total_max, item: 0 }
    }

    /// Here the next part begins.
    pub(crate) fn mark(&mut self) {
        self.item = 0;
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.item > self.item_max {
            return Err(io::Error::other(Exceeded::Item));
        }
        let read = self.inner.read(to)?;
        let bytes = u64::try_from(read).unwrap_or(u64::MAX);
        self.item = self.item.saturating_add(bytes);
        self.left =
            self.left.checked_sub(bytes).ok_or_else(|| io::Error::other(Exceeded::Total))?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{Bounded, Exceeded};

    #[test]
    fn no_more_comes_out_than_may() {
        let mut piece = [0; 4];
        let mut bounded = Bounded::new(std::io::repeat(1), 6, 10);
        let mut read = |mark| {
            if mark {
                bounded.mark();
            }
            bounded.read(&mut piece).map_err(|error| Exceeded::of(&error))
        };
        assert!(matches!(read(true), Ok(4)));
        assert!(matches!(read(false), Ok(4)), "the bound is exact to what is buffered");
        assert!(matches!(read(false), Err(Some(Exceeded::Item))));
        assert!(matches!(read(true), Err(Some(Exceeded::Total))));
    }
}

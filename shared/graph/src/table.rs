//! Lists that are asked by number. Numbers of this crate are always within; one that is not gives the
//! type's default.

/// A list by numbers.
#[derive(Debug, Default)]
pub(crate) struct Table<T>(Vec<T>);

impl<T: Clone + Default> Table<T> {
    pub(crate) fn new(len: usize) -> Self {
        Self(vec![T::default(); len])
    }

    pub(crate) fn filled(len: usize, value: T) -> Self {
        Self(vec![value; len])
    }

    pub(crate) fn set(&mut self, at: usize, value: T) {
        if let Some(slot) = self.0.get_mut(at) {
            *slot = value;
        }
    }

    /// The value, which is taken out.
    pub(crate) fn take(&mut self, at: usize) -> T {
        self.0.get_mut(at).map(std::mem::take).unwrap_or_default()
    }
}

impl<T: Copy + Default> Table<T> {
    pub(crate) fn get(&self, at: usize) -> T {
        self.0.get(at).copied().unwrap_or_default()
    }
}

impl<T> Table<T> {
    /// The value that stands at a number.
    pub(crate) fn at(&self, at: usize) -> Option<&T> {
        self.0.get(at)
    }
}

impl<T> Table<Vec<T>> {
    /// The list that stands at a number.
    pub(crate) fn list(&self, at: usize) -> &[T] {
        self.0.get(at).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn push(&mut self, at: usize, value: T) {
        if let Some(list) = self.0.get_mut(at) {
            list.push(value);
        }
    }
}

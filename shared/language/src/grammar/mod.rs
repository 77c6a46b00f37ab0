//! The language as tables: every key, what it takes and what it means.
//!
//! The reader takes the keys that it knows from here, the schemas of editors and `REFERENCE.md` are
//! printings of it. A new key, step, condition, happening or line of a test is a row here and an arm
//! of the reader.

mod condition;
mod directory;
mod flow;
mod happening;
mod line;
mod shop;
mod step;
mod values;

#[cfg(test)]
mod tests;

pub(crate) use condition::{CONDITION, FIELD_TEST, TESTS};
pub(crate) use directory::{CAP, PERSON, QUESTION};
pub(crate) use flow::{ENTRY, FLOW, GOAL, SEND};
pub(crate) use happening::HAPPENING;
pub(crate) use line::{BUY, CLICK, EVENT_SENT, FORM_FILLED, LINE, SYSTEM_ANSWERS, TEST, TEST_FILE};
pub(crate) use shop::{FORM, PRODUCT, SHOP};
pub(crate) use step::{STEP, WAIT_UNTIL, WAY, WINNER};
pub(crate) use values::{Plain, VALUES};

/// A mapping of the language.
pub(crate) struct Node {
    /// Its name, in the schemas and in the reference.
    pub name: &'static str,
    /// What it is.
    pub says: &'static str,
    /// Its keys; beside any head when there are heads.
    pub keys: &'static [Key],
    /// The keys of which one tells what the whole mapping is; any mapping is the same without them. A
    /// key that tells by its word stands here once for each meaning.
    pub heads: &'static [Head],
    /// Heads that it has as another.
    pub also: Option<Also>,
    /// A mapping with all its keys, when it has no heads.
    pub example: &'static str,
}

/// The heads of another node.
pub(crate) struct Also {
    pub node: &'static Node,
    /// What stands beside them here.
    pub beside: &'static [Key],
}

/// A key that tells what the mapping is, in which it stands.
pub(crate) struct Head {
    pub key: Key,
    /// What may stand beside it.
    pub beside: &'static [Key],
    /// Mappings in which all of that occurs.
    pub examples: &'static [&'static str],
}

/// A key.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    pub name: &'static str,
    pub takes: Takes,
    pub need: Need,
    /// What it means.
    pub says: &'static str,
    /// Its rows in the list of what the product must be able to do, such as `T1`.
    pub rows: &'static str,
}

/// Whether a key must be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Must,
    /// With what holds when it is left out, where that can be written.
    May(&'static str),
    /// One of those that are marked so.
    One,
    /// One of those that are marked so, or none.
    OneOrNone,
}

/// What may stand behind a key.
#[derive(Clone, Copy)]
pub(crate) enum Takes {
    Plain(&'static Plain),
    /// One of these words.
    Words(&'static [&'static str]),
    /// One of the holidays that are known.
    Holiday,
    /// `true`, which says nothing more.
    True,
    Nothing,
    /// Whatever JSON can hold.
    Json,
    Either(&'static [Takes]),
    /// So many at least.
    List(&'static Takes, usize),
    Map(&'static Map),
    Node(&'static Node),
}

/// A mapping whose keys are the store's own.
pub(crate) struct Map {
    /// What its keys are.
    pub names: &'static Plain,
    pub of: Takes,
    /// How many at least, and at most.
    pub count: (usize, Option<usize>),
}

impl Node {
    /// What a table row leaves out.
    const BASE: Self = Self { name: "", says: "", keys: &[], heads: &[], also: None, example: "" };

    /// The names of its own heads.
    pub(crate) fn heads(&self) -> Vec<&'static str> {
        self.heads.iter().map(|head| head.key.name).collect()
    }

    /// The names of its keys.
    pub(crate) fn keys(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.name).collect()
    }

    /// The head of this name and all that may stand beside it, as names.
    pub(crate) fn known(&self, head: &str) -> Vec<&'static str> {
        let mut names = Vec::new();
        for (head, beside) in self.branches().iter().filter(|(known, _)| known.key.name == head) {
            for key in std::iter::once(&head.key).chain(beside.iter().copied()) {
                if !names.contains(&key.name) {
                    names.push(key.name);
                }
            }
        }
        names
    }

    /// Whether a key stands beside some of its own heads.
    pub(crate) fn has_beside(&self, key: &str) -> bool {
        let beside = self.heads.iter().flat_map(|head| head.beside);
        self.keys.iter().chain(beside).any(|known| known.name == key)
    }

    /// Each head, and what stands beside it here. Its own come before those of another node.
    pub(crate) fn branches(&self) -> Vec<(&'static Head, Vec<&'static Key>)> {
        let with = |head: &'static Head, here: &'static [Key]| {
            (head, head.beside.iter().chain(here).chain(self.keys).collect())
        };
        let own = self.heads.iter().map(|head| with(head, &[]));
        let is_own = |head: &Head| self.heads.iter().any(|own| own.key.name == head.key.name);
        let also = self.also.iter().flat_map(|also| {
            also.node.heads.iter().filter(|head| !is_own(head)).map(|head| with(head, also.beside))
        });
        own.chain(also).collect()
    }
}

impl Head {
    const fn new(key: Key, beside: &'static [Key], examples: &'static [&'static str]) -> Self {
        Self { key: key.must(), beside, examples }
    }
}

impl Key {
    /// A key that may be left out.
    const fn new(name: &'static str, takes: Takes, says: &'static str) -> Self {
        Self { name, takes, need: Need::May(""), says, rows: "" }
    }

    const fn must(self) -> Self {
        self.need(Need::Must)
    }

    /// What holds when it is left out.
    const fn or(self, value: &'static str) -> Self {
        self.need(Need::May(value))
    }

    const fn need(mut self, need: Need) -> Self {
        self.need = need;
        self
    }

    const fn rows(mut self, rows: &'static str) -> Self {
        self.rows = rows;
        self
    }
}

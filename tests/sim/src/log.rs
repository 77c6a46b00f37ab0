//! What the functions log: counted by their words, and searched for addresses.

use std::{
    collections::BTreeMap,
    fmt::{Debug, Write as _},
    sync::{Mutex, MutexGuard, Once, PoisonError},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::mirror::is_personal;

static SEEN: Mutex<Seen> = Mutex::new(Seen { marks: BTreeMap::new(), personal: None });
static ONCE: Once = Once::new();

struct Seen {
    marks: BTreeMap<String, u64>,
    personal: Option<String>,
}

fn seen() -> MutexGuard<'static, Seen> {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to listen, once in the process.
pub(crate) fn listen() {
    ONCE.call_once(|| {
        // Another listener would be the test's own; then nothing is counted, and the test that looks
        // for marks says so.
        let _ = tracing::subscriber::set_global_default(Listener);
    });
}

/// How often each guard of the code was hit, in the words that it logs.
pub fn marks() -> BTreeMap<String, u64> {
    seen().marks.clone()
}

/// A line that tells who somebody is, if there was one.
pub(crate) fn personal() -> Option<String> {
    seen().personal.clone()
}

struct Listener;

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::DEBUG && metadata.target().starts_with("masa_")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let mut mark = line.message;
        if let Some(verdict) = line.verdict {
            let _ = write!(mark, ": {verdict}");
        }
        let mut seen = seen();
        if is_personal(&line.all) || is_personal(&mark) {
            seen.personal = Some(format!("{mark} {}", line.all));
        }
        *seen.marks.entry(mark).or_default() += 1;
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Line {
    message: String,
    verdict: Option<String>,
    all: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        match field.name() {
            "message" => self.message = text,
            "verdict" | "outcome" => self.verdict = Some(text.trim_matches('"').to_owned()),
            name => {
                let _ = write!(self.all, "{name}={text} ");
            }
        }
    }
}

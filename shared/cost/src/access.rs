//! The access patterns, as data: what each thing that a function does asks of AWS. The table stands in
//! ARCHITECTURE.md, and the tests of the stack hold the functions to it.

use serde::Serialize;

/// Something that is done, with a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// A hook or form stores a fact.
    Hook,
    /// A hook brings a refusal of one channel, beside that.
    Refusal,
    /// A decision upon a fact.
    Fact,
    /// A fact that was applied before.
    RepeatedFact,
    /// A decision upon a message's outcome.
    Outcome,
    /// A decision upon a wait that is over.
    Wake,
    /// A decision upon a first reading.
    Reading,
    /// A decision asks for a run's messages, beside that.
    Asking,
    /// A mail is sent.
    Mail,
    /// A text is sent.
    Text,
    /// A message is skipped.
    Skipped,
    /// A number's own refusals are looked up, beside that.
    Number,
    /// SES tells something of a mail.
    Feedback,
    /// SES tells that a mail came back for good, or was called spam.
    Suppression,
    /// A settled message changed, and nothing follows.
    Nothing,
    /// A pixel.
    Pixel,
    /// A click.
    Click,
    /// An unsubscribe.
    Unsubscribe,
    /// A message goes to its queue.
    Sends,
    /// A wait below the queue's longest delay begins.
    WaitsShortly,
    /// A longer wait begins.
    WaitsLong,
    /// A schedule fires.
    Fires,
    /// A wake is forgotten.
    Forgets,
    /// A run leaves the index of those that wait.
    Ends,
}

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Called {
    /// By the HTTP API.
    Http,
    /// By the table's stream.
    Stream,
    /// By a queue, whose message is received and deleted for it.
    Queue,
    /// It is part of another call.
    Within,
}

/// What a pattern asks of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Row {
    /// Which.
    pub pattern: Pattern,
    /// How its function is called.
    pub called: Called,
    /// For how many milliseconds, by assumption: warm, with 256 MB.
    pub ms: u32,
    /// The calls that the function makes: service, operation, how often. A meter sees these.
    pub calls: &'static [(&'static str, &'static str, u32)],
    /// Calls that AWS makes for it, and bills.
    pub beyond: &'static [(&'static str, &'static str, u32)],
    /// Write units, without those of the contact's state.
    pub writes: u32,
    /// Read units.
    pub reads: u32,
    /// Whether it writes the contact's state.
    pub state: bool,
}

const DB: &str = "dynamodb";
const PUT: (&str, &str, u32) = (DB, "PutItem", 1);
const UPDATE: (&str, &str, u32) = (DB, "UpdateItem", 1);
const QUERY: (&str, &str, u32) = (DB, "Query", 1);
const ENQUEUE: (&str, &str, u32) = ("sqs", "SendMessage", 1);
const PUBLISHED: (&str, &str, u32) = ("sns", "Publish to a topic", 1);

const NONE: Row = Row {
    pattern: Pattern::Nothing,
    called: Called::Within,
    ms: 0,
    calls: &[],
    beyond: &[],
    writes: 0,
    reads: 0,
    state: false,
};

const fn http(pattern: Pattern) -> Row {
    Row { pattern, called: Called::Http, ms: 10, calls: &[UPDATE], writes: 1, ..NONE }
}

const fn decision(pattern: Pattern, called: Called) -> Row {
    Row { pattern, called, ms: 25, calls: &[QUERY, PUT], reads: 1, state: true, ..NONE }
}

const fn deliver(pattern: Pattern, calls: &'static [(&'static str, &'static str, u32)]) -> Row {
    Row { pattern, called: Called::Queue, ms: 100, calls, writes: 2, reads: 1, ..NONE }
}

const fn within(pattern: Pattern, calls: &'static [(&'static str, &'static str, u32)]) -> Row {
    Row { pattern, calls, ..NONE }
}

/// The table.
pub const PATTERNS: &[Row] = &[
    Row { calls: &[PUT], ..http(Pattern::Hook) },
    Row { writes: 1, ..within(Pattern::Refusal, &[UPDATE]) },
    decision(Pattern::Fact, Called::Stream),
    Row { calls: &[QUERY], state: false, ..decision(Pattern::RepeatedFact, Called::Stream) },
    decision(Pattern::Outcome, Called::Stream),
    decision(Pattern::Wake, Called::Queue),
    decision(Pattern::Reading, Called::Stream),
    Row { reads: 1, ..within(Pattern::Asking, &[QUERY]) },
    deliver(Pattern::Mail, &[PUT, QUERY, ("ses", "SendEmail", 1), UPDATE]),
    deliver(Pattern::Text, &[PUT, QUERY, ("sns", "Publish", 1), UPDATE]),
    Row { ms: 30, ..deliver(Pattern::Skipped, &[PUT, QUERY, UPDATE]) },
    Row { reads: 1, ..within(Pattern::Number, &[(DB, "GetItem", 1)]) },
    Row {
        pattern: Pattern::Feedback,
        called: Called::Queue,
        ms: 10,
        calls: &[UPDATE],
        beyond: &[PUBLISHED],
        writes: 1,
        ..NONE
    },
    Row {
        pattern: Pattern::Suppression,
        called: Called::Queue,
        ms: 15,
        calls: &[(DB, "UpdateItem", 2)],
        beyond: &[PUBLISHED],
        writes: 2,
        ..NONE
    },
    Row { called: Called::Stream, ms: 2, ..NONE },
    http(Pattern::Pixel),
    http(Pattern::Click),
    http(Pattern::Unsubscribe),
    within(Pattern::Sends, &[ENQUEUE]),
    within(Pattern::WaitsShortly, &[ENQUEUE]),
    // The hour by which the contact is looked after moves: a key of the index goes, another comes.
    Row { writes: 2, ..within(Pattern::WaitsLong, &[("scheduler", "CreateSchedule", 1)]) },
    Row { beyond: &[("scheduler", "an invocation", 1), ENQUEUE], ..within(Pattern::Fires, &[]) },
    within(Pattern::Forgets, &[("scheduler", "DeleteSchedule", 1)]),
    Row { writes: 1, ..within(Pattern::Ends, &[]) },
];

impl Pattern {
    /// Its row.
    pub fn row(self) -> &'static Row {
        // Every pattern has one; a test holds the table to that.
        PATTERNS.iter().find(|row| row.pattern == self).unwrap_or(&NONE)
    }
}

//! A row of a file as a contact, or what is wrong with it.

use std::{borrow::Cow, fmt};

use jiff::{SignedDuration, Timestamp};
use masa_domain::{Channel, ConsentGiven, ContactDetails};
use masa_intake::{
    FIELDS_MAX,
    address::{self, Rules},
    value,
};
use serde_json::Value;

use crate::{
    cell,
    dates::{self, DateOrder},
    mapping::{Mapping, Taken, Target},
    phone::phone_in,
    record::Record,
    words,
};

/// A zone can be that much ahead of UTC, in which dates are read.
const AHEAD: SignedDuration = SignedDuration::from_hours(14);

/// What stands between lists.
const BETWEEN_LISTS: [char; 4] = [',', ';', '|', '\n'];

/// A row that can be imported.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its line in the file, or its row in the sheet, from 1.
    pub line: u64,
    /// What it tells. What is empty in the file is absent here, and stays as it was.
    pub details: ContactDetails,
    /// Consent to SMS, where it was given at another time than consent to e-mail: a fact holds one time.
    pub also: Option<ConsentGiven>,
    /// Whether an earlier row tells of the same person. Both count, in the file's order: what the later
    /// one tells stands.
    pub repeats: bool,
    /// Whether it has fewer cells than the header; those that are missing count as empty.
    pub short: bool,
}

/// One thing that is wrong with a row. It never repeats what stands there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The column; empty when it is the row as a whole.
    pub column: String,
    /// What is wrong and what to do.
    pub problem: Cow<'static, str>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.column.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "{}: {}", self.column, self.problem)
        }
    }
}

/// A row that can't be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its line in the file, or its row in the sheet, from 1.
    pub line: u64,
    /// All that is wrong.
    pub problems: Vec<Problem>,
    /// The row as it stands in the file, for [`crate::Rejects`]: somebody's data.
    pub cells: Vec<String>,
}

/// How rows become contacts.
pub(crate) struct Reading<'a> {
    pub(crate) mapping: &'a Mapping,
    /// By column.
    pub(crate) orders: Vec<DateOrder>,
    pub(crate) country: Option<&'a str>,
    pub(crate) rules: Rules,
    pub(crate) now: Timestamp,
}

/// What a row told so far.
#[derive(Default)]
struct Told {
    details: ContactDetails,
    name: Option<String>,
    said: [Option<bool>; 2],
    since: [Option<Timestamp>; 2],
    /// For both channels.
    at: Option<Timestamp>,
}

impl Reading<'_> {
    /// Reads a row.
    pub(crate) fn row(&self, record: Record) -> Result<Row, Refused> {
        let columns = self.mapping.columns();
        let (mut told, mut problems) = (Told::default(), Vec::new());
        if record.cells.iter().skip(columns.len()).any(|cell| !cell.trim().is_empty()) {
            problems.push(Problem {
                column: String::new(),
                problem: format!(
                    "it has {} cells and the header {}: put quotes around a cell that holds the \
                     delimiter, and let the first row name the columns",
                    record.cells.len(),
                    columns.len(),
                )
                .into(),
            });
        }
        for (index, (column, cell)) in columns.iter().zip(&record.cells).enumerate() {
            let cell = cell::bare(cell.trim()).trim();
            if cell.is_empty() {
                continue;
            }
            if let Err(problem) = self.take(&mut told, index, &column.target, cell) {
                problems.push(Problem { column: self.mapping.called(index), problem });
            }
        }
        let (details, also) = told.finish();
        if problems.is_empty() && details.email.is_none() && details.phone.is_none() {
            let problem = "it has neither an e-mail address nor a phone: one is needed".into();
            problems.push(Problem { column: String::new(), problem });
        }
        let Record { line, cells } = record;
        if !problems.is_empty() {
            return Err(Refused { line, problems, cells });
        }
        Ok(Row { line, details, also, repeats: false, short: cells.len() < columns.len() })
    }

    /// Takes in a cell that is not empty.
    fn take(
        &self,
        told: &mut Told,
        index: usize,
        target: &Target,
        cell: &str,
    ) -> Result<(), Cow<'static, str>> {
        let order = self.orders.get(index).copied().unwrap_or(DateOrder::DayFirst);
        let details = &mut told.details;
        match target {
            Target::Leave => {}
            Target::Email => {
                let email = address::email(cell)?;
                details.email = Some(address::canonical(&email, self.rules));
            }
            Target::Phone => details.phone = Some(phone_in(cell, self.country)?),
            Target::Name => told.name = filled(value::name(cell)?),
            Target::FirstName => details.first_name = filled(value::name(cell)?),
            Target::LastName => details.last_name = filled(value::name(cell)?),
            Target::Language => details.language = Some(words::language(cell)?),
            Target::Timezone => details.timezone = Some(value::timezone(cell)?),
            Target::Country => details.country = Some(words::country(cell)?),
            Target::Lists => lists(&mut details.lists, cell)?,
            Target::Consent(channel) => *of(&mut told.said, *channel) = words::answer(cell)?,
            Target::ConsentAt => told.at = Some(self.moment(cell, order)?),
            Target::ConsentSince(channel) => {
                *of(&mut told.since, *channel) = Some(self.moment(cell, order)?);
            }
            Target::Field { name, taken } => {
                let field = field(cell, *taken, order)?;
                value::field(name, &field).map_err(|malformed| malformed.problem)?;
                if details.fields.len() >= FIELDS_MAX {
                    return Err("a contact takes at most 100 fields: leave columns out".into());
                }
                details.fields.insert(name.clone(), field);
            }
        }
        Ok(())
    }

    /// A moment of the past.
    fn moment(&self, cell: &str, order: DateOrder) -> Result<Timestamp, &'static str> {
        let at = dates::moment(cell, order)?;
        if at > self.now.checked_add(AHEAD).unwrap_or(Timestamp::MAX) {
            return Err("this lies in the future: check whether day or month comes first");
        }
        Ok(at.min(self.now))
    }
}

impl Told {
    /// All of it together.
    fn finish(mut self) -> (ContactDetails, Option<ConsentGiven>) {
        if let Some(name) = self.name.take() {
            let (first, last) = name.split_once(char::is_whitespace).unwrap_or((&name, ""));
            let details = &mut self.details;
            if details.first_name.is_none() && details.last_name.is_none() {
                details.first_name = filled(first.to_owned());
                details.last_name = filled(last.trim().to_owned());
            }
        }
        let [email, sms] = self.said;
        let [since_email, since_sms] = self.since.map(|since| since.or(self.at));
        let given = |email, sms, at| ConsentGiven { email, sms, at, ..ConsentGiven::default() };
        let (consent, also) = match (email, sms) {
            (None, None) => (None, None),
            (Some(_), None) => (Some(given(email, None, since_email)), None),
            (None, Some(_)) => (Some(given(None, sms, since_sms)), None),
            _ if since_email == since_sms => (Some(given(email, sms, since_email)), None),
            _ => (Some(given(email, None, since_email)), Some(given(None, sms, since_sms))),
        };
        self.details.consent = consent;
        (self.details, also)
    }
}

fn of<T>(pair: &mut [T; 2], channel: Channel) -> &mut T {
    let [email, sms] = pair;
    match channel {
        Channel::Email => email,
        Channel::Sms => sms,
    }
}

fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn lists(lists: &mut Vec<String>, cell: &str) -> Result<(), &'static str> {
    for name in cell.split(BETWEEN_LISTS).filter(|name| !name.trim().is_empty()) {
        let joined = name.split_whitespace().collect::<Vec<_>>().join("-");
        let list = value::label(&joined)?;
        if !lists.contains(&list) {
            lists.push(list);
        }
    }
    Ok(())
}

fn field(cell: &str, taken: Taken, order: DateOrder) -> Result<Value, &'static str> {
    Ok(match taken {
        Taken::AsWritten => cell::value(cell),
        Taken::Text => Value::String(cell.to_owned()),
        Taken::Date => Value::String(dates::day(cell, order)?.to_string()),
    })
}

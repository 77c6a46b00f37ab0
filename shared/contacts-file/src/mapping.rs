//! Which column becomes what.

use std::{fmt, str::FromStr};

use masa_domain::Channel;
use masa_intake::{PROFILE, value};

use crate::error::Error;

/// How a field's cells are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Numbers as numbers, `true` and `false` as such, all else as text.
    AsWritten,
    /// All as text: numbers of customers.
    Text,
    /// As a day, written as `1985-03-02`.
    Date,
}

/// What a column becomes. Its text form is that of `--map` and of the headers of exported files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `-`: nothing.
    Leave,
    /// `email`.
    Email,
    /// `phone`.
    Phone,
    /// `name`: the first word is the first name, the rest the last name. Where the file has columns of
    /// their own for these, they count.
    Name,
    /// `first_name`.
    FirstName,
    /// `last_name`.
    LastName,
    /// `language`.
    Language,
    /// `timezone`.
    Timezone,
    /// `country`.
    Country,
    /// `lists`: names, with commas, semicolons or bars between them; a space in a name becomes a dash.
    Lists,
    /// `consent_email`, `consent_sms`: yes, no or nothing, in words of either language.
    Consent(Channel),
    /// `consent_at`: since when, for both channels.
    ConsentAt,
    /// `consent_email_at`, `consent_sms_at`: since when, for one.
    ConsentSince(Channel),
    /// `field:size`, `field:size:text`, `field:birthday:date`.
    Field {
        /// Its name.
        name: String,
        /// How its cells are taken.
        taken: Taken,
    },
}

/// The names of what is no field.
const NAMED: [(&str, Target); 15] = [
    ("-", Target::Leave),
    ("email", Target::Email),
    ("phone", Target::Phone),
    ("name", Target::Name),
    ("first_name", Target::FirstName),
    ("last_name", Target::LastName),
    ("language", Target::Language),
    ("timezone", Target::Timezone),
    ("country", Target::Country),
    ("lists", Target::Lists),
    ("consent_email", Target::Consent(Channel::Email)),
    ("consent_sms", Target::Consent(Channel::Sms)),
    ("consent_at", Target::ConsentAt),
    ("consent_email_at", Target::ConsentSince(Channel::Email)),
    ("consent_sms_at", Target::ConsentSince(Channel::Sms)),
];

impl Target {
    /// Whether its cells are dates.
    pub(crate) fn is_dated(&self) -> bool {
        matches!(
            self,
            Self::ConsentAt | Self::ConsentSince(_) | Self::Field { taken: Taken::Date, .. }
        )
    }

    /// Whether two columns may have it.
    fn takes_several(&self) -> bool {
        matches!(self, Self::Leave | Self::Lists)
    }

    /// Whether `self` and `other` fill the same place.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Field { name, .. }, Self::Field { name: other, .. }) => name == other,
            _ => self == other && !self.takes_several(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Field { name, taken } = self {
            let taken = match taken {
                Taken::AsWritten => "",
                Taken::Text => ":text",
                Taken::Date => ":date",
            };
            return write!(f, "field:{name}{taken}");
        }
        let named = NAMED.iter().find(|(_, target)| target == self);
        f.write_str(named.map_or("-", |(name, _)| name))
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((_, target)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(target.clone());
        }
        let Some(field) = text.strip_prefix("field:") else {
            let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
            return Err(format!("say one of {}, or field:size", names.join(", ")));
        };
        let (name, taken) = match field.split_once(':') {
            None => (field, Taken::AsWritten),
            Some((name, "text")) => (name, Taken::Text),
            Some((name, "date")) => (name, Taken::Date),
            Some(_) => return Err("a field is taken as :text or :date, or as it is written".into()),
        };
        if !value::is_field_name(name) {
            return Err("the name of a field has 1 to 60 ASCII letters, digits, dots, dashes and \
                        underscores"
                .into());
        }
        if PROFILE.contains(&name) {
            return Err(format!("say {name}, without field:"));
        }
        Ok(Self::Field { name: name.to_owned(), taken })
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in the file.
    pub header: String,
    /// What it becomes.
    pub target: Target,
    /// What there is to know about the guess; empty when nothing.
    pub note: &'static str,
    /// Whether [`Mapping::set`] said so.
    chosen: bool,
}

/// What all columns become, in the file's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    columns: Vec<Column>,
}

impl Mapping {
    /// A mapping that was guessed.
    pub(crate) fn guessed(
        guessed: impl IntoIterator<Item = (String, Target, &'static str)>,
    ) -> Self {
        let columns = guessed.into_iter();
        let column = |(header, target, note)| Column { header, target, note, chosen: false };
        Self { columns: columns.map(column).collect() }
    }

    /// The columns, in the file's order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Takes an order such as `Size=field:size`, `אימייל=email`, `#3=-`: a column by its name, or by its
    /// number from 1, and what it becomes. A column of which that had been guessed is left out then.
    ///
    /// # Errors
    /// [`Error::Map`] says what to do.
    pub fn set(&mut self, order: &str) -> Result<(), Error> {
        let (column, target) = order.rsplit_once('=').unwrap_or((order, ""));
        let (column, target) = (column.trim(), target.trim());
        let wrong = |problem: String| Error::Map { column: column.to_owned(), problem };
        let target: Target = target.parse().map_err(wrong)?;
        let index = self.find(column).map_err(|problem| wrong(problem.to_owned()))?;
        for (other, known) in self.columns.iter_mut().enumerate() {
            if other == index || !known.target.meets(&target) {
                continue;
            }
            if known.chosen {
                return Err(wrong(format!("two columns can't both be {target}")));
            }
            (known.target, known.note) = (Target::Leave, "another column was chosen");
        }
        if let Some(known) = self.columns.get_mut(index) {
            (known.target, known.note, known.chosen) = (target, "", true);
        }
        Ok(())
    }

    fn find(&self, column: &str) -> Result<usize, &'static str> {
        let named = |alike: &dyn Fn(&str) -> bool| -> Vec<usize> {
            let all = self.columns.iter().enumerate();
            all.filter(|(_, known)| alike(&known.header)).map(|(index, _)| index).collect()
        };
        let exact = named(&|header| header == column);
        let found = if exact.is_empty() {
            named(&|header| header.to_lowercase() == column.to_lowercase())
        } else {
            exact
        };
        match found.as_slice() {
            [index] => return Ok(*index),
            [] => {}
            _ => return Err("several columns have this name: say their number, such as #3"),
        }
        let number = column.strip_prefix('#').and_then(|number| number.parse::<usize>().ok());
        number
            .and_then(|number| number.checked_sub(1))
            .filter(|index| *index < self.columns.len())
            .ok_or("the file has no such column: say Column=email, or its number, such as #3=email")
    }

    /// How a column is called where people read it: by its name, unless that could be somebody's
    /// address or phone.
    pub(crate) fn called(&self, index: usize) -> String {
        let header = self.columns.get(index).map(|column| column.header.as_str());
        match header.filter(|header| !header.is_empty() && !is_personal(header)) {
            Some(header) => header.to_owned(),
            None => format!("column {}", index.saturating_add(1)),
        }
    }
}

/// Whether a text could name a person.
pub(crate) fn is_personal(text: &str) -> bool {
    text.contains('@') || text.chars().filter(|c| c.is_numeric()).count() >= 7
}

impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, column) in self.columns.iter().enumerate() {
            write!(f, "#{} {} = {}", index + 1, self.called(index), column.target)?;
            if !column.note.is_empty() {
                write!(f, " ({})", column.note)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

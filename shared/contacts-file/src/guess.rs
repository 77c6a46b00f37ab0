//! What columns probably are: by their names, in Hebrew and English and in the exports of common
//! programs, and by what stands in them.

use masa_domain::Channel;
use masa_intake::{PROFILE, address, field_name};

use crate::{
    dates::{Evidence, day},
    mapping::{Mapping, Taken, Target},
    words,
};

/// How many rows the values are looked at for; the order of dates is looked for in all.
const SAMPLE_ROWS: u64 = 1_000;

/// What the names of columns begin with that Masa writes and doesn't read: sums, reasons.
pub(crate) const OWN: &str = "masa:";

/// Names of columns, in the form of [`words::simple`].
const HEADERS: [(Target, &[&str]); 14] = [
    (
        Target::Email,
        &[
            "email",
            "emailaddress",
            "mail",
            "emailaddresses",
            "primaryemail",
            "customeremail",
            "אימייל",
            "איימיל",
            "דואל",
            "דואראלקטרוני",
            "מייל",
            "כתובתמייל",
            "כתובתאימייל",
            "כתובתדואל",
        ],
    ),
    (
        Target::Phone,
        &[
            "phone",
            "phonenumber",
            "mobile",
            "mobilephone",
            "cellphone",
            "cell",
            "sms",
            "smsphonenumber",
            "billingphone",
            "defaultaddressphone",
            "telephone",
            "טלפון",
            "נייד",
            "סלולרי",
            "סלולארי",
            "טלפוןנייד",
            "טלפוןסלולרי",
            "מספרטלפון",
            "פלאפון",
            "מסטלפון",
        ],
    ),
    (Target::Name, &["name", "fullname", "contactname", "customername", "שם", "שםמלא", "שםהלקוח"]),
    (Target::FirstName, &["firstname", "fname", "givenname", "billingfirstname", "שםפרטי", "פרטי"]),
    (
        Target::LastName,
        &["lastname", "lname", "surname", "familyname", "billinglastname", "שםמשפחה", "משפחה"],
    ),
    (Target::Language, &["language", "lang", "locale", "שפה"]),
    (Target::Timezone, &["timezone", "אזורזמן"]),
    (
        Target::Country,
        &[
            "country",
            "countrycode",
            "defaultaddresscountrycode",
            "billingcountry",
            "cc",
            "מדינה",
            "ארץ",
        ],
    ),
    (
        Target::Lists,
        &[
            "lists",
            "list",
            "groups",
            "listname",
            "רשימות",
            "רשימה",
            "רשימותתפוצה",
            "קבוצות",
            "קבוצה",
        ],
    ),
    (
        Target::Consent(Channel::Email),
        &[
            "consentemail",
            "consent",
            "newsletter",
            "acceptsmarketing",
            "acceptsemailmarketing",
            "emailmarketingconsent",
            "emailconsent",
            "emailmarketing",
            "emailsubscriptionstatus",
            "אישורדיוור",
            "אישורקבלתדיוור",
            "מאשרדיוור",
            "דיוור",
            "אישורדואל",
            "אישורפרסום",
        ],
    ),
    (
        Target::Consent(Channel::Sms),
        &[
            "consentsms",
            "smsconsent",
            "smsmarketingconsent",
            "acceptssmsmarketing",
            "smsmarketing",
            "אישורsms",
            "אישורסמס",
            "אישורמסרונים",
            "דיוורסמס",
        ],
    ),
    (
        Target::ConsentAt,
        &["consentat", "consentdate", "optintime", "תאריךאישור", "תאריךהסכמה", "תאריךאישורדיוור"],
    ),
    (
        Target::ConsentSince(Channel::Email),
        &["consentemailat", "emailmarketingconsenttimestamp", "emailconsenttimestamp"],
    ),
    (
        Target::ConsentSince(Channel::Sms),
        &["consentsmsat", "smsmarketingconsenttimestamp", "smsconsenttimestamp"],
    ),
];

/// Columns that are fields of a known name: in the form of [`words::simple`], and the field.
const FIELDS: [(&str, &str, Taken); 12] = [
    ("תאריךלידה", "birthday", Taken::Date),
    ("יוםהולדת", "birthday", Taken::Date),
    ("birthday", "birthday", Taken::Date),
    ("birthdate", "birthday", Taken::Date),
    ("dateofbirth", "birthday", Taken::Date),
    ("dob", "birthday", Taken::Date),
    ("עיר", "city", Taken::Text),
    ("כתובת", "address", Taken::Text),
    ("מיקוד", "zip", Taken::Text),
    ("חברה", "company", Taken::Text),
    ("מין", "gender", Taken::Text),
    ("הערות", "note", Taken::Text),
];

/// What programs keep for themselves.
const TECHNICAL: [&str; 14] = [
    "leid",
    "euid",
    "optinip",
    "confirmip",
    "confirmtime",
    "gmtoff",
    "dstoff",
    "latitude",
    "longitude",
    "memberrating",
    "klaviyoid",
    "customerid",
    "lastchanged",
    "id",
];

/// What was seen of a column.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// Its dates, in all rows.
    pub(crate) dates: Evidence,
    filled: u64,
    emails: u64,
    phones: u64,
    days: u64,
    languages: u64,
    countries: u64,
}

impl Seen {
    /// Looks at a cell of the row `row`, from 0.
    pub(crate) fn take(&mut self, row: u64, cell: &str) {
        let cell = cell.trim();
        if cell.is_empty() {
            return;
        }
        self.dates.take(cell);
        if row >= SAMPLE_ROWS {
            return;
        }
        self.filled += 1;
        self.emails += u64::from(cell.contains('@'));
        self.phones += u64::from(is_phone_like(cell));
        let dated = cell.contains(['-', '/', '.'])
            && [crate::DateOrder::DayFirst, crate::DateOrder::MonthFirst]
                .iter()
                .any(|order| day(cell, *order).is_ok());
        self.days += u64::from(dated);
        self.languages += u64::from(words::language(cell).is_ok());
        self.countries += u64::from(words::country(cell).is_ok());
    }

    /// Whether at least half of the cells that are filled are such, if any is.
    fn mostly(&self, such: u64) -> bool {
        such.saturating_mul(2) >= self.filled
    }

    fn all(&self, such: u64) -> bool {
        self.filled > 0 && such == self.filled
    }
}

/// Whether a cell of the first row can only be somebody's. A spreadsheet takes `+` and leading zero from
/// a phone: nine digits are no year, no day and no name.
pub(crate) fn is_somebodys(cell: &str) -> bool {
    let digits = phone_digits(cell).unwrap_or_default();
    address::email(cell).is_ok()
        || (9..=15).contains(&digits)
        || (is_phone_like(cell) && cell.len() >= 9)
}

/// A `+` or a leading zero, and as many digits as a phone has.
fn is_phone_like(cell: &str) -> bool {
    let digits = phone_digits(cell).unwrap_or_default();
    (8..=15).contains(&digits) && cell.starts_with(['+', '0', '('])
}

/// How many digits it has; `None` when anything stands in it that a phone has not.
fn phone_digits(cell: &str) -> Option<usize> {
    let known = |c: char| c.is_ascii_digit() || " +-.()".contains(c);
    cell.chars().all(known).then(|| cell.chars().filter(char::is_ascii_digit).count())
}

/// What the columns of these names are.
pub(crate) fn guess(headers: &[String], seen: &[Seen]) -> Mapping {
    let mut guessed: Vec<(String, Target, &'static str)> = Vec::new();
    for (index, header) in headers.iter().enumerate() {
        let seen = seen.get(index).copied().unwrap_or_default();
        let (target, note) = by_header(header, &seen);
        let repeated = headers.iter().take(index).any(|known| known == header);
        let taken = guessed.iter().any(|(_, known, _)| known.meets(&target));
        let (target, note) = match (repeated, taken) {
            (true, _) => (Target::Leave, "its name stands twice: give it with --map #number=…"),
            (_, true) => (Target::Leave, "another column is this already"),
            _ => (target, note),
        };
        guessed.push((header.clone(), target, note));
    }
    by_values(&mut guessed, seen, Target::Email, |seen| seen.emails);
    by_values(&mut guessed, seen, Target::Phone, |seen| seen.phones);
    Mapping::guessed(guessed)
}

fn by_header(header: &str, seen: &Seen) -> (Target, &'static str) {
    // Exported by Masa itself.
    if let Ok(target @ Target::Field { .. }) = header.parse() {
        return (target, "");
    }
    if header.starts_with(OWN) {
        return (Target::Leave, "told by Masa, not to it");
    }
    let word = words::simple(header);
    let named = HEADERS.iter().find(|(_, names)| names.contains(&word.as_str()));
    if let Some((target, _)) = named {
        let fits = match target {
            Target::Email => seen.mostly(seen.emails),
            Target::Language => seen.mostly(seen.languages),
            Target::Country => seen.mostly(seen.countries),
            _ => true,
        };
        return match fits {
            true => (target.clone(), ""),
            false => (Target::Leave, "most of it can't be read as what its name says"),
        };
    }
    if let Some((_, name, taken)) = FIELDS.iter().find(|(known, ..)| *known == word) {
        let taken = match taken {
            Taken::Date if !seen.mostly(seen.days) => Taken::AsWritten,
            taken => *taken,
        };
        return (Target::Field { name: (*name).to_owned(), taken }, "");
    }
    if TECHNICAL.contains(&word.as_str()) {
        return (Target::Leave, "another program's own");
    }
    match field_name(header).filter(|name| !PROFILE.contains(&name.as_str())) {
        Some(name) => {
            let taken = if seen.all(seen.days) { Taken::Date } else { Taken::AsWritten };
            (Target::Field { name, taken }, "")
        }
        None => (Target::Leave, "to keep it, name a field: --map Column=field:size"),
    }
}

/// Where no name tells of `target`, the column that is mostly that.
fn by_values(
    guessed: &mut [(String, Target, &'static str)],
    seen: &[Seen],
    target: Target,
    such: impl Fn(&Seen) -> u64,
) {
    if guessed.iter().any(|(_, known, _)| *known == target) {
        return;
    }
    let free = guessed.iter_mut().zip(seen).filter(|((_, known, _), seen)| {
        let own = matches!(known, Target::Leave | Target::Field { .. });
        own && such(seen) > 0 && seen.mostly(such(seen))
    });
    if let Some(((_, known, note), _)) = free.max_by_key(|(_, seen)| such(seen)) {
        (*known, *note) = (target, "by what stands in it");
    }
}

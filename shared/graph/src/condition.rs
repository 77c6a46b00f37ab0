//! Conditions in words.

use masa_domain::{Channel, Condition, FieldTest, MailStatus, Product, PurchaseTest, Since};
use serde_json::Value;

use crate::{text::shorten, words::Tongue};

/// The most letters of a sentence.
pub(crate) const SENTENCE_CHARS: usize = 500;
/// The most letters of a value.
const VALUE_CHARS: usize = 60;
/// How deep a condition is told.
const DEPTH_MAX: usize = 12;

/// A condition in words. What is long or deep ends with an ellipsis.
pub(crate) fn condition(when: &Condition, tongue: Tongue) -> String {
    let mut said = String::new();
    say(when, tongue, 0, &mut said);
    shorten(&said, SENTENCE_CHARS)
}

/// A value as people write it.
pub(crate) fn value(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => {
            // Only as much of it as is shown is written.
            let mut cut = Cut(Vec::new());
            let _ = serde_json::to_writer(&mut cut, value);
            String::from_utf8_lossy(&cut.0).into_owned()
        }
        other => other.to_string(),
    };
    shorten(&text, VALUE_CHARS)
}

/// Takes the first bytes and refuses the rest.
struct Cut(Vec<u8>);

impl std::io::Write for Cut {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() > VALUE_CHARS * 4 {
            return Err(std::io::ErrorKind::OutOfMemory.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn say(when: &Condition, tongue: Tongue, depth: usize, said: &mut String) {
    // Four bytes a letter: what stands beyond would be cut off anyway.
    if depth > DEPTH_MAX || said.len() > SENTENCE_CHARS * 4 {
        said.push('…');
        return;
    }
    match when {
        Condition::All(all) if all.is_empty() => said.push_str(tongue.pick("always", "תמיד")),
        Condition::Any(any) if any.is_empty() => said.push_str(tongue.pick("never", "אף פעם")),
        Condition::All(all) => joined(all, tongue.pick(" and ", " וגם "), tongue, depth, said),
        Condition::Any(any) => joined(any, tongue.pick(" or ", " או "), tongue, depth, said),
        Condition::Not(one) => {
            said.push_str(tongue.pick("not: ", "לא: "));
            within(one, tongue, depth, said);
        }
        leaf => said.push_str(&plain(leaf, tongue)),
    }
}

fn joined(parts: &[Condition], with: &str, tongue: Tongue, depth: usize, said: &mut String) {
    if let [only] = parts {
        return say(only, tongue, depth + 1, said);
    }
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            said.push_str(with);
        }
        within(part, tongue, depth, said);
        if said.len() > SENTENCE_CHARS * 4 {
            return;
        }
    }
}

/// A part of another condition; several in one stand in parentheses.
fn within(part: &Condition, tongue: Tongue, depth: usize, said: &mut String) {
    let nested = matches!(part, Condition::All(parts) | Condition::Any(parts) if parts.len() > 1);
    said.push_str(if nested { "(" } else { "" });
    say(part, tongue, depth + 1, said);
    said.push_str(if nested { ")" } else { "" });
}

fn plain(when: &Condition, tongue: Tongue) -> String {
    match when {
        Condition::Email { step, was, link, flow } => {
            mail(step, *was, link.as_deref(), flow.as_deref(), tongue)
        }
        Condition::Form { name, since } => {
            let filled = match tongue {
                Tongue::English => format!("form {name} was filled"),
                Tongue::Hebrew => format!("הטופס {name} מולא"),
            };
            filled + &self::since(*since, tongue)
        }
        Condition::Purchased(test) => purchased(test, tongue),
        Condition::Event { name, since, times } => {
            let came = match tongue {
                Tongue::English => format!("event {name} came"),
                Tongue::Hebrew => format!("האירוע {name} קרה"),
            };
            came + &self::times(*times, tongue) + &self::since(*since, tongue)
        }
        Condition::Field { name, test } => format!("{name} {}", asked(test, tongue)),
        Condition::List(list) => format!("{} {list}", tongue.pick("on list", "ברשימה")),
        Condition::Consent(Channel::Email) => {
            tongue.pick("agreed to e-mail", "יש הסכמה למיילים").to_owned()
        }
        Condition::Consent(Channel::Sms) => {
            tongue.pick("agreed to texts", "יש הסכמה למסרונים").to_owned()
        }
        Condition::DaysTo { field, test } => {
            format!("{} {field}: {}", tongue.pick("days to", "ימים עד"), asked(test, tongue))
        }
        Condition::Weekday(days) => {
            format!("{} {}", tongue.pick("today is", "היום יום"), tongue.weekdays(days))
        }
        Condition::Hour(hours) => match tongue {
            Tongue::English => format!("between {} and {}", hours.from, hours.until),
            Tongue::Hebrew => format!("בין {} ל-{}", hours.from, hours.until),
        },
        Condition::All(_) | Condition::Any(_) | Condition::Not(_) => "…".to_owned(),
    }
}

fn mail(
    step: &str,
    was: MailStatus,
    link: Option<&str>,
    flow: Option<&str>,
    tongue: Tongue,
) -> String {
    let link = link.map(|link| shorten(link, VALUE_CHARS));
    let of = match (flow, tongue) {
        (None, _) => String::new(),
        (Some(flow), Tongue::English) => format!(" of {flow}"),
        (Some(flow), Tongue::Hebrew) => format!(" של {flow}"),
    };
    match (was, link, tongue) {
        (MailStatus::Clicked, None, Tongue::English) => format!("a link of {step}{of} was clicked"),
        (MailStatus::Clicked, Some(link), Tongue::English) => {
            format!("link {link} of {step}{of} was clicked")
        }
        (MailStatus::Clicked, None, Tongue::Hebrew) => format!("הייתה לחיצה בהודעה {step}{of}"),
        (MailStatus::Clicked, Some(link), Tongue::Hebrew) => {
            format!("הייתה לחיצה על {link} בהודעה {step}{of}")
        }
        (was, _, _) => {
            let became = match was {
                MailStatus::Sent => tongue.pick("was sent", "נשלחה"),
                MailStatus::Delivered => tongue.pick("was delivered", "נמסרה"),
                MailStatus::Bounced => tongue.pick("bounced", "חזרה"),
                MailStatus::Opened | MailStatus::Clicked => tongue.pick("was opened", "נפתחה"),
            };
            match tongue {
                Tongue::English => format!("{step}{of} {became}"),
                Tongue::Hebrew => format!("ההודעה {step}{of} {became}"),
            }
        }
    }
}

fn since(since: Since, tongue: Tongue) -> String {
    match (since, tongue) {
        (Since::Ever, _) => String::new(),
        (Since::Entry, _) => tongue.pick(" since entry", " מאז הכניסה").to_owned(),
        (Since::Within(span), Tongue::English) => format!(" within {}", tongue.span(span)),
        (Since::Within(span), Tongue::Hebrew) => format!(" בטווח של {}", tongue.span(span)),
    }
}

fn times(times: u32, tongue: Tongue) -> String {
    match times {
        0 | 1 => String::new(),
        times => format!(" {times} {}", tongue.pick("times", "פעמים")),
    }
}

fn purchased(test: &PurchaseTest, tongue: Tongue) -> String {
    let mut said = product(&test.what, test.category.as_deref(), tongue);
    said.push_str(&times(test.times, tongue));
    if let Some(total) = &test.total {
        match tongue {
            Tongue::English => said.push_str(&format!(" for {total} or more")),
            Tongue::Hebrew => said.push_str(&format!(" בסך {total} לפחות")),
        }
    }
    said + &since(test.since, tongue)
}

fn product(what: &Product, category: Option<&str>, tongue: Tongue) -> String {
    let what = match what {
        Product::Any => tongue.pick("anything", "משהו"),
        Product::One(product) => product,
        Product::Same => tongue.pick("the same", "אותו מוצר"),
    };
    let mut said = format!("{} {what}", tongue.pick("bought", "נקנה"));
    if let Some(category) = category {
        said.push_str(&format!(" {} {category}", tongue.pick("of", "מקטגוריה")));
    }
    said
}

/// What is asked of a field.
pub(crate) fn asked(test: &FieldTest, tongue: Tongue) -> String {
    match test {
        FieldTest::Is(wanted) => format!("{} {}", tongue.pick("is", "הוא"), value(wanted)),
        FieldTest::OneOf(wanted) => {
            let wanted: Vec<String> = wanted.iter().take(10).map(value).collect();
            format!("{} {}", tongue.pick("is one of", "אחד מ:"), wanted.join(", "))
        }
        FieldTest::Contains(part) => {
            format!("{} {}", tongue.pick("contains", "מכיל"), value(part))
        }
        FieldTest::Over(limit) => format!("{} {limit}", tongue.pick("over", "מעל")),
        FieldTest::Under(limit) => format!("{}{limit}", tongue.pick("under ", "מתחת ל-")),
        FieldTest::Empty(true) => tongue.pick("is empty", "ריק").to_owned(),
        FieldTest::Empty(false) => tongue.pick("is not empty", "לא ריק").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use masa_domain::Condition;
    use serde_json::{from_value, json};

    use super::condition;
    use crate::words::Tongue;

    /// C1 to C6.
    #[test]
    fn conditions_are_sentences() {
        let week = json!({ "within": "7d" });
        for (when, english, hebrew) in [
            (
                json!({ "email": { "step": "hello", "was": "clicked", "link": "offer", "flow": "welcome" } }),
                "link offer of hello of welcome was clicked",
                "הייתה לחיצה על offer בהודעה hello של welcome",
            ),
            (
                json!({ "email": { "step": "hello", "was": "bounced" } }),
                "hello bounced",
                "ההודעה hello חזרה",
            ),
            (
                json!({ "form": { "name": "quiz", "since": "entry" } }),
                "form quiz was filled since entry",
                "הטופס quiz מולא מאז הכניסה",
            ),
            (
                json!({ "purchased": { "what": "any", "category": "tea", "since": week, "times": 3, "total": 500 } }),
                "bought anything of tea 3 times for 500 or more within 1 week",
                "נקנה משהו מקטגוריה tea 3 פעמים בסך 500 לפחות בטווח של שבוע",
            ),
            (
                json!({ "purchased": { "what": "same", "since": "entry" } }),
                "bought the same since entry",
                "נקנה אותו מוצר מאז הכניסה",
            ),
            (
                json!({ "event": { "name": "visit", "since": "ever", "times": 2 } }),
                "event visit came 2 times",
                "האירוע visit קרה 2 פעמים",
            ),
            (
                json!({ "days_to": { "field": "renewal", "test": { "under": 10 } } }),
                "days to renewal: under 10",
                "ימים עד renewal: מתחת ל-10",
            ),
            (json!({ "weekday": ["fri", "sat"] }), "today is Fri, Sat", "היום יום ו׳, שבת"),
            (
                json!({ "hour": { "from": "22:00", "until": "06:00" } }),
                "between 22:00 and 06:00",
                "בין 22:00 ל-06:00",
            ),
            (
                json!({ "all": [{ "list": "vip" }, { "not": { "any": [{ "consent": "email" }, { "consent": "sms" }] } }] }),
                "on list vip and not: (agreed to e-mail or agreed to texts)",
                "ברשימה vip וגם לא: (יש הסכמה למיילים או יש הסכמה למסרונים)",
            ),
            (
                json!({ "any": [{ "all": [{ "list": "a" }, { "list": "b" }] }, { "list": "c" }] }),
                "(on list a and on list b) or on list c",
                "(ברשימה a וגם ברשימה b) או ברשימה c",
            ),
            (
                json!({ "field": { "name": "city", "test": { "one_of": ["Holon", 5, [1, { "a": null }]] } } }),
                r#"city is one of Holon, 5, [1,{"a":null}]"#,
                r#"city אחד מ: Holon, 5, [1,{"a":null}]"#,
            ),
            (json!({ "all": [] }), "always", "תמיד"),
        ] {
            let when: Condition = from_value(when).unwrap();
            assert_eq!(condition(&when, Tongue::English), english);
            assert_eq!(condition(&when, Tongue::Hebrew), hebrew);
        }
    }
}

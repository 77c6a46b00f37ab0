//! Triggers in words.

use masa_domain::{Activity, Bought, FieldTest, Product, Referral, Trigger};

use crate::{
    condition::{SENTENCE_CHARS, asked, value},
    text::shorten,
    words::Tongue,
};

/// Several triggers, any of which will do.
pub(crate) fn triggers(any: &[Trigger], tongue: Tongue) -> String {
    let mut said = String::new();
    for one in any {
        if !said.is_empty() {
            said.push_str(tongue.pick(" or ", " או "));
        }
        said.push_str(&trigger(one, tongue));
        if said.len() > SENTENCE_CHARS * 4 {
            break;
        }
    }
    shorten(&said, SENTENCE_CHARS)
}

/// A trigger in words; in English they are those of the flow file.
pub(crate) fn trigger(trigger: &Trigger, tongue: Tongue) -> String {
    let said = match tongue {
        Tongue::English => trigger.in_words(),
        Tongue::Hebrew => in_hebrew(trigger),
    };
    shorten(&said, SENTENCE_CHARS)
}

fn in_hebrew(trigger: &Trigger) -> String {
    let tongue = Tongue::Hebrew;
    let tested = |test: &Option<FieldTest>| test.as_ref().map(|test| asked(test, tongue));
    match trigger {
        Trigger::Joined(list) => format!("הצטרפות לרשימה {list}"),
        Trigger::Left(list) => format!("עזיבת הרשימה {list}"),
        Trigger::Form(form) => format!("מילוי הטופס {form}"),
        Trigger::Purchased(bought) => bought_in_hebrew(bought),
        Trigger::Event { name, matching, same } => {
            let mut said = format!("האירוע {name}");
            for (key, wanted) in matching.iter().take(10) {
                said.push_str(&format!(", {key} הוא {}", value(wanted)));
            }
            if let Some(key) = same {
                said.push_str(&format!(", אותו {key}"));
            }
            said
        }
        Trigger::Clicked(link) => format!("לחיצה על הקישור {link}"),
        Trigger::Opened { of, times, since_purchase } => {
            let mut said = match times {
                0 | 1 => "פתיחת מייל".to_owned(),
                times => format!("פתיחת {times} מיילים"),
            };
            if let Some(flow) = of {
                said.push_str(&format!(" של {flow}"));
            }
            said.push_str(if *since_purchase { " מאז הקנייה האחרונה" } else { "" });
            said
        }
        Trigger::Field { name, test } => match tested(test) {
            Some(test) => format!("השדה {name} נהיה: {test}"),
            None => format!("השדה {name} השתנה"),
        },
        Trigger::Answered { question, test } => match tested(test) {
            Some(test) => format!("תשובה על {question}: {test}"),
            None => format!("תשובה על {question}"),
        },
        Trigger::Date { anchor, yearly, offset, at } => {
            let said = tongue.dated(anchor, *offset, *at);
            said + if *yearly { ", כל שנה" } else { "" }
        }
        Trigger::Silent { span, of } => {
            let of = match of {
                Activity::Any => "שום פעילות",
                Activity::Purchase => "קנייה",
                Activity::Open => "פתיחת מייל",
                Activity::Visit => "ביקור",
            };
            format!("{} בלי {of}", tongue.span(*span))
        }
        Trigger::Referred(Referral::Signup) => "חבר נרשם דרך הקישור האישי".to_owned(),
        Trigger::Referred(Referral::Purchase) => "חבר קנה דרך הקישור האישי".to_owned(),
        Trigger::Ended(flow) => format!("סיום המסע {flow}"),
    }
}

fn bought_in_hebrew(bought: &Bought) -> String {
    let mut said = match &bought.product {
        Product::Any => "קנייה".to_owned(),
        Product::One(product) => format!("קניית {product}"),
        Product::Same => "קנייה של אותו מוצר".to_owned(),
    };
    if let Some(category) = &bought.category {
        said.push_str(&format!(" מקטגוריה {category}"));
    }
    if let Some(nth) = bought.nth {
        said.push_str(&format!(", הזמנה מספר {nth}"));
    }
    if let Some(every) = bought.every {
        said.push_str(&format!(", כל הזמנה {every}"));
    }
    if let Some(over) = &bought.over {
        said.push_str(&format!(", מעל {over}"));
    }
    said
}

#[cfg(test)]
mod tests {
    use masa_domain::Trigger;
    use serde_json::{from_value, json};

    use super::trigger;
    use crate::words::Tongue;

    /// T1 to T13.
    #[test]
    fn triggers_are_sentences() {
        for (said, hebrew) in [
            (json!({ "form": "quiz" }), "מילוי הטופס quiz"),
            (json!({ "joined": "news" }), "הצטרפות לרשימה news"),
            (json!({ "left": "news" }), "עזיבת הרשימה news"),
            (
                json!({ "purchased": { "product": { "one": "mint" }, "nth": 3, "over": 200 } }),
                "קניית mint, הזמנה מספר 3, מעל 200",
            ),
            (
                json!({ "purchased": { "product": "same", "category": "tea" } }),
                "קנייה של אותו מוצר מקטגוריה tea",
            ),
            (json!({ "clicked": "tea" }), "לחיצה על הקישור tea"),
            (
                json!({ "date": { "anchor": { "field": "birthday" }, "yearly": true, "offset": "-3d", "at": "09:00" } }),
                "3 ימים לפני birthday ב-09:00, כל שנה",
            ),
            (
                json!({ "event": { "name": "invoice", "where": { "plan": "pro" }, "same": "id" } }),
                "האירוע invoice, plan הוא pro, אותו id",
            ),
            (
                json!({ "field": { "name": "tier", "test": { "is": "gold" } } }),
                "השדה tier נהיה: הוא gold",
            ),
            (
                json!({ "answered": { "question": "nps", "test": { "over": 8 } } }),
                "תשובה על nps: מעל 8",
            ),
            (
                json!({ "opened": { "of": "guides", "times": 2, "since_purchase": true } }),
                "פתיחת 2 מיילים של guides מאז הקנייה האחרונה",
            ),
            (json!({ "silent": { "span": "60d", "of": "open" } }), "60 ימים בלי פתיחת מייל"),
            (json!({ "referred": "purchase" }), "חבר קנה דרך הקישור האישי"),
            (json!({ "ended": "welcome" }), "סיום המסע welcome"),
        ] {
            let said: Trigger = from_value(said).unwrap();
            assert_eq!(trigger(&said, Tongue::Hebrew), hebrew);
            assert_eq!(trigger(&said, Tongue::English), said.in_words());
        }
    }
}

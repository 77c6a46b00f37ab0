//! What is exported and imported again is what it was.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::{now, open, rows};
use jiff::Timestamp;
use masa_contacts_file::{Error, Export, Exported, Fields, Kind, Options};
use masa_domain::{Answer, Channel, Consent, ConsentGiven, Contact, ContactDetails, Profile};
use masa_intake::{address, value};
use proptest::{collection, option, prelude::*};
use serde_json::{Value, json};

fn file(kind: Kind, contacts: &[Exported]) -> Vec<u8> {
    let mut fields = Fields::default();
    contacts.iter().for_each(|contact| fields.add(contact));
    let mut bytes = Vec::new();
    let mut export = Export::new(kind, &mut bytes, fields).unwrap();
    for contact in contacts {
        export.write(contact).unwrap();
    }
    export.finish().unwrap();
    bytes
}

/// What the import of an exported contact tells.
fn told(contact: &Exported) -> (ContactDetails, Option<ConsentGiven>) {
    let Profile { email, phone, first_name, last_name, language, timezone, country } =
        contact.profile.clone();
    let of = |channel| contact.consent.get(&channel);
    let said = |channel| of(channel).map(|consent| consent.answer == Answer::Granted);
    let given = |email, sms, consent: &Consent| {
        Some(ConsentGiven { email, sms, at: Some(consent.at), ..ConsentGiven::default() })
    };
    let (said_email, said_sms) = (said(Channel::Email), said(Channel::Sms));
    let (consent, also) = match (of(Channel::Email), of(Channel::Sms)) {
        (None, None) => (None, None),
        (Some(email), Some(sms)) if email.at != sms.at => {
            (given(said_email, None, email), given(None, said_sms, sms))
        }
        (Some(one), _) | (None, Some(one)) => (given(said_email, said_sms, one), None),
    };
    let lists = contact.lists.iter().cloned().collect();
    let fields = contact.fields.clone();
    let details = ContactDetails {
        also: Vec::new(),
        email,
        phone,
        first_name,
        last_name,
        language,
        timezone,
        country,
        lists,
        fields,
        consent,
    };
    (details, also)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "['=+@\\-\t\r\n \"_x0-9A-F,;]{0,12}",
        "[א-ת ]{1,20}",
        Just("_x0041_".to_owned()),
        Just("02/03/1985".to_owned()),
        Just("1985-03-02".to_owned()),
    ]
}

fn field() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
    ];
    // Not within lists: serde_json may miss the last digit of a fraction.
    let fraction = prop_oneof![
        (-1e15..1e15).prop_map(Value::from),
        Just(json!(5.0)),
        Just(json!(-0.0)),
        Just(json!(1e99)),
    ];
    let list = collection::vec(plain.clone(), 0..4).prop_map(Value::from);
    prop_oneof![4 => plain, 1 => fraction, 1 => list]
        .prop_filter("it can be kept", |field| value::field("f", field).is_ok())
}

fn consent() -> impl Strategy<Value = Consent> {
    (any::<bool>(), 0..now().as_second(), 0..1_000_i32).prop_map(|(granted, second, nano)| {
        Consent {
            answer: if granted { Answer::Granted } else { Answer::Refused },
            at: Timestamp::new(second, nano).unwrap(),
            text: None,
            ip: None,
        }
    })
}

fn named() -> impl Strategy<Value = Option<String>> {
    option::of(text().prop_filter_map("it is a name", |name| {
        value::name(&name).ok().filter(|name| !name.is_empty())
    }))
}

prop_compose! {
    fn profile()(
        email in "[a-z0-9=+'][a-z0-9]{0,9}@(shop\\.)?example\\.com",
        phone in option::of("\\+97250555[0-9]{4}"),
        first_name in named(),
        last_name in named(),
        language in option::of("he|en-US|zh-Hant-TW"),
        timezone in option::of("Asia/Jerusalem|Etc/GMT\\+3"),
        country in option::of("IL|US"),
    ) -> Profile {
        let email = address::email(&email).ok();
        Profile { email, phone, first_name, last_name, language, timezone, country }
    }
}

prop_compose! {
    fn contact()(
        profile in profile(),
        lists in collection::btree_set("[a-zא-ת0-9_.-]{1,10}", 0..4),
        fields in collection::btree_map("[a-zA-Z0-9_.-]{1,8}", field(), 0..6),
        email in option::of(consent()),
        sms in option::of(consent()),
        same in any::<bool>(),
        orders in any::<u32>(),
        spent in any::<i64>(),
    ) -> Exported {
        let mut consent: BTreeMap<Channel, Consent> = BTreeMap::new();
        consent.extend(email.map(|email| (Channel::Email, email)));
        consent.extend(sms.map(|sms| (Channel::Sms, sms)));
        if let (true, Some(at)) = (same, consent.get(&Channel::Email).map(|email| email.at)) {
            consent.values_mut().for_each(|sms| sms.at = at);
        }
        let lists: BTreeSet<String> = lists;
        Exported { profile, lists, fields, consent, orders, spent, last_order_at: None }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn exported_and_imported_again_it_is_the_same(contacts in collection::vec(contact(), 1..5)) {
        for kind in [Kind::Csv, Kind::Xlsx] {
            let mut read = open(file(kind, &contacts), Options::default()).unwrap();
            let rows = rows(&mut read);
            prop_assert_eq!(rows.len(), contacts.len());
            for (row, contact) in rows.into_iter().zip(&contacts) {
                prop_assert_eq!((row.details, row.also), told(contact));
            }
        }
    }

    #[test]
    fn no_cell_of_an_exported_table_runs(contact in contact()) {
        let csv = file(Kind::Csv, &[contact]);
        let mut cells = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_slice());
        for record in cells.records() {
            for cell in &record.unwrap() {
                let begins = cell.trim_start().starts_with(['=', '+', '-', '@']);
                prop_assert!(!begins || cell.parse::<f64>().is_ok(), "{}", cell);
            }
        }
    }
}

#[test]
fn a_table_has_the_sums_and_all_fields() {
    let now = now();
    let id = masa_domain::ContactKey::new("0123456789abcdef0123456789abcdef")
        .contact(Some("dana@example.com"), None)
        .unwrap();
    let mut dana = Contact::new(id, now);
    dana.profile.email = Some("dana@example.com".to_owned());
    dana.profile.first_name = Some("=דנה".to_owned());
    dana.fields.insert("size".to_owned(), json!(42));
    dana.purchases.orders = 2;
    dana.purchases.spent = 12_990;
    dana.purchases.last_at = Some(now);
    let mut other = Contact::new(id, now);
    other.profile.phone = Some("+972505550123".to_owned());
    other.fields.insert("vip".to_owned(), json!(true));
    let contacts = [Exported::from(&dana), Exported::from(&other)];
    let csv = String::from_utf8(file(Kind::Csv, &contacts)).unwrap();
    assert_eq!(
        csv,
        "\u{feff}email,phone,first_name,last_name,language,timezone,country,lists,consent_email,\
         consent_email_at,consent_sms,consent_sms_at,field:size,field:vip,masa:orders,masa:spent,\
         masa:last_order_at\n\
         dana@example.com,,'=דנה,,,,,,,,,,42,,2,129.90,2026-06-01T12:00:00Z\n\
         ,+972505550123,,,,,,,,,,,,true,0,0.00,\n"
    );
    let lines = String::from_utf8(file(Kind::JsonLines, &contacts)).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["first_name"], json!("=דנה"));
    assert_eq!((&lines[0]["fields"]["size"], &lines[0]["spent"]), (&json!(42), &json!(12_990)));
}

#[test]
fn what_can_not_be_written_is_told() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    for kind in [Kind::Csv, Kind::Xlsx, Kind::JsonLines] {
        let written = Export::new(kind, Full, Fields::default()).and_then(|mut export| {
            export.write(&Exported::default())?;
            export.finish()
        });
        assert!(matches!(written, Err(Error::Write(_))), "{kind:?}");
    }
}

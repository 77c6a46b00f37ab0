//! Files in and out of a stack on the box (K2).

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use futures_util::future::BoxFuture;
use masa_box::{Call, ClockMode, Fault, Interceptor};
use masa_domain::{Answer, Channel, Contact};
use masa_door::Door;
use masa_runtime::{Clock, Config};
use masa_stack::Stack;

use super::{
    export,
    import::{self, Arguments},
};
use crate::{Found, publish};

const START: &str = "2026-03-01T08:00:00Z";

struct Desk {
    stack: Stack,
    door: Door,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Self {
        let settings: Config = [
            ("MASA_PUBLIC_URL", "https://go.shop.example"),
            ("MASA_FROM", "hello@shop.example"),
            ("MASA_SECRET_EVENTS", "whsec_dGhlIHNlY3JldCBvZiB0aGUgdGVzdHMgb2YgZmlsZXM="),
            ("MASA_SECRET_LINKS", "the secret under which links are signed"),
            ("MASA_CONTACT_KEY", "the key of contact ids, 32 characters or more"),
        ]
        .into_iter()
        .collect();
        let stack =
            Stack::open(None, ClockMode::Virtual(START.parse().unwrap()), settings).unwrap();
        let clock = stack.aws.clock();
        let clock = Clock::from_fn(move || clock.now());
        let door = Door::new(&stack.aws.sdk_config(), &stack.config, clock).unwrap();
        let files = masa_language::Files::from_texts(masa_flows::demo());
        publish::publish(&stack.store, masa_language::read(&files).unwrap(), false).await.unwrap();
        Self { stack, door, folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, text: &str) -> Arguments {
        let file = self.path("contacts.csv");
        fs::write(&file, text).unwrap();
        Arguments { file, yes: true, country: Some("IL".to_owned()), ..Arguments::default() }
    }

    async fn import(&self, arguments: &Arguments) -> Found {
        let found = import::run(arguments, &self.door, true).await.unwrap();
        self.stack.aws.settle().await.unwrap();
        found
    }

    async fn contact(&self, email: &str) -> Option<Contact> {
        let id = self.door.contacts().contact(Some(email), None).unwrap();
        self.stack.store.load(id).await.unwrap().contact
    }

    fn sent(&self) -> usize {
        self.stack.aws.outbox().unwrap().len()
    }
}

/// After so many calls AWS refuses all.
struct FailsFrom(AtomicI64);

impl Interceptor for FailsFrom {
    fn before<'a>(&'a self, _: &'a Call) -> BoxFuture<'a, Result<(), Fault>> {
        let fails = self.0.fetch_sub(1, Ordering::Relaxed) <= 0;
        let answer = Fault::Answer(400, "AccessDeniedException");
        Box::pin(async move { if fails { Err(answer) } else { Ok(()) } })
    }

    fn after<'a>(&'a self, _: &'a Call) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}

const PEOPLE: &str = "\
מייל,שם פרטי,נייד,מידה,אישור דיוור
dana@example.com,דנה,050-555-0123,38,כן
noam@example.com,נועם,,,לא
no address,,,,
dana@example.com,,,39,
";

#[tokio::test]
async fn k2_rows_become_contacts_once_and_begin_nothing() {
    let desk = Desk::new().await;
    let mut people = desk.file(PEOPLE);
    people.consent_source = Some("signed up in the shop".to_owned());
    people.list = vec!["newsletter".to_owned()];
    people.map = vec!["מידה=field:size".to_owned()];
    for _ in 0..2 {
        assert!(matches!(desk.import(&people).await, Found::Something), "a row was refused");
    }
    let dana = desk.contact("dana@example.com").await.unwrap();
    assert_eq!(dana.profile.first_name.as_deref(), Some("דנה"));
    assert_eq!(dana.profile.phone.as_deref(), Some("+972505550123"));
    assert_eq!(dana.field("size").unwrap().to_string().trim_matches('"'), "39", "the later row");
    assert!(dana.lists.contains_key("newsletter"));
    let said = &dana.consent[&Channel::Email];
    assert_eq!(
        (said.answer, said.text.as_deref()),
        (Answer::Granted, Some("signed up in the shop"))
    );
    let noam = desk.contact("noam@example.com").await.unwrap();
    assert_eq!(noam.consent[&Channel::Email].answer, Answer::Refused);
    assert_eq!((desk.sent(), dana.flows.len()), (0, 0), "nothing began");
    let refused = fs::read_to_string(desk.path("contacts.csv.refused.csv")).unwrap();
    assert!(refused.contains("no address") && !refused.contains("dana"), "{refused}");
    assert!(!desk.path("contacts.csv.import").exists(), "it came to its end");
}

#[tokio::test]
async fn k2_journeys_begin_when_they_may_and_consent_needs_a_source() {
    let desk = Desk::new().await;
    let mut people = desk.file(PEOPLE);
    people.list = vec!["newsletter".to_owned()];
    people.enter = true;
    people.rate = Some(10_000);
    let error = import::run(&people, &desk.door, true).await.err().unwrap();
    assert!(error.to_string().contains("--consent-source"), "{error}");
    // A dry run tells it beside all else.
    assert!(matches!(import::preview(&people, true).unwrap(), Found::Something));
    people.map = vec!["אישור דיוור=-".to_owned()];
    desk.import(&people).await;
    let dana = desk.contact("dana@example.com").await.unwrap();
    assert!(!dana.consent.contains_key(&Channel::Email), "the column is left out");
    assert_eq!(dana.flows.len(), 1, "{:?}", dana.flows);
}

/// An undated yes of a file is older than any refusal, also that of a number that another contact gave; a value that
/// is set back is set.
#[tokio::test]
async fn k2_an_import_undoes_no_refusal_and_its_last_row_stands() {
    let desk = Desk::new().await;
    let number = desk.door.contacts().contact(None, Some("+972505550123")).unwrap();
    desk.stack.store.refuse(number, Channel::Sms, desk.door.clock().now()).await.unwrap();
    let text = "email,phone,size,consent_sms\n\
                a@example.com,+972505550123,38,yes\na@example.com,,39,\na@example.com,,38,\n";
    let mut people = desk.file(text);
    people.consent_source = Some("exported".to_owned());
    desk.import(&people).await;
    let contact = desk.contact("a@example.com").await.unwrap();
    let refusals = desk.stack.store.load(number).await.unwrap().refusals;
    assert_eq!(contact.consent[&Channel::Sms].answer, Answer::Granted);
    assert!(!refusals.allow(&contact, Channel::Sms), "{:?}", contact.consent);
    assert_eq!(contact.field("size").unwrap().to_string().trim_matches('"'), "38");
    people.refused = Some(people.file.clone());
    let error = import::run(&people, &desk.door, true).await.err().unwrap();
    assert!(error.to_string().contains("overwritten"), "{error}");
}

#[tokio::test]
async fn k2_an_import_goes_on_where_it_stopped_and_no_further() {
    let desk = Desk::new().await;
    let rows: String = (0..1_200).map(|n| format!("reader-{n}@example.com\n")).collect();
    let people = desk.file(&format!("email\n{rows}"));
    desk.stack.aws.set_interceptor(Some(Arc::new(FailsFrom(AtomicI64::new(700)))));
    let error = import::run(&people, &desk.door, true).await.err().unwrap();
    assert!(error.to_string().contains("goes on where it stopped"), "{error}");
    let noted = fs::read_to_string(desk.path("contacts.csv.import")).unwrap();
    assert!(noted.ends_with(" 500\n"), "{noted}");
    desk.stack.aws.set_interceptor(None);
    desk.stack.aws.meter().take();
    import::run(&people, &desk.door, true).await.unwrap();
    let calls = desk.stack.aws.meter().take();
    let stored = calls.iter().filter(|call| call.operation == "PutItem").count();
    assert_eq!(stored, 1_200 - 500, "what was taken before is not told again");
    desk.stack.aws.settle().await.unwrap();
    for n in [0, 499, 500, 699, 1_199] {
        assert!(desk.contact(&format!("reader-{n}@example.com")).await.is_some(), "{n}");
    }
}

#[tokio::test]
async fn k2_what_is_exported_is_what_was_imported() {
    let desk = Desk::new().await;
    let mut people = desk.file(PEOPLE);
    people.consent_source = Some("signed up in the shop".to_owned());
    desk.import(&people).await;
    let noam = desk.door.contacts().contact(Some("dana@example.com"), None).unwrap();
    desk.stack.store.refuse(noam, Channel::Sms, desk.door.clock().now()).await.unwrap();
    for (name, expected) in [("all.csv", "+972505550123"), ("all.jsonl", "\"answer\":\"refused\"")]
    {
        let file = desk.path(name);
        export::run(&export::Arguments { file: file.clone() }, &desk.stack.store, true)
            .await
            .unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains("דנה") && text.contains("noam@example.com"), "{text}");
        assert!(text.contains(expected), "{text}");
    }
    let again = Desk::new().await;
    let mut all = Arguments { file: desk.path("all.csv"), yes: true, ..Arguments::default() };
    all.consent_source = Some("exported".to_owned());
    again.import(&all).await;
    let (one, other) =
        (desk.contact("dana@example.com").await, again.contact("dana@example.com").await);
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!((one.profile, one.fields), (other.profile, other.fields));
    assert_eq!(
        other.consent[&Channel::Sms].answer,
        Answer::Refused,
        "what a page was told is exported"
    );
    let wrong = export::Arguments { file: desk.path("all.doc") };
    let error = export::run(&wrong, &desk.stack.store, true).await.err().unwrap();
    assert!(error.to_string().contains(".csv, .xlsx or .jsonl"), "{error}");
}

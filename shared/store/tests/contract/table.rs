//! The table itself, what expires in it, and what errors tell.

use aws_sdk_dynamodb::types::{
    AttributeValue::{N, S},
    KeySchemaElement, KeyType, ProjectionType, ScalarAttributeType, StreamViewType,
    TimeToLiveStatus,
};
use masa_domain::{Channel, MessageId, WhySuppressed};
use masa_runtime::{Config, sdk_config};
use masa_store::{Error, Publish, Store, key};

use crate::{
    Bench, Item,
    samples::{claimed, contact, fact, flow, person, run, time},
};

/// Seconds for which facts and messages are kept.
const KEPT_S: i64 = 400 * 86_400;

pub(crate) async fn is_made_as_the_template_describes_it(bench: Bench) {
    let described = bench.client.describe_table().table_name(&bench.table).send().await.unwrap();
    let table = described.table.unwrap();
    assert_eq!(keys(table.key_schema()), [("pk", &KeyType::Hash), ("sk", &KeyType::Range)]);
    let mut indexes: Vec<_> = table.global_secondary_indexes().iter().collect();
    indexes.sort_by_key(|index| index.index_name());
    let [dates, overdue] = indexes[..] else { panic!("two indexes: {table:?}") };
    for (index, name, hash, range) in
        [(dates, "dates", "shard", "look"), (overdue, "overdue", "watch", "due")]
    {
        assert_eq!(index.index_name(), Some(name));
        assert_eq!(keys(index.key_schema()), [(hash, &KeyType::Hash), (range, &KeyType::Range)]);
        let projection = index.projection().unwrap();
        assert_eq!(projection.projection_type(), Some(&ProjectionType::KeysOnly));
    }
    let mut attributes: Vec<_> = table
        .attribute_definitions()
        .iter()
        .map(|attribute| (attribute.attribute_name(), attribute.attribute_type()))
        .collect();
    attributes.sort_by_key(|(name, _)| *name);
    let (number, text) = (&ScalarAttributeType::N, &ScalarAttributeType::S);
    assert_eq!(
        attributes,
        [
            ("due", number),
            ("look", number),
            ("pk", text),
            ("shard", text),
            ("sk", text),
            ("watch", text),
        ]
    );
    let stream = table.stream_specification.unwrap();
    assert_eq!(stream.stream_view_type, Some(StreamViewType::NewAndOldImages));
    let ttl = bench.client.describe_time_to_live().table_name(&bench.table).send().await.unwrap();
    let ttl = ttl.time_to_live_description.unwrap();
    assert_eq!(ttl.attribute_name.as_deref(), Some("expires"));
    assert_eq!(ttl.time_to_live_status, Some(TimeToLiveStatus::Enabled));
}

fn keys(schema: &[KeySchemaElement]) -> Vec<(&str, &KeyType)> {
    schema.iter().map(|key| (key.attribute_name(), key.key_type())).collect()
}

/// Stores one item of each kind and looks at the attribute that DynamoDB deletes by.
pub(crate) async fn what_expires_says_so_and_nothing_else_does(bench: Bench) {
    let dana = person("dana");
    let message = MessageId { run: run("1"), generation: 1 };
    bench.store.record(&fact(dana, "1")).await.unwrap();
    bench.store.commit(&contact(dana)).await.unwrap();
    bench.store.refuse(dana, Channel::Sms, time(0)).await.unwrap();
    bench.store.suppress(dana, Channel::Sms, WhySuppressed::Bounce, time(0)).await.unwrap();
    let claim = claimed(dana, message, "me");
    bench.store.claim(&claim, time(500)).await.unwrap();
    bench.store.opened(dana, message, "request", time(9_000)).await.unwrap();
    bench.store.take_over(&claim, &claimed(dana, message, "you").status).await.unwrap();
    let flows = vec![(flow("welcome", ""), "digest".to_owned())];
    let publish = Publish { flows, setup: Default::default(), prune: false };
    bench.store.publish(&publish).await.unwrap();

    let items = bench.items().await;
    let seen: Vec<_> =
        items.iter().map(|item| (crate::key(item, "sk"), item.get("expires").cloned())).collect();
    let after = |seconds: i64| Some(N((time(seconds).as_second() + KEPT_S).to_string()));
    let expected = [
        ("@".to_owned(), None),
        ("@C".to_owned(), None),
        ("@S".to_owned(), None),
        (key::fact(fact(dana, "1").id), after(0)),
        (key::message(message), after(500)),
        ("V#000001".to_owned(), None),
        ("LIVE".to_owned(), None),
    ];
    assert_eq!(
        seen, expected,
        "a fact from its receipt, a message from its first claim, in epoch seconds"
    );
}

/// Nothing listens there.
const NOWHERE: [(&str, &str); 5] = [
    ("MASA_TABLE", "nowhere"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_ACCESS_KEY_ID", "local"),
    ("AWS_SECRET_ACCESS_KEY", "local"),
];

pub(crate) async fn an_error_names_the_call_and_nobody(bench: Bench) {
    let nowhere: Config = NOWHERE.into_iter().collect();
    let store = Store::new(&sdk_config(&nowhere).unwrap(), &nowhere).unwrap();
    let mut told = fact(person("dana"), "1");
    told.details = crate::samples::details();
    let error = store.record(&told).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { operation: "PutItem", .. }), "{error}");
    assert!(!error.is_permanent(), "DynamoDB will be back: {error}");
    assert!(!format!("{error} {error:?}").contains("dana@"), "no address in an error: {error:?}");

    // A key that no item may have: DynamoDB itself refuses and explains.
    let long = "x".repeat(3_000);
    let error = bench.store.flow(&long, 1).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("GetItem") && text.contains("ValidationException"), "{text}");
}

/// What would be refused again is told from what is only refused now.
pub(crate) async fn a_refused_request_is_permanent_and_a_missing_table_is_not(bench: Bench) {
    let dana = person("dana");
    let message = MessageId { run: run("1"), generation: 1 };
    let mut large = fact(dana, "1");
    large.details.fields.insert("large".to_owned(), "א".repeat(210_000).into());
    let refusals = [
        ("an item over 400 KB", bench.store.record(&large).await.unwrap_err()),
        ("a key over 2 KB", bench.store.flow(&"x".repeat(3_000), 1).await.unwrap_err()),
        ("a page of nothing", bench.store.overdue("0", time(0), 0).await.unwrap_err()),
    ];
    for (what, error) in refusals {
        let known =
            matches!(&error, Error::Unavailable { cause, .. } if cause.contains("Validation"));
        assert!(known && error.is_permanent(), "{what}: {error}");
    }
    assert_eq!(bench.items().await, [], "nothing was stored");

    let config = [("MASA_TABLE", "missing")].into_iter().collect();
    let store = Store::new(&bench.sdk, &config).unwrap();
    let claim = claimed(dana, message, "me");
    let refusals = [
        store.record(&fact(dana, "1")).await.unwrap_err(),
        store.load(dana).await.unwrap_err(),
        store.message(dana, message).await.unwrap_err(),
        store.take_over(&claim, &claim.status).await.unwrap_err(),
        store.overdue("0", time(0), 1).await.unwrap_err(),
    ];
    for error in refusals {
        let known =
            matches!(&error, Error::Unavailable { cause, .. } if cause.contains("NotFound"));
        assert!(known && !error.is_permanent(), "an operator will make it: {error}");
    }
}

pub(crate) async fn a_broken_item_is_named_by_its_key(bench: Bench) {
    let dana = person("dana");
    let pk = key::contact(dana);
    bench
        .put(Item::from([
            ("pk".to_owned(), S(pk.clone())),
            ("sk".to_owned(), S("@".to_owned())),
            ("version".to_owned(), S("dana@example.com".to_owned())),
        ]))
        .await;
    let error = bench.store.load(dana).await.unwrap_err();
    assert!(matches!(&error, Error::Corrupt { key, .. } if *key == format!("{pk} @")), "{error}");
    assert!(!error.to_string().contains("dana@"), "no content in an error: {error}");
    assert!(error.is_permanent(), "it stays broken: {error}");
}

//! The table: its index, its stream as a witness sees it, and what expires.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, AttributeValue,
        AttributeValue::{N, S},
        BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    },
};
use masa_box::AwsBox;
use serde_json::{Value, json};

use crate::{new_box, put, recorder, stream_source};

type Item = HashMap<String, AttributeValue>;

async fn put_due(client: &Client, table: &str, pk: &str, due: Option<(&str, u32)>) {
    let put =
        client.put_item().table_name(table).item("pk", S(pk.into())).item("sk", S("@".into()));
    let put = put.item("version", N("1".into()));
    let put = match due {
        Some((watch, due)) => put.item("watch", S(watch.into())).item("due", N(due.to_string())),
        None => put,
    };
    put.send().await.unwrap();
}

/// One page of what is due in shard 3, and where the next begins.
async fn page(
    client: &Client,
    table: &str,
    now: u32,
    limit: Option<i32>,
    start: Option<Item>,
) -> (Vec<Item>, Option<Item>) {
    let query = client.query().table_name(table).index_name("overdue");
    let query = query.key_condition_expression("watch = :watch AND due <= :now");
    let query = query.expression_attribute_values(":watch", S("3".into()));
    let query = query.expression_attribute_values(":now", N(now.to_string()));
    let found = query.set_limit(limit).set_exclusive_start_key(start).send().await.unwrap();
    (found.items.unwrap(), found.last_evaluated_key)
}

fn pks(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item["pk"].as_s().unwrap().as_str()).collect()
}

async fn due(client: &Client, table: &str, now: u32) -> Vec<String> {
    let (items, _) = page(client, table, now, None, None).await;
    pks(&items).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_index_holds_only_what_is_watched_in_the_order_of_its_time() {
    let opened = new_box();
    let client = Client::new(&opened.sdk_config());
    for (pk, watched) in [
        ("C#late", Some(("3", 1_000))),
        ("C#none", None),
        // As texts, 999 would come after 1000.
        ("C#early", Some(("3", 999))),
        ("C#same", Some(("3", 1_000))),
        ("C#other", Some(("4", 5))),
        ("C#future", Some(("3", 1_001))),
    ] {
        put_due(&client, "masa", pk, watched).await;
    }
    assert_eq!(due(&client, "masa", 998).await, Vec::<String>::new());
    assert_eq!(due(&client, "masa", 1_000).await.len(), 3);
    assert_eq!(due(&client, "masa", 1_000).await[0], "C#early");
    let (items, _) = page(&client, "masa", 999, None, None).await;
    let mut names: Vec<_> = items[0].keys().collect();
    names.sort_unstable();
    assert_eq!(names, ["due", "pk", "sk", "watch"], "keys only");

    let (mut pages, mut start) = (Vec::new(), None);
    loop {
        let (items, next) = page(&client, "masa", 1_000, Some(1), start).await;
        pages.extend(items);
        start = next;
        if start.is_none() {
            break;
        }
    }
    assert_eq!(pks(&pages), due(&client, "masa", 1_000).await);

    put_due(&client, "masa", "C#early", None).await;
    put_due(&client, "masa", "C#late", Some(("3", 2_000))).await;
    assert_eq!(due(&client, "masa", 1_000).await, ["C#same"]);
    let drop = client.update_item().table_name("masa").key("pk", S("C#same".into()));
    let drop = drop.key("sk", S("@".into())).update_expression("REMOVE watch, due");
    drop.send().await.unwrap();
    assert_eq!(due(&client, "masa", 1_999).await, ["C#future"]);
    let wrong = client.put_item().table_name("masa").item("pk", S("C#1".into()));
    let wrong = wrong.item("sk", S("@".into())).item("watch", S("3".into()));
    wrong.item("due", S("tomorrow".into())).send().await.unwrap_err();
}

#[tokio::test]
async fn a_table_without_the_index_gets_it_with_what_it_holds() {
    let opened = new_box();
    let client = Client::new(&opened.sdk_config());
    let mut make = client.create_table().table_name("old").billing_mode(BillingMode::PayPerRequest);
    for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let text = AttributeDefinition::builder().attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
        make = make
            .attribute_definitions(text.attribute_name(name).build().unwrap())
            .key_schema(key.build().unwrap());
    }
    make.send().await.unwrap();
    put_due(&client, "old", "C#1", Some(("3", 10))).await;
    put_due(&client, "old", "C#2", None).await;
    opened.ensure_table("old").unwrap();
    opened.ensure_table("old").unwrap();
    put_due(&client, "old", "C#3", Some(("3", 20))).await;
    assert_eq!(due(&client, "old", 100).await, ["C#1", "C#3"]);
}

fn names(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["eventName"].as_str().unwrap()).collect()
}

fn sequence(record: &Value) -> &str {
    record.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str).unwrap()
}

/// Writes so much that records which every function had are removed.
async fn write_a_lot(opened: &AwsBox) {
    let (handler, _) = recorder(|_| Ok(json!({})));
    opened.on_stream("advance", stream_source(), handler).unwrap();
    let client = Client::new(&opened.sdk_config());
    for number in 0..300 {
        put(&client, "C#1", &format!("F#{number}")).await;
    }
    opened.settle().await.unwrap();
}

#[tokio::test]
async fn a_witness_sees_every_record_and_where_the_stream_is() {
    let opened = new_box();
    assert_eq!(opened.stream_head("masa").unwrap(), "");
    assert_eq!(opened.records("masa", "").unwrap(), Vec::<Value>::new());
    opened.keep_records();
    write_a_lot(&opened).await;
    let all = opened.records("masa", "").unwrap();
    assert_eq!(all.len(), 300);
    assert_eq!(opened.stream_head("masa").unwrap(), sequence(&all[299]));
    assert_eq!(opened.records("masa", sequence(&all[297])).unwrap(), all[298..]);
    opened.records("masa", "no number").unwrap_err();

    let pruned = new_box();
    write_a_lot(&pruned).await;
    assert!(pruned.records("masa", "").unwrap().len() < 300);
    let head = pruned.stream_head("masa").unwrap();
    assert_eq!(head.len(), 21);
    assert_eq!(pruned.records("masa", &head).unwrap(), Vec::<Value>::new());
    put(&Client::new(&pruned.sdk_config()), "C#2", "@").await;
    assert_eq!(names(&pruned.records("masa", &head).unwrap()), ["INSERT"]);
    assert!(pruned.stream_head("masa").unwrap() > head);
}

#[tokio::test]
async fn what_expired_goes_as_the_time_to_live_takes_it() {
    let opened = new_box();
    let client = Client::new(&opened.sdk_config());
    let now = opened.clock().now().as_second();
    let large = "x".repeat(300_000);
    let item = |pk: &str, expires: Option<AttributeValue>| {
        let put = client.put_item().table_name("masa").item("pk", S(pk.into()));
        let put = put.item("sk", S("@".into())).item("filling", S(large.clone()));
        let put = put.item("watch", S("3".into())).item("due", N("1".into()));
        match expires {
            Some(expires) => put.item("expires", expires),
            None => put,
        }
    };
    // More than a page of a scan.
    for number in 0..9 {
        item(&format!("C#gone{number}"), Some(N((now - 1).to_string()))).send().await.unwrap();
    }
    for (pk, expires) in [
        ("C#now", Some(N(now.to_string()))),
        ("C#never", None),
        ("C#text", Some(S("1".into()))),
        ("C#gone", Some(N("5".into()))),
        ("C#deleted", None),
    ] {
        item(pk, expires).send().await.unwrap();
    }
    let delete = client.delete_item().table_name("masa").key("pk", S("C#deleted".into()));
    delete.key("sk", S("@".into())).send().await.unwrap();
    let before = opened.stream_head("masa").unwrap();
    let (handler, seen) = recorder(|_| Ok(json!({})));
    let source = masa_box::StreamSource { patterns: vec![], ..stream_source() };
    opened.on_stream("advance", source, handler).unwrap();

    assert_eq!(opened.expire("masa").unwrap(), 10);
    assert_eq!(opened.expire("masa").unwrap(), 0);
    let mut left = due(&client, "masa", 1).await;
    left.sort_unstable();
    assert_eq!(left, ["C#never", "C#now", "C#text"]);
    let records = opened.records("masa", &before).unwrap();
    assert_eq!(names(&records), ["REMOVE"; 10]);
    let service = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
    assert!(records.iter().all(|record| record["userIdentity"] == service));
    assert!(records.iter().all(|record| record["dynamodb"]["OldImage"]["filling"].is_object()));
    let all = opened.records("masa", "").unwrap();
    let by_hand = all.iter().find(|record| record["eventName"] == "REMOVE").unwrap();
    assert!(by_hand.get("userIdentity").is_none(), "deleted by a caller");

    opened.settle().await.unwrap();
    let event = seen.lock().unwrap().last().unwrap().clone();
    let event: aws_lambda_events::dynamodb::Event = serde_json::from_value(event).unwrap();
    let last = event.records.last().unwrap();
    let identity = last.user_identity.as_ref().unwrap();
    assert_eq!(identity.principal_id, "dynamodb.amazonaws.com");
}

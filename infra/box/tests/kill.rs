//! A process that is killed at any moment loses nothing that it acknowledged: this test starts itself as a child,
//! kills it again and again, and looks at what is left.
#![expect(clippy::unwrap_used, reason = "test assertions")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use aws_sdk_dynamodb::types::AttributeValue::S;
use masa_box::{AwsBox, ClockMode, Queue, StreamSource, handler};
use serde_json::{Value, json};

/// How often the child dies.
const DEATHS: usize = 16;

fn text<'a>(record: &'a Value, pointer: &str) -> &'a str {
    record.pointer(pointer).unwrap().as_str().unwrap()
}

/// Opens the box with a function that sends one message, its id derived, for every fact.
fn open(folder: &Path) -> AwsBox {
    let opened = AwsBox::open(Some(folder), ClockMode::Real).unwrap();
    opened.ensure_table("masa").unwrap();
    opened
        .add_queue(Queue { name: "send".into(), visibility_timeout_s: 300, redrive: None })
        .unwrap();
    let source = StreamSource {
        table: "masa".into(),
        patterns: vec![
            json!({"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "F#"}]}}}}),
        ],
        batch_size: 7,
        max_attempts: 3,
        dead_letter_queue: None,
    };
    let (sqs, url) =
        (Arc::new(aws_sdk_sqs::Client::new(&opened.sdk_config())), opened.queue_url("send"));
    let advance = handler(move |event: Value| {
        let (sqs, url) = (Arc::clone(&sqs), url.clone());
        async move {
            for record in event.pointer("/Records").unwrap().as_array().unwrap() {
                let body = text(record, "/dynamodb/Keys/pk/S");
                sqs.send_message().queue_url(&url).message_body(body).send().await.unwrap();
            }
            Ok::<_, String>(json!({}))
        }
    });
    opened.on_stream("advance", source, advance).unwrap();
    let dynamodb = Arc::new(aws_sdk_dynamodb::Client::new(&opened.sdk_config()));
    let deliver = handler(move |event: Value| {
        let dynamodb = Arc::clone(&dynamodb);
        async move {
            for record in event.pointer("/Records").unwrap().as_array().unwrap() {
                let pk = text(record, "/body");
                let put = dynamodb.put_item().table_name("masa").item("pk", S(pk.into()));
                put.item("sk", S("M#".into())).send().await.unwrap();
            }
            Ok::<_, String>(json!({}))
        }
    });
    opened.on_queue("deliver", "send", 3, deliver).unwrap();
    opened
}

/// Stores facts for ever, from this number on, and says so after each; delivers after every third.
async fn child(folder: &Path, first: usize) {
    let opened = open(folder);
    let client = aws_sdk_dynamodb::Client::new(&opened.sdk_config());
    for number in first.. {
        let put = client.put_item().table_name("masa").item("pk", S(format!("C#{number}")));
        put.item("sk", S("F#".into())).send().await.unwrap();
        println!("{number}");
        std::io::stdout().flush().unwrap();
        if number % 3 == 0 {
            opened.settle().await.unwrap();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the parent waits, the child works")]
async fn parent(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
    let mut acknowledged = Vec::<String>::new();
    for death in 0..DEATHS {
        let first = (acknowledged.len() * 10).to_string();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child", &folder.to_string_lossy(), &first])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for _ in 0..1 + death * 2 {
            acknowledged.push(lines.next().unwrap().unwrap());
        }
        // Somewhere in a call, in a function or between two of them: never the same place.
        std::thread::sleep(Duration::from_micros(700 * death as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(lines.map(Result::unwrap));
    }
    let opened = open(folder);
    opened.settle().await.unwrap();
    let client = aws_sdk_dynamodb::Client::new(&opened.sdk_config());
    for number in &acknowledged {
        for sk in ["F#", "M#"] {
            let get = client.get_item().table_name("masa").key("pk", S(format!("C#{number}")));
            let found = get.key("sk", S(sk.into())).send().await.unwrap();
            assert!(found.item.is_some(), "C#{number} {sk} was lost");
        }
    }
    assert_eq!(opened.queue_depth("send").unwrap(), 0);
    assert!(acknowledged.len() >= DEATHS * DEATHS);
    drop(opened);
    std::fs::remove_dir_all(folder).unwrap();
    println!("{} facts outlived {} deaths", acknowledged.len(), DEATHS);
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "child", folder, first] => child(Path::new(folder), first.parse().unwrap()).await,
        _ => {
            parent(
                &Path::new(env!("CARGO_TARGET_TMPDIR"))
                    .join(format!("kill-{}", std::process::id())),
            )
            .await
        }
    }
}

//! The box on a data folder: nothing that was acknowledged is lost.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use masa_box::{AwsBox, ClockMode, Error};
use serde_json::json;

use crate::{START, furnish, members, put, recorder, schedule, send, stream_source, time};

/// A folder of the test's own, removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    pub(crate) fn open(&self, start: &str) -> AwsBox {
        let opened = AwsBox::open(Some(&self.0), ClockMode::Virtual(time(start))).unwrap();
        furnish(&opened);
        opened
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn a_restart_keeps_everything_and_takes_up_what_was_in_hand() {
    let folder = Folder::new("restart");
    let opened = folder.open(START);
    let (handler, seen) = recorder(|_| Ok(json!({})));
    opened.on_stream("advance", stream_source(), handler).unwrap();
    let client = aws_sdk_dynamodb::Client::new(&opened.sdk_config());
    put(&client, "C#1", "F#1").await;
    opened.advance_to(time("2026-03-01T10:00:00Z")).await.unwrap();
    assert_eq!(members(&seen, "/dynamodb/Keys/sk/S").concat(), ["F#1"]);
    schedule(&opened, "run.1", "2026-03-02T08:00:00", "due").await.unwrap();
    send(&opened, "work", "in hand", 0).await;
    send(&opened, "work", "delayed", 600).await;
    let sns = aws_sdk_sns::Client::new(&opened.sdk_config());
    sns.publish().phone_number("+972505550123").message("a").send().await.unwrap();

    // The process dies while a function has the message in hand and has stored a fact.
    let stored = Arc::new(tokio::sync::Notify::new());
    let (storing, dynamodb) = (Arc::clone(&stored), client.clone());
    let hangs: masa_box::Handler = Arc::new(move |_| {
        let (storing, dynamodb) = (Arc::clone(&storing), dynamodb.clone());
        Box::pin(async move {
            put(&dynamodb, "C#1", "F#2").await;
            storing.notify_one();
            std::future::pending().await
        })
    });
    opened.on_queue("wake", "work", 10, hangs).unwrap();
    tokio::select! {
        _ = opened.settle() => panic!("the function hangs"),
        () = stored.notified() => {}
    }
    drop(opened);
    assert!(
        sns.publish().phone_number("+972505550123").message("b").send().await.is_err(),
        "the box is gone"
    );

    let opened = folder.open(START);
    assert_eq!(opened.clock().now(), time("2026-03-01T10:00:00Z"));
    assert_eq!(opened.outbox_len().unwrap(), 1);
    let (handler, seen) = recorder(|_| Ok(json!({})));
    opened.on_stream("advance", stream_source(), handler).unwrap();
    let (handler, woken) = recorder(|_| Ok(json!({})));
    opened.on_queue("wake", "work", 10, handler).unwrap();
    opened.settle().await.unwrap();
    assert_eq!(members(&seen, "/dynamodb/Keys/sk/S").concat(), ["F#2"]);
    assert_eq!(members(&woken, "/body").concat(), ["in hand"]);
    assert_eq!(members(&woken, "/attributes/ApproximateReceiveCount").concat(), ["2"]);
    opened.advance_to(time("2026-03-03T00:00:00Z")).await.unwrap();
    assert_eq!(members(&woken, "/body").concat(), ["in hand", "delayed", "due"]);
}

#[tokio::test]
async fn a_folder_belongs_to_one_box() {
    let folder = Folder::new("lock");
    let first = folder.open(START);
    assert!(matches!(AwsBox::open(Some(&folder.0), ClockMode::Real), Err(Error::InUse)));
    drop(first);
    folder.open(START);
}

#[tokio::test]
async fn a_real_clock_keeps_how_far_it_was_put_forward() {
    let folder = Folder::new("clock");
    let opened = AwsBox::open(Some(&folder.0), ClockMode::Real).unwrap();
    let ahead = opened.clock().now() + jiff::SignedDuration::from_hours(48);
    opened.advance_to(ahead).await.unwrap();
    drop(opened);
    let opened = AwsBox::open(Some(&folder.0), ClockMode::Real).unwrap();
    let late = opened.clock().now().duration_since(ahead);
    assert!(
        late >= jiff::SignedDuration::ZERO && late < jiff::SignedDuration::from_mins(5),
        "{late}"
    );
}

#[tokio::test]
async fn on_a_real_clock_the_box_wakes_for_what_falls_due() {
    let opened = AwsBox::open(None, ClockMode::Real).unwrap();
    furnish(&opened);
    let (done, waiting) = futures_util::future::AbortHandle::new_pair();
    let (handler, seen) = recorder(move |event| {
        if event["Records"][0]["body"] == "late" {
            done.abort();
        }
        Ok(json!({}))
    });
    opened.on_queue("wake", "work", 10, handler).unwrap();
    let work = async {
        send(&opened, "work", "soon", 0).await;
        send(&opened, "work", "late", 1).await;
        opened.run().await
    };
    let ended = futures_util::future::Abortable::new(work, waiting).await;
    assert!(ended.is_err(), "the box delivers until it is told to stop: {ended:?}");
    assert_eq!(members(&seen, "/body").concat(), ["soon", "late"]);
}

#[tokio::test]
async fn a_visibility_timeout_that_was_set_outlives_the_process() {
    let folder = Folder::new("visibility");
    let opened = folder.open(START);
    let client = aws_sdk_sqs::Client::new(&opened.sdk_config());
    for body in ["set", "in hand"] {
        send(&opened, "work", body, 0).await;
    }
    let receive = client.receive_message().queue_url(opened.queue_url("work"));
    let received = receive.max_number_of_messages(2).send().await.unwrap().messages.unwrap();
    let set = client.change_message_visibility().queue_url(opened.queue_url("work"));
    let set = set.receipt_handle(received[0].receipt_handle().unwrap()).visibility_timeout(300);
    set.send().await.unwrap();
    drop(opened);

    let opened = folder.open(START);
    let (handler, seen) = recorder(|_| Ok(json!({})));
    opened.on_queue("deliver", "work", 10, handler).unwrap();
    opened.settle().await.unwrap();
    assert_eq!(members(&seen, "/body"), [["in hand"]]);
    opened.advance_to(time("2026-03-01T08:05:00Z")).await.unwrap();
    assert_eq!(members(&seen, "/body").concat(), ["in hand", "set"]);
}

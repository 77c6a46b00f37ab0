//! Functions that are invoked at a rate.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt as _, future};
use jiff::{SignedDuration, ToSpan as _};
use masa_box::{AwsBox, ClockMode, Error, Handler, Ready, Settled};
use serde_json::{Value, json};

use crate::{START, new_box, recorder, restart::Folder, schedule, time};

const QUARTER: SignedDuration = SignedDuration::from_mins(15);

/// A function that keeps the instants at which it was invoked.
fn diary(opened: &AwsBox) -> (Handler, Arc<Mutex<Vec<String>>>) {
    let (clock, kept) = (opened.clock(), Arc::<Mutex<Vec<String>>>::default());
    let diary = Arc::clone(&kept);
    let (handler, _) = recorder(move |event| {
        assert_eq!(event, &json!({}));
        diary.lock().unwrap().push(clock.now().strftime("%d %H:%M").to_string());
        Ok(Value::Null)
    });
    (handler, kept)
}

/// A function that fails so many times, and counts its invocations.
fn failing(times: usize) -> (Handler, Arc<AtomicUsize>) {
    let count = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&count);
    let answer = move |_: &Value| match counted.fetch_add(1, Ordering::Relaxed) < times {
        true => Err("not yet".to_owned()),
        false => Ok(Value::Null),
    };
    (recorder(answer).0, count)
}

#[tokio::test]
async fn ticks_stand_at_multiples_and_of_many_without_a_stop_the_last_is_one() {
    let opened = new_box();
    let (handler, diary) = diary(&opened);
    opened.on_queue("wake", "work", 10, recorder(|_| Ok(json!({}))).0).unwrap();
    opened.on_rate("sweep", QUARTER, handler).unwrap();
    assert_eq!(opened.settle().await.unwrap(), Settled::default(), "the first is the next one");
    assert_eq!(opened.next_due().unwrap(), Some(time("2026-03-01T08:15:00Z")));
    assert_eq!(opened.next_timed().unwrap(), None);

    assert_eq!(opened.advance_to(time("2026-03-01T08:14:59Z")).await.unwrap(), Settled::default());
    let settled = opened.advance_to(time("2026-03-01T08:15:00Z")).await.unwrap();
    assert_eq!(settled, Settled { rates: 1, ..Settled::default() });
    schedule(&opened, "a.1", "2026-03-01T09:40:00", "a").await.unwrap();
    let settled = opened.advance_to(time("2026-03-01T10:07:00Z")).await.unwrap();
    assert_eq!((settled.rates, settled.fired()), (2, 1));
    let settled = opened.advance_to(time("2028-03-01T10:07:00Z")).await.unwrap();
    assert_eq!(settled.rates, 1);
    assert_eq!(*diary.lock().unwrap(), ["01 08:15", "01 09:30", "01 10:00", "01 10:00"]);

    opened.invoke("sweep", json!({})).await.unwrap();
    assert_eq!(diary.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn each_of_several_rates_has_its_own_ticks() {
    let opened = new_box();
    let ((often, quarters), (seldom, days)) = (diary(&opened), diary(&opened));
    opened.on_rate("often", QUARTER, often).unwrap();
    opened.on_rate("seldom", SignedDuration::from_hours(24), seldom).unwrap();
    opened.advance_to(time("2026-03-03T08:05:00Z")).await.unwrap();
    assert_eq!(*days.lock().unwrap(), ["03 00:00"]);
    assert_eq!(*quarters.lock().unwrap(), ["03 00:00", "03 08:00"]);
}

#[tokio::test]
async fn a_failed_tick_is_tried_again_twice_and_then_dropped() {
    for (failures, expected) in [
        (1, Settled { rates: 2, failures: 1, ..Settled::default() }),
        (2, Settled { rates: 3, failures: 2, ..Settled::default() }),
        (3, Settled { rates: 3, failures: 2, dead_letters: 1, ..Settled::default() }),
    ] {
        let opened = new_box();
        let (handler, count) = failing(failures);
        opened.on_rate("sweep", QUARTER, handler).unwrap();
        assert_eq!(opened.advance_to(time("2026-03-01T08:20:00Z")).await.unwrap(), expected);
        assert_eq!(opened.next_due().unwrap(), Some(time("2026-03-01T08:30:00Z")));
        opened.advance_to(time("2026-03-01T08:30:00Z")).await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), expected.rates + 1, "the next is a new one");
    }
}

#[tokio::test]
async fn the_tick_of_a_dead_invocation_is_tried_again_twice() {
    let opened = new_box();
    opened.on_rate("sweep", QUARTER, Arc::new(|_| future::pending().boxed())).unwrap();
    opened.set_clock(time("2026-03-01T08:16:00Z")).unwrap();
    let sweep = Ready::Rate { function: "sweep".into() };
    for _ in 0..3 {
        assert_eq!(opened.ready().unwrap(), std::slice::from_ref(&sweep));
        let tick = opened.take(&sweep).unwrap().unwrap();
        assert_eq!((tick.function.as_str(), &tick.event), ("sweep", &json!({})));
        let mut running = std::pin::pin!(opened.deliver(tick));
        assert!(running.as_mut().now_or_never().is_none());
        assert_eq!(opened.ready().unwrap(), [], "it is being delivered");
    }
    assert_eq!(opened.ready().unwrap(), []);
    assert!(opened.take(&sweep).unwrap().is_none());
    opened.set_clock(time("2026-03-01T08:30:00Z")).unwrap();
    assert_eq!(opened.ready().unwrap(), [sweep]);
}

#[tokio::test]
async fn a_tick_that_ends_late_does_not_bring_a_newer_one_back() {
    let opened = new_box();
    opened.on_rate("sweep", QUARTER, failing(0).0).unwrap();
    let sweep = Ready::Rate { function: "sweep".into() };
    opened.set_clock(time("2026-03-01T08:15:00Z")).unwrap();
    let slow = opened.take(&sweep).unwrap().unwrap();
    opened.set_clock(time("2026-03-01T08:30:00Z")).unwrap();
    let newer = opened.take(&sweep).unwrap().unwrap();
    opened.deliver(newer).await.unwrap();
    opened.deliver(slow).await.unwrap();
    assert_eq!(opened.ready().unwrap(), []);
}

#[tokio::test]
async fn a_restart_repeats_no_tick_and_makes_up_for_one_that_was_missed() {
    let folder = Folder::new("rates");
    let open = |at: &str| {
        let opened = folder.open(at);
        let (handler, diary) = diary(&opened);
        opened.on_rate("sweep", QUARTER, handler).unwrap();
        (opened, diary)
    };
    let (opened, _) = open(START);
    let settled = opened.advance_to(time("2026-03-01T08:20:00Z")).await.unwrap();
    assert_eq!(settled.rates, 1);
    drop(opened);

    let (opened, diary) = open("2026-03-01T08:29:00Z");
    assert_eq!(opened.settle().await.unwrap(), Settled::default());
    // The process dies with the next tick in hand.
    opened.set_clock(time("2026-03-01T08:31:00Z")).unwrap();
    let taken = opened.take(&Ready::Rate { function: "sweep".into() }).unwrap();
    assert!(taken.is_some() && diary.lock().unwrap().is_empty());
    drop(opened);

    let (opened, _) = open("2026-03-01T08:32:00Z");
    assert_eq!(opened.settle().await.unwrap().rates, 1);
    assert_eq!(opened.settle().await.unwrap().rates, 0);
    drop(opened);

    let (opened, diary) = open("2026-03-02T12:01:00Z");
    assert_eq!(opened.settle().await.unwrap().rates, 1);
    assert_eq!(*diary.lock().unwrap(), ["02 12:01"]);
    assert_eq!(opened.next_due().unwrap(), Some(time("2026-03-02T12:15:00Z")));
}

#[tokio::test]
async fn ticks_come_by_themselves_on_a_real_clock() {
    let opened = AwsBox::open(None, ClockMode::Real).unwrap();
    let (told, heard) = tokio::sync::oneshot::channel();
    let told = Mutex::new(Some(told));
    let (handler, _) = recorder(move |_| {
        told.lock().unwrap().take().unwrap().send(()).unwrap();
        Ok(Value::Null)
    });
    opened.on_rate("sweep", SignedDuration::from_mins(1), handler).unwrap();
    let tick = opened.next_due().unwrap().unwrap();
    opened.set_clock(tick - 100.milliseconds()).unwrap();
    let run = std::pin::pin!(opened.run());
    let heard = tokio::time::timeout(Duration::from_secs(20), heard);
    match future::select(run, std::pin::pin!(heard)).await {
        future::Either::Left((ended, _)) => match ended.unwrap() {},
        future::Either::Right((heard, _)) => heard.unwrap().unwrap(),
    }
    assert!(opened.clock().now() >= tick);
}

#[tokio::test]
async fn a_rate_is_whole_minutes() {
    let opened = new_box();
    for seconds in [-60, 0, 30, 90] {
        let (handler, _) = failing(0);
        let refused = opened.on_rate("sweep", SignedDuration::from_secs(seconds), handler);
        assert!(matches!(refused, Err(Error::Registration(_))), "{seconds} s");
    }
    assert_eq!(opened.next_due().unwrap(), None);
}

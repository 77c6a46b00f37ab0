//! What readers and SES tell of a message: opens, clicks, its acceptance, its way.

use std::collections::BTreeSet;

use masa_domain::{MARKS_MAX, Message, Status};
use masa_store::{Claim, Mark, Settle};

use crate::{
    Bench,
    messages::{ID, message, outcomes, sent},
    samples::{person, time},
};

impl Bench {
    async fn open(&self, request: &str, seconds: i64) {
        self.store.opened(person("dana"), ID(), request, time(seconds)).await.unwrap();
    }

    async fn click(&self, link: &str, request: &str, seconds: i64) {
        self.store.clicked(person("dana"), ID(), link, request, time(seconds)).await.unwrap();
    }

    async fn taken(&self, provider_id: &str, seconds: i64) -> Settle {
        self.store.taken(person("dana"), ID(), provider_id, time(seconds)).await.unwrap()
    }

    async fn mark(&self, mark: Mark, seconds: i64) -> Option<Message> {
        self.store.mark(person("dana"), ID(), mark, time(seconds)).await.unwrap()
    }
}

fn ids(requests: impl IntoIterator<Item = impl ToString>) -> BTreeSet<String> {
    requests.into_iter().map(|request| request.to_string()).collect()
}

/// A request that is told again, because an answer was lost or somebody repeats it, counts once.
pub(crate) async fn an_open_keeps_the_first_time_and_counts_by_request(bench: Bench) {
    bench.claim("me").await;
    for (request, seconds) in [("b", 5), ("a", 7), ("b", 8), ("c", 6), ("b", 5)] {
        bench.open(request, seconds).await;
    }
    let opened = Message { opened_at: Some(time(5)), opens: ids(["a", "b", "c"]), ..message("me") };
    assert_eq!(bench.stored().await, opened, "and nothing else changes");
    assert_eq!(bench.settle("me", &sent()).await, Settle::Done, "not even whose claim it is");
    assert_eq!(bench.stored().await, Message { status: sent(), ..opened });
}

pub(crate) async fn clicks_are_kept_by_link(bench: Bench) {
    bench.claim("me").await;
    bench.settle("me", &sent()).await;
    for (link, request, seconds) in [
        ("offer", "a", 5),
        ("a.b-c_d", "b", 6),
        ("offer", "c", 7),
        ("0123456789abcdef", "d", 8),
        ("offer", "a", 9),
    ] {
        bench.click(link, request, seconds).await;
    }
    let first = [("offer", 5), ("a.b-c_d", 6), ("0123456789abcdef", 8)];
    let clicked = Message {
        status: sent(),
        clicked_at: Some(time(5)),
        clicks: ids(["a", "b", "c", "d"]),
        links: first.into_iter().map(|(link, at)| (link.to_owned(), time(at))).collect(),
        ..message("me")
    };
    assert_eq!(bench.stored().await, clicked);
}

/// A machine that fetches on and on fills no item; but a link that was not followed before is news.
pub(crate) async fn opens_and_clicks_are_counted_up_to_a_bound(bench: Bench) {
    bench.claim("me").await;
    let bound = i64::try_from(MARKS_MAX).unwrap();
    for n in 0..bound + 3 {
        bench.open(&n.to_string(), n).await;
        bench.click("offer", &n.to_string(), n).await;
    }
    let full = Message {
        opened_at: Some(time(0)),
        opens: ids(0..bound),
        clicked_at: Some(time(0)),
        clicks: ids(0..bound),
        links: [("offer".to_owned(), time(0))].into(),
        ..message("me")
    };
    assert_eq!(bench.stored().await, full);
    for seconds in [1_000, 1_001] {
        bench.click("spring", "one more", seconds).await;
    }
    bench.click("offer", "0", 1_002).await;
    let links = [("offer".to_owned(), time(0)), ("spring".to_owned(), time(1_000))].into();
    assert_eq!(bench.stored().await, Message { links, ..full });
}

/// SES took it, and whoever sent it did not hear of it, or did not live to tell.
pub(crate) async fn what_ses_took_is_sent_whatever_was_recorded(bench: Bench) {
    assert_eq!(bench.taken("ses-1", 1).await, Settle::Lost);
    assert_eq!(bench.items().await, [], "a message that is gone stays gone");

    let released = Status::Released { at: time(1), reason: "later".to_owned(), unknowns: 1 };
    let again = Status::Claimed { owner: "me".to_owned(), lease_until: time(90), unknowns: 1 };
    let recorded = outcomes().into_iter().filter(|outcome| *outcome != sent());
    for recorded in recorded.chain([message("me").status, again, released]) {
        let run = format!("{recorded:?}");
        let id = masa_domain::MessageId { run: crate::samples::run(&run), generation: 1 };
        let before = Message { id, status: recorded, opened_at: Some(time(3)), ..message("me") };
        assert_eq!(bench.store.claim(&before, time(0)).await.unwrap(), Claim::Won);
        let taken = |provider_id, seconds| {
            bench.store.taken(before.contact, id, provider_id, time(seconds))
        };
        assert_eq!(taken("ses-1", 1).await.unwrap(), Settle::Done, "over {run}");
        assert_eq!(taken("ses-1", 1).await.unwrap(), Settle::Lost, "the same again");
        assert_eq!(taken("ses-2", 2).await.unwrap(), Settle::Lost, "the first one stands");
        let unknown = Status::Unknown { at: time(9) };
        let late = bench.store.settle(before.contact, id, "me", &unknown).await.unwrap();
        assert_eq!(late, Settle::Lost, "and no claim");
        let sent = Message { status: sent(), ..before };
        assert_eq!(bench.store.message(sent.contact, id).await.unwrap(), Some(sent), "over {run}");
    }
}

/// SNS may bring each event several times, in any order.
pub(crate) async fn the_first_word_of_ses_stands(bench: Bench) {
    bench.claim("me").await;
    let mut marked = message("me");
    for (mark, seconds) in [(Mark::Delivered, 5), (Mark::Complained, 4), (Mark::Bounced, 6)] {
        match mark {
            Mark::Delivered => marked.delivered_at = Some(time(seconds)),
            Mark::Bounced => marked.bounced_at = Some(time(seconds)),
            Mark::Complained => marked.complained_at = Some(time(seconds)),
        }
        assert_eq!(bench.mark(mark, seconds).await, Some(marked.clone()));
        assert_eq!(bench.mark(mark, 1).await, Some(marked.clone()), "again, with an earlier time");
    }
    assert_eq!(bench.settle("me", &sent()).await, Settle::Done, "it is claimed as before");
    assert_eq!(bench.stored().await, Message { status: sent(), ..marked });
}

/// A pixel, link or bounce of a mail from long ago: its message expired, and no ghost takes its
/// place.
pub(crate) async fn a_message_that_is_gone_stays_gone(bench: Bench) {
    bench.open("a", 0).await;
    bench.click("offer", "a", 0).await;
    for mark in [Mark::Delivered, Mark::Bounced, Mark::Complained] {
        assert_eq!(bench.mark(mark, 0).await, None);
    }
    assert_eq!(bench.items().await, []);
}

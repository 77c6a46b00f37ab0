//! Facts that the stream gave up: stored, and never applied.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use masa_dispatch::WakeJob;
use masa_store::Store;

use super::letter::Window;

/// How far back it is known for certain which facts a contact has applied: an hour less than they
/// are remembered.
const KNOWN: SignedDuration = SignedDuration::from_hours(24);

/// Since when it is known which facts were applied.
pub(crate) fn known_since(now: Timestamp) -> Timestamp {
    now.checked_sub(KNOWN).unwrap_or(Timestamp::MIN)
}

/// The jobs that apply what came in at these times and never was: a scan, and a query for each fact.
pub(crate) async fn jobs(
    store: &Store,
    windows: &[Window],
    now: Timestamp,
) -> Result<Vec<WakeJob>> {
    let since = known_since(now);
    let first = windows.iter().map(|window| window.first.max(since)).min();
    let last = windows.iter().map(|window| window.last).max();
    let Some((first, last)) = first.zip(last).filter(|(first, last)| first <= last) else {
        return Ok(Vec::new());
    };
    let mut jobs = Vec::new();
    for arrival in store.arrivals(first, last).await? {
        if !windows.iter().any(|window| window.contains(arrival.received_at)) {
            continue;
        }
        let contact = store.find(arrival.contact).await?.loaded.contact;
        if !contact.is_some_and(|contact| contact.applied.contains_key(&arrival.fact)) {
            jobs.push(WakeJob::Fact { contact: arrival.contact, fact: arrival.fact });
        }
    }
    Ok(jobs)
}

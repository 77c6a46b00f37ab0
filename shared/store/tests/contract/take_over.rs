//! Claims after the first: of what was released, and of what its claimant left behind.

use masa_domain::{Message, Status};
use masa_store::{Claim, Settle};

use crate::{
    Bench,
    messages::{ID, message, outcomes, sent},
    samples::{person, time},
};

/// A second claim of this one.
fn again(owner: &str) -> Status {
    Status::Claimed { owner: owner.to_owned(), lease_until: time(500), unknowns: 1 }
}

fn with(status: &Status) -> Message {
    Message { status: status.clone(), ..message("") }
}

fn released(seconds: i64) -> Status {
    let reason = "TooManyRequestsException".to_owned();
    Status::Released { at: time(seconds), reason, unknowns: 0 }
}

fn held(status: &Status) -> Claim {
    Claim::Held(Box::new(with(status)))
}

impl Bench {
    /// Takes over what was read in this state.
    async fn take_over(&self, read: &Status, claim: &Status) -> Claim {
        self.store.take_over(&with(read), claim).await.unwrap()
    }
}

/// Of the message in state `left`, which it has already.
async fn is_taken_over(bench: &Bench, left: &Status) {
    assert_eq!(bench.claim("you").await, held(left), "a first claim it is not");
    assert_eq!(bench.take_over(left, &again("you")).await, Claim::Won);
    assert_eq!(bench.stored().await, with(&again("you")));
    // The answer was lost, and the SDK asks again.
    assert_eq!(bench.take_over(left, &again("you")).await, Claim::Won);
    assert_eq!(bench.take_over(left, &again("him")).await, held(&again("you")));
    assert_eq!(bench.stored().await, with(&again("you")), "only one takes it over");
    assert_eq!(bench.settle("me", &sent()).await, Settle::Lost, "it was taken from me");
    assert_eq!(bench.settle("you", &sent()).await, Settle::Done);
    assert_eq!(bench.take_over(left, &again("you")).await, held(&sent()), "and that is over");
}

pub(crate) async fn a_released_message_is_taken_over(bench: Bench) {
    bench.claim("me").await;
    assert_eq!(bench.settle("me", &released(1)).await, Settle::Done);
    assert_eq!(bench.settle("me", &sent()).await, Settle::Lost, "it is nobody's now");
    is_taken_over(&bench, &released(1)).await;
}

/// Whether its lease has run out is the claimant's matter.
pub(crate) async fn a_claimed_message_is_taken_over(bench: Bench) {
    bench.claim("me").await;
    is_taken_over(&bench, &message("me").status).await;
}

/// Whoever read an earlier claim or release learns of the present one, and changes nothing.
pub(crate) async fn a_take_over_is_upon_what_was_read(bench: Bench) {
    bench.claim("me").await;
    let first = message("me").status;
    let mut read = vec![first.clone()];
    let mut present = first;
    for (seconds, owner) in [(1, "you"), (2, "him"), (3, "her")] {
        let holder = if let Status::Claimed { owner, .. } = &present { owner } else { panic!() };
        bench.settle(holder, &released(seconds)).await;
        for earlier in &read {
            let answer = bench.take_over(earlier, &again("late")).await;
            assert_eq!(answer, held(&released(seconds)), "upon {earlier:?}");
        }
        assert_eq!(bench.take_over(&released(seconds), &again(owner)).await, Claim::Won);
        read.push(released(seconds));
        present = again(owner);
        for earlier in &read {
            let answer = bench.take_over(earlier, &again("late")).await;
            assert_eq!(answer, held(&present), "upon {earlier:?}");
        }
        read.push(present.clone());
    }
    assert_eq!(bench.stored().await, with(&again("her")));
}

pub(crate) async fn of_two_take_overs_one_wins(bench: Bench) {
    bench.claim("me").await;
    let (mine, yours) = (again("mine"), again("yours"));
    let mut left = message("me").status;
    for round in 1..=5 {
        let (one, other) =
            tokio::join!(bench.take_over(&left, &mine), bench.take_over(&left, &yours));
        let winner = match (one, other) {
            (Claim::Won, lost) if lost == held(&mine) => "mine",
            (lost, Claim::Won) if lost == held(&yours) => "yours",
            neither => panic!("exactly one wins: {neither:?}"),
        };
        left = released(round);
        assert_eq!(bench.settle(winner, &left).await, Settle::Done);
    }
}

pub(crate) async fn a_settled_message_is_not_taken_over(bench: Bench) {
    bench.claim("me").await;
    let claim = message("me").status;
    for outcome in outcomes() {
        let mut item = bench.items().await.remove(0);
        let status = serde_dynamo::to_attribute_value(&outcome).unwrap();
        item.insert("status".to_owned(), status);
        bench.put(item).await;
        for read in [&outcome, &claim, &released(1)] {
            assert_eq!(bench.take_over(read, &again("you")).await, held(&outcome));
        }
        assert_eq!(bench.stored().await, with(&outcome));
    }
}

/// It expired in the meantime.
pub(crate) async fn what_is_gone_is_not_taken_over(bench: Bench) {
    for read in [message("me").status, released(1), sent()] {
        assert_eq!(bench.take_over(&read, &again("you")).await, held(&read));
    }
    assert_eq!(bench.items().await, []);
    assert_eq!(bench.store.message(person("dana"), ID()).await.unwrap(), None);
}

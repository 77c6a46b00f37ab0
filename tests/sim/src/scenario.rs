//! The canonical scenarios: each a few journeys and what happens to their customers.

use jiff::SignedDuration;
use masa_domain::Flow;

use crate::{
    mirror::Held,
    shop::{Act, BY_NUMBER, journeys},
};

pub(crate) const WELCOME: &str = "
flow: welcome
trigger: [ { joined: newsletter }, { form: spring } ]
exit: { purchased: any }
steps:
  - email: hello
  - wait: 2d
  - if: { email: hello, was: opened }
    then: [ { email: story } ]
    else: [ { id: nudge, sms: 'Hi. {{ link(shop.url) }} Opt out: {{ unsubscribe_url }}' } ]
  - join: welcomed
";
/// The same journey, changed while people are inside.
pub(crate) const WELCOME_2: &str = "
flow: welcome
trigger: [ { joined: newsletter } ]
steps:
  - email: other
  - wait: 1d
";
pub(crate) const THANKS: &str = "
flow: thanks
trigger: { purchased: any }
entry: { again: always }
send: { kind: transactional }
steps:
  - email: receipt
  - wait: 5m
  - count: thanked
  - join: buyers
";
pub(crate) const CLUB: &str = "
flow: club
trigger: [ { joined: buyers }, { joined: welcomed } ]
steps: [ { wait: 1h }, { email: club }, { wait: 3d }, { email: club-2 } ]
";
pub(crate) const ALERT: &str = "
flow: alert
trigger: { event: alert }
entry: { again: always }
send: { kind: transactional }
steps: [ { id: text, sms: 'Alert {{ event.data.n }}' }, { wait: 2m }, { count: alerts } ]
";

pub(crate) const MISSED: &str = "
flow: missed
trigger: { silent: 3d, of: open }
send: { kind: transactional }
steps: [ { email: missed } ]
";

/// The name of a segment whose members bought something within three days.
pub(crate) const REGULARS: &str = "regulars";
const DEAR: &str = "
flow: dear
trigger: { joined: regulars }
entry: { again: always }
send: { kind: transactional }
steps: [ { email: dear } ]
";
const LAPSED: &str = "
flow: lapsed
trigger: { left: regulars }
entry: { again: always }
send: { kind: transactional }
steps: [ { email: lapsed } ]
";

pub(crate) const REMIND: &str = "
flow: remind
trigger: { joined: tea }
steps: [ { id: text, sms: 'Hi. {{ unsubscribe_url }}' }, { wait: 1d }, { email: remind }, { wait: 1d }, { email: last } ]
";

/// A scenario.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What it is called.
    pub name: &'static str,
    /// The journeys, as YAML.
    pub flows: &'static [&'static str],
    /// What happens.
    pub acts: Vec<Act>,
}

impl Scenario {
    /// Whether schedules are lost, so that something is to be found.
    pub fn loses_wakes(&self) -> bool {
        self.acts.iter().any(|act| matches!(act, Act::LoseWakes))
    }

    /// Its journeys.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn journeys(&self) -> Held<Vec<Flow>> {
        journeys(self.flows)
    }
}

pub(crate) fn signup(id: &str, who: &str, lists: &[&str]) -> Act {
    let lists = lists.iter().map(|list| (*list).to_owned()).collect();
    Act::Signup { id: id.to_owned(), who: who.to_owned(), lists }
}

/// Somebody signs up of whom only the number is known.
pub(crate) fn number(id: &str, lists: &[&str]) -> Act {
    signup(id, BY_NUMBER, lists)
}

pub(crate) fn purchase(order: &str, who: &str) -> Act {
    Act::Purchase { order: order.to_owned(), who: who.to_owned() }
}

pub(crate) fn open(who: &str, step: &str) -> Act {
    Act::Open { who: who.to_owned(), step: step.to_owned() }
}

pub(crate) fn hours(hours: i64) -> Act {
    Act::Pass(SignedDuration::from_hours(hours))
}

pub(crate) fn alert() -> Act {
    Act::Event { id: "e1".to_owned(), who: "noa".to_owned(), name: "alert".to_owned() }
}

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    let noa = || signup("s1", "noa", &["newsletter"]);
    let scenario = |name, flows, acts| Scenario { name, flows, acts };
    vec![
        scenario("a signup, unread", &[WELCOME][..], vec![noa()]),
        scenario(
            "a signup, read",
            &[WELCOME],
            vec![
                noa(),
                hours(1),
                open("noa", "hello"),
                Act::Click { who: "noa".to_owned(), step: "hello".to_owned() },
            ],
        ),
        scenario("a form", &[WELCOME], vec![Act::Form { who: "noa".to_owned() }]),
        scenario(
            "a purchase during a wait",
            &[WELCOME, THANKS],
            vec![noa(), hours(5), purchase("1001", "noa")],
        ),
        scenario(
            "a purchase at Shopify before the signup",
            &[WELCOME, THANKS],
            vec![Act::Shopify { order: 1001, who: "noa".to_owned() }, Act::Settle, noa()],
        ),
        scenario(
            "two journeys at once",
            &[WELCOME, THANKS, CLUB],
            vec![signup("s1", "noa", &["newsletter", "buyers"]), purchase("1001", "noa")],
        ),
        scenario(
            "an open when the wait is over",
            &[WELCOME],
            vec![noa(), hours(47), open("noa", "hello"), hours(1)],
        ),
        scenario(
            "an unsubscribe during a wait",
            &[WELCOME, THANKS],
            vec![
                noa(),
                hours(5),
                Act::Unsubscribe { who: "noa".to_owned() },
                purchase("1001", "noa"),
            ],
        ),
        scenario(
            "published anew during a wait",
            &[WELCOME],
            vec![noa(), hours(5), Act::Republish, signup("s2", "dan", &["newsletter"])],
        ),
        scenario("a text that somebody asked for", &[ALERT], vec![alert()]),
        scenario(
            "an address that bounces",
            &[CLUB, THANKS],
            vec![signup("s1", "bounce", &["buyers"]), hours(2), purchase("1001", "bounce")],
        ),
        scenario("a reader who complains", &[CLUB], vec![signup("s1", "complaint", &["buyers"])]),
        scenario(
            "a refusal by the shop's server during a wait",
            &[WELCOME],
            vec![
                noa(),
                hours(5),
                Act::Refuse { id: "n1".to_owned(), who: "noa".to_owned(), mails: false },
            ],
        ),
    ]
    .into_iter()
    .chain(what_time_brings().into_iter().chain(who_turns_out_to_be_one()))
    .collect()
}

/// A number's contact turns out to be an address's.
fn who_turns_out_to_be_one() -> [Scenario; 3] {
    let scenario = |name, flows, acts| Scenario { name, flows, acts };
    [
        scenario(
            "a number that gets an address during a wait",
            &[REMIND][..],
            vec![number("s1", &["tea"]), hours(2), signup("s2", "noa", &[]), hours(30)],
        ),
        scenario(
            "a number that gets an address while its text is under way",
            &[REMIND],
            vec![number("s1", &["tea"]), signup("s2", "noa", &["newsletter"])],
        ),
        scenario(
            "two on one journey who are one",
            &[REMIND],
            vec![
                number("s1", &["tea"]),
                hours(2),
                Act::Form { who: "noa".to_owned() },
                signup("s2", "noa", &["tea"]),
            ],
        ),
    ]
}

/// What is lost, and what time alone brings.
fn what_time_brings() -> [Scenario; 4] {
    let scenario = |name, flows, acts| Scenario { name, flows, acts };
    let noa = || signup("s1", "noa", &["newsletter"]);
    [
        scenario("a lost schedule", &[WELCOME][..], vec![noa(), hours(1), Act::LoseWakes]),
        scenario(
            "a silence that lasts after an open",
            &[MISSED, ALERT],
            vec![alert(), hours(80), open("noa", "missed")],
        ),
        scenario(
            "a segment that an order opens and time closes",
            &[DEAR, LAPSED],
            vec![purchase("1001", "noa"), hours(30), purchase("1002", "noa")],
        ),
        scenario(
            "a silence whose wake is lost",
            &[MISSED],
            vec![noa(), Act::Settle, Act::LoseWakes],
        ),
    ]
}

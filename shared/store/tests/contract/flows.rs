//! Flows: immutable versions and the catalogue.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue::S;
use masa_domain::{Catalogue, Flow, Form, LiveFlow, ProductFacts, Setup, Shop, Standing};
use masa_store::{Error, Publish, Published, Store, key};

use crate::{Bench, Item, samples::flow};

/// DynamoDB's limit, and what the store leaves for keys.
const BODY_BYTES_MAX: usize = 400 * 1024 - 1024;

/// The digest is the text itself here.
fn publish(flows: &[Flow]) -> Publish {
    let digest = |flow: &Flow| flow.templates["hello"]["he"].html.chars().take(20).collect();
    Publish {
        flows: flows.iter().map(|flow| (flow.clone(), digest(flow))).collect(),
        setup: Setup::default(),
        prune: false,
    }
}

fn told(flow: &str, version: u32, new: bool) -> Published {
    Published { flow: flow.to_owned(), version, new }
}

async fn live(store: &Store, name: &str) -> Flow {
    let version = store.catalogue().await.unwrap().flows[name].version;
    store.flow(name, version).await.unwrap().unwrap()
}

pub(crate) async fn nothing_is_live_at_first(bench: Bench) {
    assert_eq!(bench.store.catalogue().await.unwrap(), Catalogue::default());
    assert_eq!(bench.store.flow("welcome", 1).await.unwrap(), None);
    assert_eq!(bench.store.publish(&publish(&[])).await.unwrap(), []);
    assert_eq!(bench.items().await, [], "to publish nothing changes nothing");
}

pub(crate) async fn what_is_published_is_live(bench: Bench) {
    let form = Form {
        lists: vec!["newsletter".to_owned()],
        consent: [("he".to_owned(), "אני מסכימה".to_owned())].into(),
        origins: vec!["https://shop.example".to_owned()],
        ..Form::default()
    };
    let shop = Shop {
        name: [("he".to_owned(), "קומקום".to_owned())].into(),
        url: "https://shop.example".to_owned(),
        address: BTreeMap::new(),
        language: "he".to_owned(),
        timezone: "Asia/Jerusalem".to_owned(),
    };
    let lasts = ProductFacts { category: Some("tea".to_owned()), lasts: "30d".parse().ok() };
    let products: BTreeMap<_, _> = [("verbena".to_owned(), lasts)].into();
    let forms: BTreeMap<_, _> = [("landing-spring".to_owned(), form)].into();
    let first = flow("welcome", "<p>שלום 🫖</p>");
    let setup = Setup { forms, shop, products, ..Setup::default() };
    let publication = Publish { setup: setup.clone(), ..publish(std::slice::from_ref(&first)) };
    assert_eq!(bench.store.publish(&publication).await.unwrap(), [told("welcome", 1, true)]);

    let triggers = vec!["joined:newsletter".to_owned()];
    let digest = "<p>שלום 🫖</p>".to_owned();
    let (goals, standing) = (Vec::new(), Standing::Live);
    let live =
        LiveFlow { version: 1, digest, triggers, goals, dated: Vec::new(), priority: 5, standing };
    let flows = [("welcome".to_owned(), live)].into();
    let expected = Catalogue { revision: 1, flows, setup, ..Catalogue::default() };
    assert_eq!(bench.store.catalogue().await.unwrap(), expected);
    assert_eq!(bench.store.flow("welcome", 1).await.unwrap(), Some(first));
    assert_eq!(bench.store.flow("welcome", 2).await.unwrap(), None);
}

pub(crate) async fn the_same_text_is_the_same_version(bench: Bench) {
    let publication = publish(&[flow("welcome", "one")]);
    bench.store.publish(&publication).await.unwrap();
    let before = bench.items().await;
    assert_eq!(bench.store.publish(&publication).await.unwrap(), [told("welcome", 1, false)]);
    assert_eq!(bench.items().await, before, "nothing is written");
}

pub(crate) async fn a_changed_text_is_the_next_version(bench: Bench) {
    for (version, text) in [(1, "one"), (2, "two"), (3, "one")] {
        let answer = bench.store.publish(&publish(&[flow("welcome", text)])).await.unwrap();
        assert_eq!(answer, [told("welcome", version, true)]);
    }
    for (version, text) in [(1, "one"), (2, "two"), (3, "one")] {
        let stored = bench.store.flow("welcome", version).await.unwrap();
        assert_eq!(stored, Some(flow("welcome", text)), "old versions stay for those inside");
    }
    assert_eq!(bench.store.catalogue().await.unwrap().revision, 3);
}

pub(crate) async fn publishing_one_flow_leaves_the_others(bench: Bench) {
    let both = [flow("thanks", "one"), flow("welcome", "one")];
    bench.store.publish(&publish(&both)).await.unwrap();
    bench.store.publish(&publish(&[flow("welcome", "two")])).await.unwrap();
    assert_eq!(live(&bench.store, "thanks").await, flow("thanks", "one"));
    assert_eq!(live(&bench.store, "welcome").await, flow("welcome", "two"));
}

/// Whoever is inside a pruned flow still finds the version.
pub(crate) async fn pruning_ends_what_is_not_among_the_published(bench: Bench) {
    let both = publish(&[flow("thanks", "one"), flow("welcome", "one")]);
    bench.store.publish(&both).await.unwrap();
    let one = Publish { prune: true, ..publish(&[flow("welcome", "one")]) };
    assert_eq!(bench.store.publish(&one).await.unwrap(), [told("welcome", 1, false)]);
    let live = bench.store.catalogue().await.unwrap().flows;
    assert_eq!(live.keys().collect::<Vec<_>>(), ["welcome"]);
    assert_eq!(bench.store.flow("thanks", 1).await.unwrap(), Some(flow("thanks", "one")));
}

pub(crate) async fn publishers_of_different_flows_both_win(bench: Bench) {
    let (thanks, welcome) = (publish(&[flow("thanks", "one")]), publish(&[flow("welcome", "one")]));
    let (one, other) = tokio::join!(bench.store.publish(&thanks), bench.store.publish(&welcome));
    one.unwrap();
    other.unwrap();
    assert_eq!(bench.store.catalogue().await.unwrap().revision, 2, "one after the other");
    for name in ["thanks", "welcome"] {
        assert_eq!(live(&bench.store, name).await, flow(name, "one"));
    }
}

pub(crate) async fn publishers_of_one_flow_make_versions_of_their_own(bench: Bench) {
    let (mine, yours) = (flow("welcome", "mine"), flow("welcome", "yours"));
    let (my_publication, your_publication) =
        (publish(std::slice::from_ref(&mine)), publish(std::slice::from_ref(&yours)));
    let (one, other) =
        tokio::join!(bench.store.publish(&my_publication), bench.store.publish(&your_publication));
    let (my_version, your_version) = (one.unwrap()[0].version, other.unwrap()[0].version);
    assert_ne!(my_version, your_version);
    let stored = |version| bench.store.flow("welcome", version);
    assert_eq!(stored(my_version).await.unwrap(), Some(mine.clone()), "nothing is overwritten");
    assert_eq!(stored(your_version).await.unwrap(), Some(yours.clone()));
    let last = if my_version > your_version { mine } else { yours };
    assert_eq!(live(&bench.store, "welcome").await, last);
}

/// A publisher died between the version and the catalogue.
pub(crate) async fn an_orphaned_version_is_passed_over(bench: Bench) {
    bench
        .put(Item::from([
            ("pk".to_owned(), S(key::flow("welcome"))),
            ("sk".to_owned(), S(key::version(1))),
            ("body".to_owned(), S("{}".to_owned())),
        ]))
        .await;
    let answer = bench.store.publish(&publish(&[flow("welcome", "one")])).await.unwrap();
    assert_eq!(answer, [told("welcome", 2, true)]);
    assert_eq!(live(&bench.store, "welcome").await, flow("welcome", "one"));
}

/// A flow whose JSON has so many bytes, in Hebrew, whose letters have two.
fn flow_of(bytes: usize) -> Flow {
    let rest = bytes - serde_json::to_string(&flow("large", "")).unwrap().len();
    let html = format!("{}{}", "x".repeat(rest % 2), "א".repeat(rest / 2));
    let flow = flow("large", &html);
    assert_eq!(serde_json::to_string(&flow).unwrap().len(), bytes);
    flow
}

pub(crate) async fn a_flow_of_almost_400_kb_fits(bench: Bench) {
    let large = flow_of(BODY_BYTES_MAX);
    bench.store.publish(&publish(std::slice::from_ref(&large))).await.unwrap();
    assert_eq!(live(&bench.store, "large").await, large);
}

pub(crate) async fn a_larger_flow_is_refused(bench: Bench) {
    bench.store.publish(&publish(&[flow("welcome", "one")])).await.unwrap();
    let before = bench.store.catalogue().await.unwrap();
    let publication = publish(&[flow("welcome", "two"), flow_of(BODY_BYTES_MAX + 1)]);
    let error = bench.store.publish(&publication).await.unwrap_err();
    assert!(matches!(&error, Error::TooLarge { what } if what == "FLOW#large V#000001"), "{error}");
    assert!(error.is_permanent(), "a smaller one is another one");
    assert_eq!(bench.store.catalogue().await.unwrap(), before, "what is live is as it was");
}

//! The contract of the table, held against DynamoDB twice: the box's, and DynamoDB Local, which AWS
//! makes. Every case runs on both, each on a table of its own.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "test assertions")]

mod arrivals;
mod contacts;
mod flows;
mod marks;
mod messages;
mod overdue;
mod samples;
mod table;
mod take_over;

use std::{future::Future, pin::Pin};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use aws_types::SdkConfig;
use masa_box::{AwsBox, ClockMode};
use masa_runtime::{Config, sdk_config};
use masa_store::{Store, Table};

/// A table and two ways to it: the store's own, and a raw one for what the store does not show.
struct Bench {
    store: Store,
    client: Client,
    table: String,
    sdk: SdkConfig,
}

type Item = std::collections::HashMap<String, AttributeValue>;
type Case = fn(Bench) -> Pin<Box<dyn Future<Output = ()>>>;

impl Bench {
    async fn new(sdk: &SdkConfig, table: &str) -> Self {
        let client = Client::new(sdk);
        Table::create(&client, table).await.unwrap();
        let config: Config = [("MASA_TABLE", table)].into_iter().collect();
        let store = Store::new(sdk, &config).unwrap();
        Self { store, client, table: table.to_owned(), sdk: sdk.clone() }
    }

    /// All items, in the order of their keys.
    async fn items(&self) -> Vec<Item> {
        let scan = self.client.scan().table_name(&self.table).consistent_read(true);
        let mut items = scan.send().await.unwrap().items.unwrap_or_default();
        items.sort_by_key(|item| (key(item, "pk"), key(item, "sk")));
        items
    }

    /// The sort keys of all items.
    async fn sort_keys(&self) -> Vec<String> {
        self.items().await.iter().map(|item| key(item, "sk")).collect()
    }

    async fn put(&self, item: Item) {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.unwrap();
    }
}

fn key(item: &Item, name: &str) -> String {
    item[name].as_s().unwrap().clone()
}

macro_rules! cases {
    ($($module:ident: $($case:ident)*;)*) => {
        const CASES: &[(&str, Case)] = &[$($((
            concat!(stringify!($module), "-", stringify!($case)),
            |bench| Box::pin($module::$case(bench)),
        ),)*)*];
    };
}

cases! {
    table: is_made_as_the_template_describes_it what_expires_says_so_and_nothing_else_does
        an_error_names_the_call_and_nobody
        a_refused_request_is_permanent_and_a_missing_table_is_not
        a_broken_item_is_named_by_its_key;
    contacts: a_fact_is_recorded_once the_same_id_of_another_contact_is_another_fact
        a_fact_is_read_by_its_id facts_of_each_kind_round_trip nothing_is_loaded_of_a_stranger
        refusals_are_loaded_without_a_state a_later_refusal_counts
        the_first_reason_of_a_suppression_stands
        a_state_is_committed_beside_facts_and_refusals a_stale_state_conflicts
        a_state_that_is_gone_is_not_made_again of_two_commits_one_wins
        a_full_state_round_trips numbers_keep_their_values everything_is_read_over_all_pages
        contacts_are_listed;
    arrivals: facts_are_found_by_when_they_came_in keys_say_what_they_are_of;
    overdue: a_live_run_is_found_from_its_hour_on the_earliest_of_the_runs_counts
        nobody_is_found_without_a_live_run a_lost_commit_changes_no_time
        only_states_are_in_the_index who_is_longest_overdue_comes_first;
    messages: a_message_is_claimed_once a_claim_is_recognised_by_its_owner
        a_settled_message_is_not_claimed_again of_two_claims_one_wins
        only_the_owner_settles_and_once a_message_that_was_never_claimed_is_not_settled
        messages_round_trip_in_each_state a_message_is_read_by_its_id
        a_runs_messages_come_in_its_order;
    take_over: a_released_message_is_taken_over a_claimed_message_is_taken_over
        a_take_over_is_upon_what_was_read of_two_take_overs_one_wins
        a_settled_message_is_not_taken_over what_is_gone_is_not_taken_over;
    marks: an_open_keeps_the_first_time_and_counts_by_request clicks_are_kept_by_link
        opens_and_clicks_are_counted_up_to_a_bound what_ses_took_is_sent_whatever_was_recorded
        the_first_word_of_ses_stands a_message_that_is_gone_stays_gone;
    flows: nothing_is_live_at_first what_is_published_is_live the_same_text_is_the_same_version
        a_changed_text_is_the_next_version publishing_one_flow_leaves_the_others
        pruning_ends_what_is_not_among_the_published
        publishers_of_different_flows_both_win publishers_of_one_flow_make_versions_of_their_own
        an_orphaned_version_is_passed_over a_flow_of_almost_400_kb_fits a_larger_flow_is_refused;
}

/// Runs all cases, so that one failure does not hide another.
fn hold(place: &str, sdk: impl Fn() -> SdkConfig) {
    let mut broken = Vec::new();
    for (name, case) in CASES {
        let sdk = sdk();
        let thread = std::thread::Builder::new().name((*name).to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async { case(Bench::new(&sdk, name).await).await });
        });
        if thread.unwrap().join().is_err() {
            broken.push(name);
        }
    }
    assert!(broken.is_empty(), "{place} does not keep the contract: {broken:#?}");
}

#[test]
fn the_box_keeps_the_contract() {
    let aws = AwsBox::open(None, ClockMode::Virtual(samples::time(0))).unwrap();
    hold("the box", || aws.sdk_config());
}

#[test]
fn dynamodb_local_keeps_the_contract() {
    let log = std::env::temp_dir().join(format!("masa-contract-{}.log", std::process::id()));
    let server = masa_tests::tools::dynamodb_local(&log)
        .unwrap_or_else(|error| panic!("DynamoDB Local is needed and does not run: {error:#}"));
    let endpoint = format!("http://127.0.0.1:{}", server.port());
    let config: Config = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
    ]
    .into_iter()
    .collect();
    hold("DynamoDB Local", || sdk_config(&config).unwrap());
    drop(server);
    std::fs::remove_file(log).unwrap();
}

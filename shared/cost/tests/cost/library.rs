//! The library's journeys.

use masa_cost::{Assumptions, Cost, cost};
use masa_domain::{Action, Flow};
use masa_language::{Files, read};

use crate::prices;

fn all(assumed: &Assumptions) -> Vec<(Flow, Cost)> {
    let files = Files::from_texts(masa_flows::FILES.iter().copied());
    let library = read(&files).expect("the library is sound");
    let cost = |flow: Flow| {
        let cost = cost(&flow, assumed, &prices()).expect("the assumptions can be");
        (flow, cost)
    };
    library.flows.into_iter().map(cost).collect()
}

#[test]
fn each_costs_something_between_its_cheapest_and_its_dearest_path() {
    let skipping = Assumptions { skipped: 0.3, bounced: 0.2, late: 0.4, ..Assumptions::default() };
    let sure =
        Assumptions { opened: 1.0, clicked: 1.0, yes: 1.0, held: 1.0, ..Assumptions::default() };
    for assumed in [Assumptions::default(), skipping, sure] {
        for (_, told) in all(&assumed) {
            let slack = 1e-9;
            assert!(told.cheapest.usd > 0.0, "{told}");
            assert!(told.cheapest.usd <= told.usd + slack, "{told}");
            assert!(told.usd <= told.dearest.usd + slack, "{told}");
            assert_eq!(told.cut_off, 0.0, "{told}");
        }
    }
}

#[test]
fn one_that_sends_no_mail_costs_nothing_at_ses() {
    for (flow, told) in all(&Assumptions::default()) {
        let mails = flow.steps.values();
        let mails =
            mails.filter(|step| matches!(step.action, Action::Email { .. } | Action::Tell { .. }));
        assert_eq!(told.of("SES") > 0.0, mails.count() > 0, "{told}");
    }
}

//! The tables.

use std::collections::BTreeSet;

use masa_cost::{Assumptions, NoPrices, PATTERNS, Pattern, Prices, Unit, Wrong, cost};

use crate::{prices, written};

#[test]
fn prices_are_positive_dated_and_of_every_unit() {
    let prices = prices();
    assert!(prices.read.parse::<u32>().is_err() && is_day(&prices.read), "{}", prices.read);
    for unit in [
        Unit::LambdaRequest,
        Unit::LambdaGbSecond,
        Unit::WriteUnit,
        Unit::ReadUnit,
        Unit::StreamRead,
        Unit::SqsRequest,
        Unit::ScheduleInvocation,
        Unit::MailEssentials,
        Unit::MailALaCarte,
        Unit::TextPart,
        Unit::TopicPublish,
        Unit::ApiRequest,
        Unit::LogGb,
    ] {
        let price = prices.units.get(&unit).unwrap_or_else(|| panic!("{unit:?} has a price"));
        // Lambda reads a table's stream for nothing.
        assert_eq!(price.usd > 0.0, unit != Unit::StreamRead, "{unit:?}");
        assert!(price.per >= 1.0 && price.page.starts_with("https://aws.amazon.com/"), "{unit:?}");
        let dated = price.day.as_deref().is_some_and(is_day);
        assert!(dated || price.source.contains("undated"), "{unit:?}: {}", price.source);
        assert!(price.day.as_ref().is_none_or(|day| *day <= prices.read), "{unit:?}");
    }
}

fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [4, 2, 2] && parts.iter().all(|part| part.parse::<u32>().is_ok())
}

#[test]
fn what_has_no_price_says_what_has() {
    let region = Prices::of("il-central-1", "US", None).unwrap_err();
    assert!(matches!(region, NoPrices::Region(..)), "{region}");
    let country = Prices::of("us-east-1", "IL", None).unwrap_err();
    assert!(country.to_string().contains("give it in dollars a part"), "{country}");
    let given = Prices::of("us-east-1", "IL", Some(0.25)).expect("its price was given");
    crate::near(given.usd(Unit::TextPart, 3.0), 0.75, "three parts");
}

#[test]
fn every_pattern_has_one_row() {
    let all: BTreeSet<Pattern> = PATTERNS.iter().map(|row| row.pattern).collect();
    assert_eq!(all.len(), PATTERNS.len(), "none twice");
    // The last one of the enum; their numbers have no gaps.
    assert_eq!(PATTERNS.len(), Pattern::Ends as usize + 1, "none is missing");
    for row in PATTERNS {
        assert_eq!(row.pattern.row(), row);
        let writes =
            row.calls.iter().filter(|(_, call, _)| ["PutItem", "UpdateItem"].contains(call));
        let writes: u32 = writes.map(|(_, _, number)| number).sum();
        let reads = row.calls.iter().filter(|(_, call, _)| ["Query", "GetItem"].contains(call));
        let reads: u32 = reads.map(|(_, _, number)| number).sum();
        let index = u32::from(row.pattern == Pattern::Ends)
            + 2 * u32::from(row.pattern == Pattern::WaitsLong);
        assert_eq!(row.writes + u32::from(row.state), writes + index, "{:?}", row.pattern);
        assert_eq!(row.reads, reads, "{:?}", row.pattern);
    }
}

#[test]
fn a_share_is_from_nothing_to_all() {
    let flow = written("trigger: { joined: a }\nsteps: [ { count: x } ]\n");
    for share in [-0.1, 1.1, f64::NAN] {
        let assumed = Assumptions { yes: share, ..Assumptions::default() };
        assert!(matches!(cost(&flow, &assumed, &prices()), Err(Wrong("yes", _))), "{share}");
    }
}

//! The expected cost of a run: how often it comes to each step, times what the step costs.

use std::collections::BTreeMap;

use masa_domain::Flow;
use serde::Serialize;

use crate::{
    assumptions::{Assumptions, Wrong},
    prices::{Prices, Unit},
    step::{Case, WayOut, entry, ways},
    usage::Usage,
};

/// How many runs are told of.
pub(crate) const RUNS: f64 = 1_000.0;
/// What is left of a run on its way is nothing from there on.
const PRECISION: f64 = 1e-9;

/// What a thousand runs cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// The journey.
    pub flow: String,
    /// Dollars of a thousand runs.
    pub usd: f64,
    /// By what is billed, by service.
    pub services: Vec<Line>,
    /// The calls behind them, by service and operation.
    pub calls: Vec<CallLine>,
    /// The steps, the dearest first; what a run's beginning costs stands under no step.
    pub steps: Vec<StepCost>,
    /// Dollars of a thousand entries.
    pub entry_usd: f64,
    /// The cheapest path: no mail read, nothing held, what is skipped if anything is.
    pub cheapest: PathCost,
    /// The dearest path: all mails read and clicked, each message held.
    pub dearest: PathCost,
    /// The share of runs that was still on its way where counting ended: in a circle.
    pub cut_off: f64,
    /// What was assumed.
    pub assumptions: Vec<String>,
    /// The region of the prices.
    pub region: String,
    /// The country that texts go to.
    pub country: String,
    /// The day of the prices, and the oldest one among them.
    pub prices: (String, String),
}

/// One thing that is billed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Who bills it.
    pub service: &'static str,
    /// What.
    pub unit: &'static str,
    /// How many, of a thousand runs.
    pub amount: f64,
    /// Dollars.
    pub usd: f64,
}

/// One kind of call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallLine {
    /// Whose, as the stack's meter names it.
    pub service: &'static str,
    /// The operation.
    pub operation: &'static str,
    /// Whether a function makes it, and a meter sees it; else AWS itself does, and bills it.
    pub metered: bool,
    /// How often, in a thousand runs.
    pub times: f64,
}

/// A step's part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepCost {
    /// The step.
    pub step: String,
    /// How often a run comes to it.
    pub visits: f64,
    /// Dollars of a thousand runs.
    pub usd: f64,
}

/// A path's cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PathCost {
    /// Dollars of a thousand runs that go it.
    pub usd: f64,
    /// The steps, with the word of the way that was taken at each.
    pub steps: Vec<(String, String)>,
}

/// The expected cost of a thousand runs of a journey.
///
/// # Errors
/// [`Wrong`] when an assumption is none.
pub fn cost(flow: &Flow, assumptions: &Assumptions, prices: &Prices) -> Result<Cost, Wrong> {
    assumptions.check()?;
    let model = Model { flow, assumed: assumptions, prices };
    let begun = model.begun();
    let mut usage = begun.clone();
    let (visits, cut_off) = model.visits();
    let mut steps = Vec::new();
    for (id, visits) in visits {
        let mut own = Usage::default();
        for way in model.ways(id, Case::Expected) {
            own.plus(&way.usage, way.share * visits);
        }
        usage.plus(&own, 1.0);
        steps.push(StepCost { step: id.to_owned(), visits, usd: own.usd(prices) * RUNS });
    }
    steps.sort_by(|a, b| b.usd.total_cmp(&a.usd));
    let mut services: Vec<Line> = usage
        .units
        .iter()
        .map(|(unit, amount)| {
            let (service, name) = unit.in_words();
            let amount = amount * RUNS;
            Line { service, unit: name, amount, usd: prices.usd(*unit, amount) }
        })
        .collect();
    services.sort_by(|a, b| (a.service, a.unit).cmp(&(b.service, b.unit)));
    let days = prices.units.values().filter_map(|price| price.day.clone());
    let oldest = days.min().unwrap_or_default();
    Ok(Cost {
        flow: flow.name.clone(),
        usd: usage.usd(prices) * RUNS,
        services,
        calls: calls(&usage),
        steps,
        entry_usd: begun.usd(prices) * RUNS,
        cheapest: model.extreme(Case::Least),
        dearest: model.extreme(Case::Most),
        cut_off,
        assumptions: assumptions.in_words(),
        region: prices.region.clone(),
        country: prices.country.clone(),
        prices: (prices.read.clone(), oldest),
    })
}

fn calls(usage: &Usage) -> Vec<CallLine> {
    let mut lines = Vec::new();
    for (metered, calls) in [(true, &usage.calls), (false, &usage.beyond)] {
        for ((service, operation), times) in calls {
            lines.push(CallLine { service, operation, metered, times: times * RUNS });
        }
    }
    lines
}

/// The ways from each step: the word, where it leads, and dollars.
type Ways<'f> = BTreeMap<&'f str, Vec<(&'f str, Option<&'f str>, f64)>>;

struct Model<'a> {
    flow: &'a Flow,
    assumed: &'a Assumptions,
    prices: &'a Prices,
}

impl<'a> Model<'a> {
    /// The entry; a journey without steps ends at once.
    fn begun(&self) -> Usage {
        let mut usage = entry(self.flow, self.assumed);
        if self.flow.first.is_none() {
            usage.add(crate::Pattern::Ends, 1.0, self.assumed);
        }
        usage
    }

    fn ways(&self, id: &str, case: Case) -> Vec<WayOut<'a>> {
        let step = self.flow.steps.get(id);
        step.map(|step| ways(self.flow, step, self.assumed, case)).unwrap_or_default()
    }

    /// How often a run comes to each step: one step of all runs after the other, until none is on its
    /// way, or for as many steps as are counted. And how many are on their way then.
    fn visits(&self) -> (BTreeMap<&'a str, f64>, f64) {
        let mut visits: BTreeMap<&str, f64> = BTreeMap::new();
        let mut there: BTreeMap<&str, f64> =
            self.flow.first.iter().map(|first| (first.as_str(), 1.0)).collect();
        for _ in 0..self.assumed.steps {
            if there.values().sum::<f64>() < PRECISION {
                return (visits, 0.0);
            }
            let mut next: BTreeMap<&str, f64> = BTreeMap::new();
            for (id, runs) in there {
                *visits.entry(id).or_default() += runs;
                for way in self.ways(id, Case::Expected) {
                    if let Some(to) = way.to {
                        *next.entry(to).or_default() += runs * way.share;
                    }
                }
            }
            there = next;
        }
        let left = there.values().sum::<f64>();
        (visits, if left < PRECISION { 0.0 } else { left })
    }

    /// The cheapest or dearest path of at most as many steps as are counted. A way that nobody goes by
    /// the assumptions is one too.
    fn extreme(&self, case: Case) -> PathCost {
        let all = self.flow.steps.keys().map(|id| {
            let ways = self.ways(id, case).into_iter();
            let ways = ways.map(|way| (way.word, way.to, way.usage.usd(self.prices)));
            (id.as_str(), ways.collect::<Vec<_>>())
        });
        let all: Ways<'_> = all.collect();
        // What it costs from each step on, with so many steps left; and the way of each.
        let mut costs: BTreeMap<&str, f64> = BTreeMap::new();
        let mut chosen: Vec<BTreeMap<&str, usize>> = Vec::new();
        let better = |new: f64, old: f64| match case {
            Case::Most => new > old,
            Case::Least | Case::Expected => new < old,
        };
        for _ in 0..self.assumed.steps {
            let (mut now, mut choice) = (BTreeMap::new(), BTreeMap::new());
            for (id, ways) in &all {
                let mut best: Option<(usize, f64)> = None;
                for (number, (_, to, usd)) in ways.iter().enumerate() {
                    let rest = to.and_then(|to| costs.get(to)).copied().unwrap_or(0.0);
                    let whole = usd + rest;
                    if best.is_none_or(|(_, old)| better(whole, old)) {
                        best = Some((number, whole));
                    }
                }
                if let Some((number, whole)) = best {
                    now.insert(*id, whole);
                    choice.insert(*id, number);
                }
            }
            let settled = now == costs;
            costs = now;
            chosen.push(choice);
            if settled {
                break;
            }
        }
        self.path(&all, &chosen, &costs)
    }

    fn path(
        &self,
        all: &Ways<'_>,
        chosen: &[BTreeMap<&str, usize>],
        costs: &BTreeMap<&str, f64>,
    ) -> PathCost {
        let first = self.flow.first.as_deref();
        let rest = first.and_then(|first| costs.get(first)).copied().unwrap_or(0.0);
        let mut steps = Vec::new();
        let mut at = first;
        for choice in chosen.iter().rev() {
            let Some(id) = at else { break };
            let way = choice.get(id).and_then(|number| all.get(id)?.get(*number));
            let Some((word, to, _)) = way else { break };
            steps.push((id.to_owned(), (*word).to_owned()));
            at = *to;
        }
        PathCost { usd: (self.begun().usd(self.prices) + rest) * RUNS, steps }
    }
}

impl Cost {
    /// Dollars of one service.
    pub fn of(&self, service: &str) -> f64 {
        let own = self.services.iter().filter(|line| line.service == service);
        own.map(|line| line.usd).sum()
    }

    /// How many of a unit a thousand runs use.
    pub fn amount(&self, unit: Unit) -> f64 {
        let (service, name) = unit.in_words();
        let own = self.services.iter().filter(|line| (line.service, line.unit) == (service, name));
        own.map(|line| line.amount).sum()
    }
}

//! Calls and units, added up.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    access::{Called, Pattern},
    assumptions::{Assumptions, MailPlan},
    prices::{Prices, Unit},
};

/// Calls and units; parts of them where they are expected.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// The functions' own calls, by service and operation.
    pub calls: BTreeMap<(&'static str, &'static str), f64>,
    /// Calls that AWS makes for them.
    pub beyond: BTreeMap<(&'static str, &'static str), f64>,
    /// What is billed.
    pub units: BTreeMap<Unit, f64>,
}

/// The calls of one path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// What a meter at the functions' SDK counts: by service (`dynamodb`, `sqs`, `ses`, `sns`,
    /// `scheduler`) and operation as AWS names it.
    pub metered: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    /// What AWS itself does for them, and bills: polls of queues, schedules that fire, topics.
    pub beyond: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
}

impl Usage {
    /// Adds a pattern so many times.
    pub fn add(&mut self, pattern: Pattern, times: f64, assumed: &Assumptions) {
        if times == 0.0 {
            return;
        }
        let row = pattern.row();
        for (service, operation, number) in row.calls {
            let number = f64::from(*number) * times;
            *self.calls.entry((service, operation)).or_default() += number;
            self.bill(service, operation, number, assumed);
        }
        for (service, operation, number) in row.beyond {
            let number = f64::from(*number) * times;
            *self.beyond.entry((service, operation)).or_default() += number;
            self.bill(service, operation, number, assumed);
        }
        let state = if row.state { assumed.state_kb } else { 0 };
        self.unit(Unit::WriteUnit, f64::from(row.writes.saturating_add(state)) * times);
        self.unit(Unit::ReadUnit, f64::from(row.reads) * times);
        match row.called {
            Called::Http => self.unit(Unit::ApiRequest, times),
            Called::Stream => self.unit(Unit::StreamRead, times),
            Called::Queue => {
                for operation in ["ReceiveMessage", "DeleteMessage"] {
                    *self.beyond.entry(("sqs", operation)).or_default() += times;
                    self.unit(Unit::SqsRequest, times);
                }
            }
            Called::Within => return,
        }
        self.unit(Unit::LambdaRequest, times);
        let seconds = f64::from(row.ms) / 1_000.0;
        let gigabytes = f64::from(assumed.memory_mb) / 1_024.0;
        self.unit(Unit::LambdaGbSecond, seconds * gigabytes * times);
        self.unit(Unit::LogGb, f64::from(assumed.log_bytes) / 1e9 * times);
    }

    /// The units of a call that are not DynamoDB's.
    fn bill(&mut self, service: &str, operation: &str, number: f64, assumed: &Assumptions) {
        match (service, operation) {
            ("sqs", _) => self.unit(Unit::SqsRequest, number),
            ("ses", _) => {
                let unit = match assumed.plan {
                    MailPlan::Essentials => Unit::MailEssentials,
                    MailPlan::ALaCarte => Unit::MailALaCarte,
                };
                self.unit(unit, number);
            }
            ("sns", "Publish") => {
                self.unit(Unit::TextPart, number * f64::from(assumed.text_parts));
            }
            ("sns", _) => self.unit(Unit::TopicPublish, number),
            // Creating and deleting is free.
            ("scheduler", "an invocation") => self.unit(Unit::ScheduleInvocation, number),
            _ => {}
        }
    }

    fn unit(&mut self, unit: Unit, amount: f64) {
        if amount != 0.0 {
            *self.units.entry(unit).or_default() += amount;
        }
    }

    /// Adds another one so many times.
    pub fn plus(&mut self, other: &Self, times: f64) {
        for (own, more) in [(&mut self.calls, &other.calls), (&mut self.beyond, &other.beyond)] {
            for (call, number) in more {
                *own.entry(*call).or_default() += number * times;
            }
        }
        for (unit, amount) in &other.units {
            self.unit(*unit, amount * times);
        }
    }

    /// In dollars.
    pub fn usd(&self, prices: &Prices) -> f64 {
        self.units.iter().map(|(unit, amount)| prices.usd(*unit, *amount)).sum()
    }

    /// As whole calls.
    pub fn whole(&self) -> Calls {
        let whole = |calls: &BTreeMap<(&'static str, &'static str), f64>| {
            let mut whole: BTreeMap<&'static str, BTreeMap<&'static str, u64>> = BTreeMap::new();
            for ((service, operation), number) in calls {
                let number = number.round() as u64;
                *whole.entry(service).or_default().entry(operation).or_default() += number;
            }
            whole
        };
        Calls { metered: whole(&self.calls), beyond: whole(&self.beyond) }
    }
}

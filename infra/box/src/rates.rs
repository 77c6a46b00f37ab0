//! Rates: `EventBridge` Scheduler invokes a function again and again.

use jiff::SignedDuration;
use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use crate::{
    AwsBox, Error, Inner,
    pump::Settled,
    registry::{Handler, RateFunction},
    state::State,
};

/// How often a tick is delivered before it is given up: once, and twice again, as Lambda's asynchronous invocation.
const ATTEMPTS: u32 = 3;

impl AwsBox {
    /// Invokes a function with `{}` at every multiple of `every` since 1970, from the next one on. The last tick is
    /// kept, so that after a restart one that was missed is made up for, and none is repeated that was handled. When a
    /// tick fails it is tried again twice, at once, and then dropped.
    ///
    /// # Errors
    /// [`Error::Registration`] when `every` is no number of whole minutes; otherwise when the state fails.
    pub fn on_rate(
        &self,
        function: &str,
        every: SignedDuration,
        handler: Handler,
    ) -> Result<(), Error> {
        let minutes = every.as_mins();
        if minutes < 1 || every != SignedDuration::from_mins(minutes) {
            return Err(Error::Registration(format!(
                "the rate of {function} must be whole minutes, at least one"
            )));
        }
        let rate = RateFunction {
            function: function.to_owned(),
            every: minutes.saturating_mul(60_000_000),
            handler,
        };
        self.0.state().begin_rate(function, rate.tick_before(self.0.clock.micros()))?;
        self.0.register(|registry| {
            registry.add_rate(rate);
            Ok(())
        })?;
        self.0.changed.notify_one();
        Ok(())
    }
}

impl RateFunction {
    /// The last tick up to `now`, microseconds since 1970.
    fn tick_before(&self, now: i64) -> i64 {
        now.saturating_sub(now.rem_euclid(self.every))
    }
}

impl Inner {
    /// The tick that is to be delivered at `now`, and which attempt it is: the newest that nothing was done for, else
    /// the last when it failed.
    pub(crate) fn tick(&self, rate: &RateFunction, now: i64) -> Result<Option<(i64, u32)>, Error> {
        let (last, attempts) = self.state().last_tick(&rate.function)?;
        let newest = rate.tick_before(now);
        if newest > last {
            return Ok(Some((newest, 1)));
        }
        Ok((1..ATTEMPTS).contains(&attempts).then_some((last, attempts + 1)))
    }

    /// When the next tick of any rate is due; past when one is to be tried again.
    pub(crate) fn next_tick(&self) -> Result<Option<i64>, Error> {
        let now = self.clock.micros();
        let mut next = None;
        for rate in &self.registry().rates {
            let tick = match self.tick(rate, now)? {
                Some((tick, _)) => tick,
                None => rate.tick_before(now).saturating_add(rate.every),
            };
            next = Some(next.map_or(tick, |next: i64| next.min(tick)));
        }
        Ok(next)
    }

    /// Where time must stop on its way to `until` for rates: at the first of their last ticks.
    pub(crate) fn tick_stop(&self, until: i64) -> Result<Option<i64>, Error> {
        let registry = self.registry();
        let ticks = registry.rates.iter().map(|rate| self.tick(rate, until));
        let ticks: Vec<_> = ticks.collect::<Result<_, _>>()?;
        Ok(ticks.into_iter().flatten().map(|(tick, _)| tick).min())
    }

    pub(crate) fn finish_tick(
        &self,
        function: &str,
        tick: i64,
        attempt: u32,
        answer: &Result<Value, String>,
    ) -> Result<Settled, Error> {
        let settled = Settled { rates: 1, ..Settled::default() };
        if answer.is_ok() {
            let state = self.state();
            if state.last_tick(function)?.0 == tick {
                state.keep_tick(function, tick, 0)?;
            }
            return Ok(settled);
        }
        Ok(if attempt < ATTEMPTS {
            Settled { failures: 1, ..settled }
        } else {
            Settled { dead_letters: 1, ..settled }
        })
    }
}

impl State {
    /// Counts the ticks up to this one as delivered, unless the function had a rate before.
    fn begin_rate(&self, function: &str, tick: i64) -> Result<(), Error> {
        self.db.execute(
            "INSERT INTO rates (function, tick, attempts) VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING",
            params![function, tick],
        )?;
        Ok(())
    }

    /// The last tick of a function, and how often it was tried; never when it is handled.
    fn last_tick(&self, function: &str) -> Result<(i64, u32), Error> {
        let mut statement =
            self.db.prepare_cached("SELECT tick, attempts FROM rates WHERE function = ?1")?;
        let last = statement.query_row([function], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(last.optional()?.unwrap_or_default())
    }

    pub(crate) fn keep_tick(&self, function: &str, tick: i64, attempts: u32) -> Result<(), Error> {
        let mut statement = self
            .db
            .prepare_cached("UPDATE rates SET tick = ?2, attempts = ?3 WHERE function = ?1")?;
        statement.execute(params![function, tick, attempts])?;
        Ok(())
    }
}

//! The box's clock: the system's with an offset, or one that moves only when told.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use aws_smithy_async::{
    rt::sleep::{AsyncSleep, Sleep},
    time::TimeSource,
};
use jiff::{SignedDuration, Timestamp};

use crate::Error;

/// The shortest sleep that virtual time takes for a timeout rather than for the pause before a retry.
/// The SDK's standard retries pause at most 2 s with their default of three attempts; its time limits are longer.
const TIMEOUT_FROM: Duration = Duration::from_secs(3);

tokio::task_local! {
    /// By how much the functions' clock is off in this task.
    static SKEW: SignedDuration;
}

/// Runs `future` on a machine whose clock is off: the functions' clock (a [`masa_runtime::Clock`] made from the box's)
/// is ahead by so much, or behind. The box's services keep their own time.
pub async fn skewed<F: Future>(by: SignedDuration, future: F) -> F::Output {
    SKEW.scope(by, future).await
}

/// How the clock of a box starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockMode {
    /// The system's time plus an offset, which starts at 0 and is kept across restarts.
    Real,
    /// Starts at this instant (or, on an old data folder, where it stopped if that is later) and moves only when told.
    Virtual(Timestamp),
}

/// A clock shared by the box, the SDK clients and the functions; clones show the same time.
#[derive(Debug, Clone)]
pub struct BoxClock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    is_virtual: bool,
    /// Microseconds: the offset of a real clock, the instant of a virtual one.
    micros: AtomicI64,
}

impl BoxClock {
    /// A clock in the given mode, continuing from `kept`, what [`BoxClock::kept`] returned before a restart.
    pub(crate) fn new(mode: ClockMode, kept: Option<i64>) -> Self {
        let (is_virtual, micros) = match mode {
            ClockMode::Real => (false, kept.unwrap_or(0)),
            ClockMode::Virtual(start) => {
                let start = start.as_microsecond();
                (true, kept.map_or(start, |kept| kept.max(start)))
            }
        };
        Self(Arc::new(Inner { is_virtual, micros: AtomicI64::new(micros) }))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        // A sum beyond jiff's years would need an offset that `set` could not have stored.
        Timestamp::from_microsecond(self.micros()).unwrap_or(Timestamp::MAX)
    }

    /// Whether this clock moves only when told.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        self.0.is_virtual
    }

    /// The time now in microseconds since 1970.
    pub(crate) fn micros(&self) -> i64 {
        let stored = self.0.micros.load(Ordering::SeqCst);
        if self.0.is_virtual { stored } else { system_micros().saturating_add(stored) }
    }

    /// Moves the clock to `target`; never back. Returns what must be kept across a restart.
    pub(crate) fn set(&self, target: Timestamp) -> i64 {
        let target = target.as_microsecond();
        if target > self.micros() {
            let stored =
                if self.0.is_virtual { target } else { target.saturating_sub(system_micros()) };
            self.0.micros.store(stored, Ordering::SeqCst);
        }
        self.kept()
    }

    /// Under which name [`BoxClock::kept`] is kept: an offset is no instant.
    pub(crate) fn key(mode: ClockMode) -> &'static str {
        match mode {
            ClockMode::Real => "clock offset",
            ClockMode::Virtual(_) => "clock instant",
        }
    }

    /// What must be kept across a restart: the offset or the instant, in microseconds.
    pub(crate) fn kept(&self) -> i64 {
        self.0.micros.load(Ordering::SeqCst)
    }

    /// How far this clock is ahead of the system's, in microseconds.
    pub(crate) fn ahead_of_system(&self) -> i64 {
        self.micros().saturating_sub(system_micros())
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the box's time comes from")]
fn system_micros() -> i64 {
    Timestamp::now().as_microsecond()
}

/// Reads an instant that the box itself stored.
pub(crate) fn timestamp(micros: i64) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(micros).map_err(|error| Error::Broken(error.to_string()))
}

impl From<BoxClock> for masa_runtime::Clock {
    fn from(clock: BoxClock) -> Self {
        Self::from_fn(move || {
            let skew = SKEW.try_with(|by| *by).unwrap_or_default();
            let now = clock.now();
            now.checked_add(skew).unwrap_or(now)
        })
    }
}

impl TimeSource for BoxClock {
    fn now(&self) -> SystemTime {
        SystemTime::from(BoxClock::now(self))
    }
}

impl AsyncSleep for BoxClock {
    /// On a real clock a real sleep. On a virtual one a retry's pause is over at once, and a time limit never
    /// ends: a call that must time out is a matter for an [`Interceptor`](crate::Interceptor).
    #[expect(clippy::disallowed_methods, reason = "the SDK's own pause between two tries")]
    fn sleep(&self, duration: Duration) -> Sleep {
        if !self.0.is_virtual {
            Sleep::new(tokio::time::sleep(duration))
        } else if duration < TIMEOUT_FROM {
            Sleep::new(tokio::task::yield_now())
        } else {
            Sleep::new(std::future::pending())
        }
    }
}

//! Planted bugs: the test of the simulation (`tests/sim`).
//!
//! Each is a mistake that somebody could make here. The simulation's own test of itself switches them
//! on, one at a time, in a process of its own; the simulation must then fail. In what is deployed, which
//! is built without debug assertions, [`on`] is a constant.

/// A mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Bug {
    /// A state is committed without its condition.
    DropCondition = 1,
    /// A message is sent first and claimed after.
    SendBeforeClaim,
    /// Effects run before their decision is committed.
    CommitAfterEffect,
    /// A wake or an outcome of any generation moves a run.
    IgnoreGeneration,
    /// A message of unknown outcome is sent again at once.
    ResendOnUnknown,
    /// A stimulus that comes again does not ask for its effects again.
    ForgetRedeliveredEffects,
    /// A fact that comes again is counted again.
    CountTwice,
    /// A schedule is deleted before the decision that makes it needless is committed.
    DeleteScheduleFirst,
    /// An outcome is recorded by whoever comes, not by the claim's holder alone.
    SettleWithoutOwner,
    /// The contact is looked at before the claim, not after.
    LookBeforeClaim,
    /// SES's word about a message is not listened to.
    DeafToEvents,
    /// A batch is reported as handled whatever happened to its records.
    SwallowFailures,
}

impl Bug {
    /// All of them, with the words by which the simulation is told.
    pub const ALL: [(Self, &'static str); 12] = [
        (Self::DropCondition, "drop-condition"),
        (Self::SendBeforeClaim, "send-before-claim"),
        (Self::CommitAfterEffect, "commit-after-effect"),
        (Self::IgnoreGeneration, "ignore-generation"),
        (Self::ResendOnUnknown, "resend-on-unknown"),
        (Self::ForgetRedeliveredEffects, "forget-redelivered-effects"),
        (Self::CountTwice, "count-twice"),
        (Self::DeleteScheduleFirst, "delete-schedule-first"),
        (Self::SettleWithoutOwner, "settle-without-owner"),
        (Self::LookBeforeClaim, "look-before-claim"),
        (Self::DeafToEvents, "deaf-to-events"),
        (Self::SwallowFailures, "swallow-failures"),
    ];
}

#[cfg(debug_assertions)]
static PLANTED: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

/// Switches one bug on, and all others off, for the whole process.
#[cfg(debug_assertions)]
pub fn plant(bug: Bug) {
    PLANTED.store(bug as u8, std::sync::atomic::Ordering::Relaxed);
}

/// Whether this bug is switched on.
#[cfg(debug_assertions)]
pub fn on(bug: Bug) -> bool {
    PLANTED.load(std::sync::atomic::Ordering::Relaxed) == bug as u8
}

/// No bug is.
#[cfg(not(debug_assertions))]
pub const fn on(_: Bug) -> bool {
    false
}

//! `masa test --explore`: all paths of a journey up to a bound, and the outcomes that they come to.
//!
//! Not a look at the picture but a check of the model: [`masa_domain::decide`] itself is given every
//! stimulus that can matter at each point, on virtual time, breadth-first. Two points that differ in
//! nothing that the rest of the journey may ask about are one point.
//!
//! What can happen at a point: a message that is being sent is sent, comes back, or is skipped; a mail
//! that was sent is read or a link in it followed, where somebody asks about that; the wait's time
//! passes; each happening that the wait, the exits, the goal or a later condition names comes. While a
//! message is being sent only exits come, for that takes seconds. What starts is a small set of contacts,
//! made of what the journey's conditions ask ([`Bounds::contacts`]). Of values that answer all tests of
//! the journey alike one is tried. That nobody enters is a finding.
//!
//! A system that is called fails, or answers: of each member that the rest of the journey asks about what
//! passes the tests and what doesn't.
//!
//! Only one run is walked: the one that the trigger lets in. Journeys that it starts are entered by their
//! own rules and then stand still; a second run of the journey itself is not followed. Failures of
//! mail providers and messages of unknown outcome are not played: a run goes on after them as after a skip.

mod act;
mod asks;
mod beside;
mod clock;
mod compared;
mod count;
mod coverage;
mod key;
mod moves;
mod outcome;
mod people;
mod print;
mod search;
mod setting;
mod stage;
mod values;
mod world;

use jiff::Timestamp;
use masa_domain::Span;
use masa_language::Library;

pub use outcome::{
    Branch, Ending, Event, Exploration, Fate, Finding, Found, Outcome, Path, Reached, Told,
    Unreached,
};

/// How far is explored. What is beyond is not, and [`Exploration::bounds`] names the bound.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Different points, of all contacts together.
    pub states: usize,
    /// What happens one after the other in one path.
    pub depth: u32,
    /// Time from the entry.
    pub span: Span,
    /// Happenings from outside in one path, that change anything. Readings of mails and waits that end
    /// are not among them.
    pub happenings: u32,
    /// Entries: starting contacts times triggers.
    pub contacts: usize,
    /// When the first contact enters, unless the trigger is a date of its own.
    pub start: Timestamp,
}

impl Default for Bounds {
    /// 20,000 points, 60 events, 400 days, 3 happenings, 400 entries, from Sunday, 1 March 2026, 10:00
    /// in Jerusalem.
    fn default() -> Self {
        Self {
            states: 20_000,
            depth: 60,
            span: Span::seconds(400 * 86_400),
            happenings: 3,
            contacts: 400,
            start: Timestamp::constant(1_772_352_000, 0),
        }
    }
}

/// The library has no journey of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no journey `{0}`")]
pub struct NoSuchFlow(pub String);

/// Walks all paths of a journey up to the bounds. Pure: the same library and bounds give the same
/// answer.
///
/// # Errors
/// [`NoSuchFlow`] when the library has no journey of this name.
pub fn explore(library: &Library, flow: &str, bounds: &Bounds) -> Result<Exploration, NoSuchFlow> {
    let found = library.flows.iter().find(|one| one.name == flow);
    let found = found.ok_or_else(|| NoSuchFlow(flow.to_owned()))?;
    Ok(search::Search::new(library, found, bounds).run())
}

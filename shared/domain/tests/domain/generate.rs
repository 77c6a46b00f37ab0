//! Arbitrary histories of one contact.

use jiff::SignedDuration;
use masa_domain::{
    ContactDetails, Flow, Happening, MessageId, RunId, Status, Stimulus, link::link_key,
};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{Index, select},
};

use crate::journeys::{URL, details, happening};
use crate::world::{Outcome, World, message};

/// How long a table stream keeps a fact, and so how late it can come again.
const STREAM: SignedDuration = SignedDuration::from_hours(24);

/// Something that the world does. An index picks among what there is at that moment.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    /// A fact comes, `late` seconds after it was let in; the function may crash after the commit.
    Fact { what: Happening, details: Box<ContactDetails>, late: u32, crash: bool },
    /// A message on the queue meets its fate.
    Settle { which: Index, outcome: Outcome, crash: bool },
    /// A wake fires, at its time or late.
    Wake { which: Index, crash: bool },
    /// A mail is read.
    Read { which: Index, clicked: Option<bool>, crash: bool },
    /// An earlier stimulus comes again.
    Again(Index),
    /// A wake or an outcome for any generation of any run, or of no run.
    Stray { which: Option<Index>, generation: u32, wake: bool },
    /// Time passes, in seconds.
    Pass(u32),
}

fn op() -> impl Strategy<Value = Op> {
    let crash = || prop::bool::weighted(0.2);
    let which = any::<Index>;
    prop_oneof![
        4 => (happening(), details(), select(vec![0, 0, 30, 3_600]), crash())
            .prop_map(|(what, details, late, crash)| Op::Fact { what, details: Box::new(details), late, crash }),
        5 => (which(), outcome(), crash())
            .prop_map(|(which, outcome, crash)| Op::Settle { which, outcome, crash }),
        3 => (which(), crash()).prop_map(|(which, crash)| Op::Wake { which, crash }),
        2 => (which(), option::of(any::<bool>()), crash())
            .prop_map(|(which, clicked, crash)| Op::Read { which, clicked, crash }),
        2 => which().prop_map(Op::Again),
        1 => (option::of(which()), 0..6_u32, any::<bool>())
            .prop_map(|(which, generation, wake)| Op::Stray { which, generation, wake }),
        1 => (0..1_800_u32).prop_map(Op::Pass),
    ]
}

pub(crate) fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Sent),
        1 => Just(Outcome::Skipped),
        1 => Just(Outcome::Failed),
        1 => Just(Outcome::Unknown),
    ]
}

/// A history.
pub(crate) fn history() -> impl Strategy<Value = Vec<Op>> {
    vec(op(), 0..40)
}

impl World {
    /// A world in which `ops` happened.
    pub(crate) fn after(flows: Vec<Flow>, ops: &[Op]) -> Self {
        let mut world = Self::new(flows);
        world.replay(ops);
        world
    }

    /// Lets `ops` happen.
    pub(crate) fn replay(&mut self, ops: &[Op]) {
        ops.iter().for_each(|op| self.play(op));
    }

    fn play(&mut self, op: &Op) {
        match op {
            Op::Fact { what, details, late, crash } => {
                let mut fact = self.fact(what.clone(), (**details).clone());
                fact.received_at -= SignedDuration::from_secs(i64::from(*late));
                fact.at = fact.received_at - SignedDuration::from_secs(i64::from(*late % 7));
                self.receive(&Stimulus::Fact(Box::new(fact)), *crash);
            }
            Op::Settle { which, outcome, crash } => {
                let Some(id) = pick(self.sends.keys(), which) else { return };
                let stimulus = self.settle(id, *outcome);
                self.receive(&stimulus, *crash);
            }
            Op::Wake { which, crash } => {
                self.mend();
                let Some((run, generation)) = pick(self.armed.keys(), which) else { return };
                let until = self.armed.remove(&(run, generation)).unwrap();
                self.now = self.now.max(until);
                self.receive(&Stimulus::Wake { run, generation }, *crash);
            }
            Op::Read { which, clicked, crash } => {
                let Some(id) = pick(self.messages.keys(), which) else { return };
                self.read(id, *clicked, *crash);
            }
            Op::Again(which) => self.again(which),
            Op::Stray { which, generation, wake } => self.stray(which, *generation, *wake),
            Op::Pass(seconds) => {
                self.mend();
                self.pass(*seconds);
            }
        }
    }

    fn receive(&mut self, stimulus: &Stimulus, crash: bool) {
        if crash { self.act_and_crash(stimulus) } else { self.act(stimulus) }
    }

    /// The reader opens a mail, or follows a link in it: the named one or the other.
    fn read(&mut self, id: MessageId, named: Option<bool>, crash: bool) {
        let now = self.now;
        let message = self.messages.get_mut(&id).unwrap();
        let opened = !message.was_opened();
        message.opened_at.get_or_insert(now);
        let mut links = Vec::new();
        if let Some(named) = named {
            message.clicked_at.get_or_insert(now);
            let link = link_key(named.then_some("offer"), URL);
            if message.links.insert(link.clone(), now).is_none() {
                links.push(link);
            }
        }
        let message = Box::new(message.clone());
        self.receive(&Stimulus::Read { message, opened, links }, crash);
    }

    fn again(&mut self, which: &Index) {
        let Some(stimulus) = pick(self.log.iter().map(|moved| &moved.stimulus), which) else {
            return;
        };
        if let Stimulus::Fact(fact) = &stimulus
            && self.now.duration_since(fact.received_at) > STREAM
        {
            return;
        }
        self.act(&stimulus);
    }

    fn stray(&mut self, which: &Option<Index>, generation: u32, wake: bool) {
        let known = which.and_then(|which| pick(self.contact.runs.keys(), &which));
        let run = known.unwrap_or(RunId(masa_domain::Id::derive(&["nobody's run"])));
        let status = Status::Unknown { at: self.now };
        self.act(&match wake {
            true => Stimulus::Wake { run, generation },
            false => Stimulus::Message(Box::new(message(MessageId { run, generation }, status))),
        });
    }
}

fn pick<'a, T: Clone + 'a>(
    items: impl ExactSizeIterator<Item = &'a T>,
    which: &Index,
) -> Option<T> {
    let mut items = items;
    (items.len() > 0).then(|| which.index(items.len())).and_then(|n| items.nth(n)).cloned()
}

//! What nobody knows of a journey before it has run.

use serde::Serialize;

/// Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assumptions {
    /// The share of sent mails that are read.
    pub opened: f64,
    /// The share of sent mails in which a link is followed.
    pub clicked: f64,
    /// The share of other questions that are answered with yes.
    pub yes: f64,
    /// The share of waits for a happening that it ends.
    pub happened: f64,
    /// The share of messages that are skipped: no consent, no address.
    pub skipped: f64,
    /// The share of mails that come back for good.
    pub bounced: f64,
    /// The share of messages that are held, in journeys with hours, days or a rest.
    pub held: f64,
    /// The share of dated waits that a run comes to too late.
    pub late: f64,
    /// How many parts a text has.
    pub text_parts: u32,
    /// SES's plan.
    pub plan: MailPlan,
    /// The size of a contact's state, in KB: a write unit each.
    pub state_kb: u32,
    /// What a function logs when it is called once, in bytes.
    pub log_bytes: u32,
    /// The functions' memory, in MB.
    pub memory_mb: u32,
    /// How many steps of a run are counted: where a circle is cut off.
    pub steps: u32,
}

/// What SES asks for a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MailPlan {
    /// What accounts have since July 2026.
    Essentials,
    /// By the piece, as older accounts have it.
    ALaCarte,
}

/// An assumption that can't be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("`{0}` has to be a share from 0 to 1, and is {1}")]
pub struct Wrong(pub &'static str, pub f64);

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            opened: 0.35,
            clicked: 0.05,
            yes: 0.5,
            happened: 0.5,
            skipped: 0.0,
            bounced: 0.01,
            held: 0.25,
            late: 0.0,
            text_parts: 3,
            plan: MailPlan::Essentials,
            state_kb: 2,
            log_bytes: 400,
            memory_mb: 256,
            steps: 1_000,
        }
    }
}

impl Assumptions {
    fn shares(&self) -> [(&'static str, f64, &'static str); 8] {
        [
            ("opened", self.opened, "of mails are read"),
            ("clicked", self.clicked, "of mails have a link followed"),
            ("yes", self.yes, "of other questions are answered with yes"),
            ("happened", self.happened, "of waits for a happening end by it"),
            ("skipped", self.skipped, "of messages are skipped"),
            ("bounced", self.bounced, "of mails come back for good"),
            ("held", self.held, "of messages are held, where hours, days or a rest are set"),
            ("late", self.late, "of dated waits are come to too late"),
        ]
    }

    /// Whether all shares are shares.
    ///
    /// # Errors
    /// [`Wrong`] names the first that is none.
    pub fn check(&self) -> Result<(), Wrong> {
        let mut shares = self.shares().into_iter();
        let wrong = shares.find(|(_, share, _)| !(0.0..=1.0).contains(share));
        wrong.map_or(Ok(()), |(name, share, _)| Err(Wrong(name, share)))
    }

    /// All of them, a line each.
    pub fn in_words(&self) -> Vec<String> {
        let shares = self.shares().into_iter();
        let mut words: Vec<String> =
            shares.map(|(name, share, what)| format!("{name} {share}: {what}")).collect();
        let plan = match self.plan {
            MailPlan::Essentials => "Essentials, as accounts have it since July 2026",
            MailPlan::ALaCarte => "by the piece, as older accounts have it",
        };
        words.extend([
            format!("a text has {} parts", self.text_parts),
            format!("SES's plan is {plan}"),
            format!("a contact's state is {} KB", self.state_kb),
            format!("a function logs {} bytes a call and has {} MB", self.log_bytes, self.memory_mb),
            "functions work for 2 to 100 ms a call, by what they do; queues and streams bring one thing \
             at a time"
                .to_owned(),
        ]);
        words
    }
}

//! What can go wrong with one AWS call, as values that can be printed and read again.

use std::{collections::BTreeMap, fmt, str::FromStr};

use masa_box::{Call, Fault as Answer};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The function dies before the call.
    CrashBefore,
    /// The function dies after the call was done and before it has the answer.
    CrashAfter,
    /// The connection breaks before AWS has the request.
    LostRequest,
    /// The call is done, and the connection breaks before the answer comes.
    LostReply,
    /// The call is done, and the answer does not come in time.
    LateReply,
    /// AWS refuses, once.
    Throttled,
    /// AWS refuses until the SDK gives up.
    ThrottledLong,
    /// A transaction holds the item, until the SDK gives up.
    Conflict,
    /// AWS fails, once.
    Broken,
    /// AWS fails until the SDK gives up.
    BrokenLong,
    /// The call is done, and AWS answers that it failed.
    BrokenAfter,
    /// The call is done, and the answer comes only after the function's time has run out.
    Slow,
}

impl Fault {
    /// All kinds.
    pub const ALL: [Self; 12] = [
        Self::CrashBefore,
        Self::CrashAfter,
        Self::LostRequest,
        Self::LostReply,
        Self::LateReply,
        Self::Throttled,
        Self::ThrottledLong,
        Self::Conflict,
        Self::Broken,
        Self::BrokenLong,
        Self::BrokenAfter,
        Self::Slow,
    ];

    /// The word for plans.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CrashBefore => "crash-before",
            Self::CrashAfter => "crash-after",
            Self::LostRequest => "lost-request",
            Self::LostReply => "lost-reply",
            Self::LateReply => "late-reply",
            Self::Throttled => "throttled",
            Self::ThrottledLong => "throttled-long",
            Self::Conflict => "conflict",
            Self::Broken => "broken",
            Self::BrokenLong => "broken-long",
            Self::BrokenAfter => "broken-after",
            Self::Slow => "slow",
        }
    }

    /// Whether AWS can do this to `call`.
    pub fn fits(self, call: &Call) -> bool {
        let writes = ["PutItem", "UpdateItem"].contains(&call.operation.as_str());
        self != Self::Conflict || (call.service == "dynamodb" && writes)
    }

    /// Whether it goes on until the SDK has used up its tries.
    pub(crate) fn lasts(self) -> bool {
        matches!(self, Self::ThrottledLong | Self::BrokenLong | Self::Conflict)
    }

    /// What the SDK sees in place of the call, when the call is not done.
    pub(crate) fn instead(self, call: &Call) -> Option<Answer> {
        match self {
            Self::LostRequest => Some(Answer::Lost),
            Self::Throttled | Self::ThrottledLong => Some(throttle(call)),
            Self::Conflict => Some(Answer::Answer(400, "TransactionConflictException")),
            Self::Broken | Self::BrokenLong => Some(broken(call)),
            _ => None,
        }
    }

    /// What the SDK sees in place of the answer, when the call is done.
    pub(crate) fn afterwards(self, call: &Call) -> Option<Answer> {
        match self {
            Self::LostReply => Some(Answer::Lost),
            Self::LateReply => Some(Answer::Timeout),
            Self::BrokenAfter => Some(broken(call)),
            _ => None,
        }
    }
}

fn throttle(call: &Call) -> Answer {
    match call.service {
        "dynamodb" => Answer::Answer(400, "ProvisionedThroughputExceededException"),
        "sqs" => Answer::Answer(400, "RequestThrottled"),
        "ses" => Answer::Answer(429, "TooManyRequestsException"),
        "sns" => Answer::Answer(400, "Throttling"),
        _ => Answer::Answer(429, "ThrottlingException"),
    }
}

fn broken(call: &Call) -> Answer {
    match call.service {
        "dynamodb" => Answer::Answer(500, "InternalServerError"),
        _ => Answer::Answer(500, "InternalFailure"),
    }
}

/// Which calls go wrong, by their number since the simulation began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan(pub BTreeMap<usize, Fault>);

impl Plan {
    /// One fault.
    pub fn one(call: usize, fault: Fault) -> Self {
        Self([(call, fault)].into())
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults = self.0.iter().map(|(call, fault)| format!("{call}:{}", fault.as_str()));
        f.write_str(&faults.collect::<Vec<_>>().join(" "))
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = |word: &str| {
            let (call, name) = word.split_once(':').ok_or("write `call:fault`")?;
            let call = call.parse::<usize>().map_err(|error| error.to_string())?;
            let fault = Fault::ALL.into_iter().find(|fault| fault.as_str() == name);
            Ok((call, fault.ok_or_else(|| format!("no fault {name}"))?))
        };
        text.split_whitespace().map(fault).collect::<Result<_, String>>().map(Self)
    }
}

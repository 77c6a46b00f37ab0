//! What AWS asks for its units: data with their day and source.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The data.
const DATA: &str = include_str!("../prices.json");

/// What AWS bills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A call of a function.
    LambdaRequest,
    /// Seconds times gigabytes of a function, arm64.
    LambdaGbSecond,
    /// A write request unit on demand.
    WriteUnit,
    /// A read request unit on demand.
    ReadUnit,
    /// A read of a table's stream by Lambda.
    StreamRead,
    /// A request to a standard queue.
    SqsRequest,
    /// A schedule that fires.
    ScheduleInvocation,
    /// A mail, by SES's plan for accounts since July 2026.
    MailEssentials,
    /// A mail, by SES's prices by the piece.
    MailALaCarte,
    /// A part of a text.
    TextPart,
    /// A message to a topic.
    TopicPublish,
    /// A request to an HTTP API.
    ApiRequest,
    /// A gigabyte of logs that is taken in.
    LogGb,
}

impl Unit {
    /// Who bills it, and its name in words.
    pub fn in_words(self) -> (&'static str, &'static str) {
        match self {
            Self::LambdaRequest => ("Lambda", "requests"),
            Self::LambdaGbSecond => ("Lambda", "GB-seconds"),
            Self::WriteUnit => ("DynamoDB", "write units"),
            Self::ReadUnit => ("DynamoDB", "read units"),
            Self::StreamRead => ("DynamoDB", "stream reads"),
            Self::SqsRequest => ("SQS", "requests"),
            Self::ScheduleInvocation => ("EventBridge Scheduler", "invocations"),
            Self::MailEssentials | Self::MailALaCarte => ("SES", "mails"),
            Self::TextPart => ("SNS", "parts of texts"),
            Self::TopicPublish => ("SNS", "publishes"),
            Self::ApiRequest => ("API Gateway", "requests"),
            Self::LogGb => ("CloudWatch Logs", "GB"),
        }
    }
}

/// A price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// Dollars.
    pub usd: f64,
    /// For so many.
    pub per: f64,
    /// The day of the source, `2026-11-22`; absent when the source has none.
    pub day: Option<String>,
    /// AWS's page of it.
    pub page: String,
    /// Where it was read, and what it holds for.
    pub source: String,
}

/// The prices of a region, and of texts to a country.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prices {
    /// The region.
    pub region: String,
    /// The country that texts go to, ISO 3166-1.
    pub country: String,
    /// When the data were gathered.
    pub read: String,
    /// What they leave out.
    pub note: String,
    /// Each unit's.
    pub units: BTreeMap<Unit, Price>,
}

/// There is no price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPrices {
    /// Of a region.
    #[error("there are no prices of the region `{0}`: there are those of {1}")]
    Region(String, String),
    /// Of texts to a country.
    #[error(
        "there is no price of a text to `{0}`: give it in dollars a part; there are those of {1}"
    )]
    Country(String, String),
    /// The data can't be read, which a test would have told.
    #[error("the prices can't be read: {0}")]
    Data(String),
}

#[derive(Deserialize)]
struct Data {
    read: String,
    note: String,
    regions: BTreeMap<String, BTreeMap<Unit, Price>>,
    texts: BTreeMap<String, Price>,
}

impl Prices {
    /// The prices of a region and of texts to a country, of which `text` is the price of a part in
    /// dollars, when it is known better.
    ///
    /// # Errors
    /// [`NoPrices`] when there are none.
    pub fn of(region: &str, country: &str, text: Option<f64>) -> Result<Self, NoPrices> {
        let data: Data =
            serde_json::from_str(DATA).map_err(|error| NoPrices::Data(error.to_string()))?;
        let known = |names: Vec<String>| names.join(", ");
        let Some(mut units) = data.regions.get(region).cloned() else {
            let regions = known(data.regions.into_keys().collect());
            return Err(NoPrices::Region(region.to_owned(), regions));
        };
        let price = match text {
            Some(usd) => {
                let source = "given".to_owned();
                Price { usd, per: 1.0, day: None, page: String::new(), source }
            }
            None => match data.texts.get(country) {
                Some(price) => price.clone(),
                None => {
                    let countries = known(data.texts.into_keys().collect());
                    return Err(NoPrices::Country(country.to_owned(), countries));
                }
            },
        };
        units.insert(Unit::TextPart, price);
        let (region, country) = (region.to_owned(), country.to_owned());
        Ok(Self { region, country, read: data.read, note: data.note, units })
    }

    /// So many units in dollars; nothing for a unit without a price.
    pub fn usd(&self, unit: Unit, amount: f64) -> f64 {
        self.units.get(&unit).map_or(0.0, |price| amount * price.usd / price.per)
    }
}

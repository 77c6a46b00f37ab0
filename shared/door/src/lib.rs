//! What the hooks share: limits, proof of origin, one conditional write, answers.
//!
//! The order of the checks is the contract's: method (405), size (413), origin (401), kind of body
//! (415), content (400). Nothing is stored before all of them passed, and a store that is told
//! 503 may send the same request again.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use jiff::Timestamp;
use masa_domain::{Also, Channel, ContactKey, Fact, Happening};
use masa_intake::{
    Malformed,
    signature::{Refused, StandardWebhooks},
};
use masa_runtime::{
    Clock, Config, Missing,
    http::{BODY_BYTES_MAX, Reply, Request},
};
use masa_store::{Recorded, Store};

/// Where facts come in.
#[derive(Debug, Clone)]
pub struct Door {
    store: Store,
    contacts: ContactKey,
    clock: Clock,
}

impl Door {
    /// A door by the settings.
    ///
    /// # Errors
    /// [`Missing`] when one is absent.
    pub fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        let store = Store::new(sdk, config)?;
        let contacts = ContactKey::new(config.require("MASA_CONTACT_KEY")?);
        Ok(Self { store, contacts, clock })
    }

    /// The table.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The key of contact ids.
    pub fn contacts(&self) -> &ContactKey {
        &self.contacts
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Takes a store's webhook: checks, reads with `parse` (body, webhook id, key, time), stores and
    /// answers.
    pub async fn webhook(
        &self,
        request: &Request,
        secrets: &StandardWebhooks,
        parse: impl FnOnce(&[u8], &str, &ContactKey, Timestamp) -> Result<Fact, Malformed>,
    ) -> Reply {
        let now = self.clock.now();
        let fact = signed(request, secrets, now).and_then(|id| {
            json(request)?;
            parse(request.body(), id, &self.contacts, now).map_err(malformed)
        });
        match fact {
            Ok(fact) => self.record(&fact).await,
            Err(refusal) => refusal,
        }
    }

    /// Takes a platform's webhook: checks its `origin`, reads with `parse` (key, time), stores and answers.
    /// What there is no use for is a success, too: platforms end subscriptions whose deliveries keep
    /// failing.
    pub async fn platform(
        &self,
        request: &Request,
        origin: Result<(), Refused>,
        parse: impl FnOnce(&ContactKey, Timestamp) -> Result<Vec<Fact>, Malformed>,
    ) -> Reply {
        let facts = origin.map_err(unsigned).and_then(|()| {
            json(request)?;
            parse(&self.contacts, self.clock.now()).map_err(malformed)
        });
        let facts = match facts {
            Ok(facts) => facts,
            Err(refusal) => return refusal,
        };
        let mut duplicate = !facts.is_empty();
        for fact in &facts {
            match self.take(fact).await {
                Ok(recorded) => duplicate &= recorded == Recorded::Duplicate,
                Err(unavailable) => return unavailable,
            }
        }
        Reply::accepted(duplicate)
    }

    /// Makes a refusal that a fact tells known to claims at once; the stream may take its time. It comes
    /// before the fact: a fact that is stored is not sent again, and a refusal may be made twice.
    async fn refuse(&self, fact: &Fact) -> Result<(), masa_store::Error> {
        let Some(consent) = &fact.details.consent else { return Ok(()) };
        let at = consent.at.unwrap_or(fact.received_at).min(fact.received_at);
        for (channel, said) in [(Channel::Email, consent.email), (Channel::Sms, consent.sms)] {
            if said == Some(false) {
                let phone = fact.details.phone.as_deref();
                let refuser = self.contacts.refuser(fact.contact, phone, channel);
                self.store.refuse(refuser, channel, at).await?;
            }
        }
        Ok(())
    }

    /// Stores a fact and answers.
    pub async fn record(&self, fact: &Fact) -> Reply {
        match self.take(fact).await {
            Ok(recorded) => Reply::accepted(recorded == Recorded::Duplicate),
            Err(unavailable) => unavailable,
        }
    }

    /// Stores a fact, and what it refuses before.
    ///
    /// # Errors
    /// Those of the table: stored or not. It may be done again.
    pub async fn store_fact(&self, fact: &Fact) -> Result<Recorded, masa_store::Error> {
        self.refuse(fact).await?;
        // Who signs up, and whom a file names, gave both. At a checkout, and in a form, anybody may type
        // anybody's number.
        let both =
            matches!(fact.what, Happening::Signup { form: None } | Happening::Imported { .. });
        let (email, phone) = (&fact.details.email, &fact.details.phone);
        let number = phone.as_deref().filter(|_| email.is_some() && both);
        let Some(number) = number.and_then(|phone| self.contacts.contact(None, Some(phone))) else {
            return self.store.record(fact).await;
        };
        let mut fact = fact.clone();
        fact.details.also.push(Also::Phone(number));
        self.store.record(&fact).await
    }

    async fn take(&self, fact: &Fact) -> Result<Recorded, Reply> {
        match self.store_fact(fact).await {
            Ok(recorded) => {
                let duplicate = recorded == Recorded::Duplicate;
                tracing::info!(fact = %fact.id, contact = %fact.contact, duplicate, "accepted");
                Ok(recorded)
            }
            Err(error) => {
                tracing::error!(fact = %fact.id, %error, "not stored");
                Err(Reply::unavailable())
            }
        }
    }
}

/// A `POST` of a bearable size.
///
/// # Errors
/// The answer to any other request.
pub fn post(event: ApiGatewayV2httpRequest) -> Result<Request, Reply> {
    let request = read(event)?;
    if request.method() != "POST" {
        return Err(Reply::method_not_allowed("POST"));
    }
    sized(&request)?;
    Ok(request)
}

/// A request whose body can be read.
///
/// # Errors
/// The answer to any other.
pub fn read(event: ApiGatewayV2httpRequest) -> Result<Request, Reply> {
    Request::new(event).map_err(|error| Reply::error(400, "malformed", &error.to_string()))
}

/// A request of a bearable size.
///
/// # Errors
/// The answer to a larger one.
pub fn sized(request: &Request) -> Result<(), Reply> {
    if request.body().len() > BODY_BYTES_MAX { Err(Reply::too_large()) } else { Ok(()) }
}

/// The id of a webhook whose Standard Webhooks signature is right, or 401.
fn signed<'r>(
    request: &'r Request,
    secrets: &StandardWebhooks,
    now: Timestamp,
) -> Result<&'r str, Reply> {
    let [id, timestamp, signature] =
        ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| request.header(name));
    secrets.verify(id, timestamp, signature, request.body(), now).map_err(unsigned)
}

/// The secrets of a platform under the setting `name`; none in a stack without the platform, which then
/// proves no origin.
///
/// # Errors
/// [`Missing`] when they can't be used.
pub fn secrets<S, E: std::fmt::Display>(
    config: &Config,
    name: &'static str,
    new: impl FnOnce(&str) -> Result<S, E>,
) -> Result<Option<S>, Missing> {
    match config.get(name) {
        Some(_) => config.read(name, new).map(Some),
        None => Ok(None),
    }
}

/// Whether a platform's webhook is signed by one of its secrets.
///
/// # Errors
/// [`Refused`], also when there are none.
pub fn signed_by<S>(
    secrets: Option<&S>,
    verify: impl FnOnce(&S) -> Result<(), Refused>,
) -> Result<(), Refused> {
    secrets.map_or(Err(Refused::Wrong), verify)
}

/// 401, with what to do.
fn unsigned(refused: Refused) -> Reply {
    Reply::error(401, refused.code(), &refused.to_string())
}

/// Refuses a body that says it is something other than JSON.
///
/// # Errors
/// 415.
fn json(request: &Request) -> Result<(), Reply> {
    let Some(kind) = request.header("content-type") else { return Ok(()) };
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json")) {
        return Ok(());
    }
    Err(Reply::error(415, "unsupported_media_type", "send application/json"))
}

/// 400, with the field and what to do.
pub fn malformed(malformed: Malformed) -> Reply {
    Reply::error(400, "malformed", &malformed.to_string())
}

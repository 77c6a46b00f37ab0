//! What the doors let in: a fact says that something happened to a contact, once.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    id::{ContactId, FactId},
    person::Also,
    trigger::Referral,
};

/// Something that happened. Its id is its dedupe key: the same happening told twice has one id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// The dedupe key.
    pub id: FactId,
    /// Whom it concerns.
    pub contact: ContactId,
    /// When it was first let in (the door's clock).
    pub received_at: Timestamp,
    /// When it happened, as the sender says; never after `received_at`.
    pub at: Timestamp,
    /// What the sender told about the person.
    #[serde(default)]
    pub details: ContactDetails,
    /// What happened.
    pub what: Happening,
}

impl Fact {
    /// As of when the sender tells this.
    pub(crate) fn told_at(&self) -> Timestamp {
        match &self.what {
            Happening::Purchase(order) => order.changed_at.unwrap_or(self.at),
            _ => self.at,
        }
    }
}

/// The kinds of happenings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Happening {
    /// A signup, through the store's webhook or a form.
    Signup {
        /// The form that was filled, when it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        form: Option<String>,
    },
    /// The shop told of somebody whom it knew before, from a file.
    Imported {
        /// Whether journeys may begin with it, as with a signup. Else nothing begins, ends or is reached by it,
        /// and who is in a segment then did not enter it.
        enters: bool,
    },
    /// An order was made, or something became of it.
    Purchase(Order),
    /// Anything else that has a name.
    Event {
        /// Its name, such as `course.lesson_done`.
        name: String,
        /// Its data, for templates.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        data: Value,
    },
    /// A question was answered; the answer is also the field of the question's name.
    Answered {
        /// The question.
        question: String,
        /// The answer.
        answer: Value,
    },
    /// A mail was read. It follows from the message, and is not stored by itself.
    Opened {
        /// The flow whose mail it is.
        flow: String,
        /// The step that sent it.
        step: String,
    },
    /// A link was followed. It follows from the message, and is not stored by itself.
    Clicked {
        /// The flow whose mail it was in.
        flow: String,
        /// The step that sent that.
        step: String,
        /// The link's key ([`crate::link::link_key`]).
        link: String,
    },
    /// The day of a date or silence trigger came.
    Due {
        /// The trigger, in words ([`crate::Trigger::in_words`]).
        trigger: String,
    },
    /// A friend did something that came of the contact's own link.
    Referred(Referral),
}

/// What a sender tells about a person; what it leaves out stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContactDetails {
    /// Normalised address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// BCP 47, such as `he` or `en-US`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// IANA name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// ISO 3166-1 alpha-2, upper case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Lists to join.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<String>,
    /// Fields to set; `null` clears one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Value>,
    /// Other ids under which the sender knows this person, of those that prove what they say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Also>,
    /// What was said about consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentGiven>,
}

/// Consent as it was given or refused. A channel that was not mentioned keeps what it had: an
/// unticked box is not a refusal, an explicit `false` is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConsentGiven {
    /// To e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<bool>,
    /// To SMS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms: Option<bool>,
    /// The words that were agreed to (evidence).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// From which network address (evidence).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// When; the fact's `received_at` when it was not told. Never after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// An order as it stands in its store at one moment. Money is decimal text as the store wrote it, in
/// `currency`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The store's id.
    pub order_id: String,
    /// Whose id that is; none is the shop's own, told through `POST /hooks/purchase`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shop: Option<Platform>,
    /// How it stands.
    #[serde(default, skip_serializing_if = "is_paid")]
    pub status: OrderStatus,
    /// When the store changed it last: which of two facts about an order is the younger. The fact's
    /// `at`, which is when the order was made, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// ISO 4217.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// What was paid, or is to be, net of what was paid back; in `currency`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
    /// What was bought.
    #[serde(default)]
    pub items: Vec<Item>,
    /// The coupon that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon: Option<String>,
}

/// A platform whose orders have ids of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Shopify.
    Shopify,
    /// WooCommerce.
    Woocommerce,
    /// Stripe.
    Stripe,
}

impl Platform {
    /// The platform's name as facts have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shopify => "shopify",
            Self::Woocommerce => "woocommerce",
            Self::Stripe => "stripe",
        }
    }
}

/// How an order stands, from the first to the furthest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// It is not paid yet: a bank transfer, cash on delivery.
    Placed,
    /// It is paid, if not all of it was paid back.
    #[default]
    Paid,
    /// All of it was paid back.
    Refunded,
    /// It was called off.
    Cancelled,
}

impl OrderStatus {
    /// The event that tells of an order which came to stand so. A paid one is a purchase.
    pub fn event(self) -> Option<&'static str> {
        match self {
            Self::Placed => Some("order-placed"),
            Self::Paid => None,
            Self::Refunded => Some("order-refunded"),
            Self::Cancelled => Some("order-cancelled"),
        }
    }

    /// Which `event` tells of.
    pub(crate) fn told_by(event: &str) -> Option<Self> {
        [Self::Placed, Self::Refunded, Self::Cancelled]
            .into_iter()
            .find(|status| status.event() == Some(event))
    }
}

impl Order {
    /// The order among all that a contact makes, on whichever platform: `shopify:5678901234567`.
    pub fn key(&self) -> String {
        let shop = self.shop.map(Platform::as_str).unwrap_or_default();
        format!("{shop}:{}", self.order_id)
    }
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The store's id of the product.
    pub product_id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many.
    #[serde(default = "one")]
    pub quantity: u32,
    /// The price of one, in the order's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
pub(crate) fn is_paid(status: &OrderStatus) -> bool {
    *status == OrderStatus::Paid
}

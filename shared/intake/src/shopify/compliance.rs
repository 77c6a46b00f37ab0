//! The topics that Shopify requires of apps by law
//! (<https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance>). They are answered with
//! success at once, and what they ask for is done within 30 days.

use jiff::Timestamp;
use masa_domain::{ContactDetails, ContactId, Fact, FactId, Happening};
use serde_json::json;

use super::{Parsed, Told};
use crate::{address, malformed::Malformed};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compliance {
    /// What.
    pub request: ComplianceRequest,
    /// Of whom: the contacts of the person's address and of their phone. None for a shop, and for a
    /// person without either.
    pub contacts: Vec<ContactId>,
    /// Shopify's id of a data request.
    pub id: Option<String>,
}

impl Compliance {
    /// That it was asked for, by each contact whom it concerns: an event that a journey may have a person
    /// told of. Asked once a day it is one.
    pub fn facts(self, now: Timestamp) -> Vec<Fact> {
        let name = match self.request {
            ComplianceRequest::Data => "data-requested",
            ComplianceRequest::RedactCustomer => "erasure-requested",
            ComplianceRequest::RedactShop => return Vec::new(),
        };
        let day = now.strftime("%Y-%m-%d").to_string();
        let told = |contact: ContactId| {
            let id = self.id.as_deref().unwrap_or(&day);
            let data =
                self.id.as_ref().map_or(serde_json::Value::Null, |id| json!({ "request": id }));
            Fact {
                id: FactId::new("shopify.compliance", &format!("{name} {contact} {id}")),
                contact,
                received_at: now,
                at: now,
                details: ContactDetails::default(),
                what: Happening::Event { name: name.to_owned(), data },
            }
        };
        self.contacts.iter().copied().map(told).collect()
    }
}

/// What a person, or a shop that leaves, asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComplianceRequest {
    /// `customers/data_request`: all that is kept of the person, for the shop to hand it over.
    Data,
    /// `customers/redact`: that it is erased.
    RedactCustomer,
    /// `shop/redact`: that all of the shop is erased, 48 hours after it left.
    RedactShop,
}

/// `customers/data_request`.
pub(super) fn data_request(told: &Told<'_>) -> Result<Parsed, Malformed> {
    of_person(told, ComplianceRequest::Data)
}

/// `customers/redact`.
pub(super) fn customer_redact(told: &Told<'_>) -> Result<Parsed, Malformed> {
    of_person(told, ComplianceRequest::RedactCustomer)
}

/// `shop/redact`.
pub(super) fn shop_redact(told: &Told<'_>) -> Result<Parsed, Malformed> {
    told.body.required_id("shop_id")?;
    let request = ComplianceRequest::RedactShop;
    Ok(Parsed::Compliance(Compliance { request, contacts: Vec::new(), id: None }))
}

fn of_person(told: &Told<'_>, request: ComplianceRequest) -> Result<Parsed, Malformed> {
    told.body.required_id("shop_id")?;
    let customer = told.body.object("customer");
    let email = customer.read("email", address::email);
    let phone = customer.read("phone", address::phone);
    let of =
        |email, phone| told.contact(&ContactDetails { email, phone, ..ContactDetails::default() });
    let contacts = [of(email, None), of(None, phone)].into_iter().flatten().collect();
    let id = told.body.object("data_request").id("id");
    Ok(Parsed::Compliance(Compliance { request, contacts, id }))
}

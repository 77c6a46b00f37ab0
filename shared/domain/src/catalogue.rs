//! What is live: journeys, forms, products, and who sends.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{flow::Flow, span::Span, trigger::Trigger};

/// What is live: the flows' newest versions, the forms, and the shop.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Catalogue {
    /// How often it was changed; a change is conditioned on it.
    pub revision: u64,
    /// The live version of each flow, and what lets a contact in.
    pub flows: BTreeMap<String, LiveFlow>,
    /// The forms that may be filled.
    pub forms: BTreeMap<String, Form>,
    /// Who sends.
    pub shop: Shop,
    /// What is known of products, by their ids.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub products: BTreeMap<String, ProductFacts>,
    /// The ways that won, by `<flow>/<step>`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub winners: BTreeMap<String, String>,
}

/// What a journey may ask about a product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProductFacts {
    /// Its category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// How long one of it lasts, when it is used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
}

/// A live flow in the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveFlow {
    /// The live version.
    pub version: u32,
    /// A digest of the flow's text, so that publishing the same again changes nothing.
    pub digest: String,
    /// What lets a contact in, as keys of [`Trigger::key`], so that a fact finds the flows that
    /// it may start without reading them.
    pub triggers: Vec<String>,
    /// What reaches its goal, likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goals: Vec<String>,
}

/// A form of a public page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Form {
    /// Lists that the form joins.
    pub lists: Vec<String>,
    /// The words beside the form by which sending it is consent; without them only a ticked
    /// `consent` or `consent_sms` box is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<String>,
    /// Web origins that may post it, such as `https://shop.example`; any when empty.
    pub origins: Vec<String>,
}

/// Who sends, as templates and footers show it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shop {
    /// The shop's name, by language.
    pub name: BTreeMap<String, String>,
    /// Its web address.
    pub url: String,
    /// Its postal address, by language (CAN-SPAM; Israel's section 30A).
    pub address: BTreeMap<String, String>,
    /// The language of contacts that have none.
    pub language: String,
    /// The IANA zone of contacts that have none.
    pub timezone: String,
}

impl LiveFlow {
    /// A version of a flow that goes live.
    pub fn new(flow: &Flow, version: u32, digest: String) -> Self {
        let keys = |triggers: &[Trigger]| {
            let keys: BTreeSet<String> = triggers.iter().map(Trigger::key).collect();
            keys.into_iter().collect()
        };
        let goals = flow.goal.as_ref().map(|goal| keys(&goal.reached_by)).unwrap_or_default();
        Self { version, digest, triggers: keys(&flow.triggers), goals }
    }
}

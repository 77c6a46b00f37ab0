//! Flows: immutable versions, and the catalogue of what is live.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{operation::put_item::PutItemError, types::AttributeValue};
use masa_domain::{Catalogue, Flow, LiveFlow, Setup, Standing};

use crate::{
    Store,
    error::{Error, unavailable},
    item::{Item, corrupt, key, text},
};

const FLOWS: &str = "FLOWS";
const LIVE: &str = "LIVE";
/// How often a publication is tried when others publish at the same time.
const TRIES: u32 = 5;
/// DynamoDB's limit of 400 KB less the keys.
const BODY_BYTES_MAX: usize = 400 * 1024 - 1024;

/// What is to be live.
#[derive(Debug, Clone)]
pub struct Publish {
    /// Checked flows, each with a digest of its text.
    pub flows: Vec<(Flow, String)>,
    /// What the shop says.
    pub setup: Setup,
    /// Whether what is live and not among these ends: nobody enters such a flow any more, and who
    /// is inside finishes on their version.
    pub prune: bool,
}

/// What became of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The flow.
    pub flow: String,
    /// Its live version.
    pub version: u32,
    /// Whether it is a new one.
    pub new: bool,
}

impl Store {
    /// Reads the catalogue; empty when nothing was published.
    ///
    /// # Errors
    /// [`Error`] when the table can't be read, or holds something else.
    pub async fn catalogue(&self) -> Result<Catalogue, Error> {
        Ok(self.body(FLOWS, LIVE).await?.unwrap_or_default())
    }

    /// Reads a version of a flow.
    ///
    /// # Errors
    /// [`Error`] when the table can't be read, or holds something else.
    pub async fn flow(&self, name: &str, version: u32) -> Result<Option<Flow>, Error> {
        self.body(&key::flow(name), &key::version(version)).await
    }

    /// Makes flows live: changed ones as new versions, then the catalogue on condition of its
    /// revision, so that nobody sees a version that is not there.
    ///
    /// # Errors
    /// [`Error`]; what is live is then as it was.
    pub async fn publish(&self, publish: &Publish) -> Result<Vec<Published>, Error> {
        for _ in 0..TRIES {
            let mut catalogue = self.catalogue().await?;
            let before = catalogue.clone();
            let mut published = Vec::new();
            for (flow, digest) in &publish.flows {
                published.push(self.publish_flow(&mut catalogue, flow, digest).await?);
            }
            if publish.prune {
                let kept = |name: &String| publish.flows.iter().any(|(flow, _)| flow.name == *name);
                catalogue.flows.retain(|name, _| kept(name));
            }
            let mut setup = publish.setup.clone();
            if !publish.prune {
                // What live journeys of other folders name stays.
                add_missing(&mut setup.forms, &catalogue.setup.forms);
                add_missing(&mut setup.questions, &catalogue.setup.questions);
                add_missing(&mut setup.segments, &catalogue.setup.segments);
                add_missing(&mut setup.people, &catalogue.setup.people);
                add_missing(&mut setup.systems, &catalogue.setup.systems);
                add_missing(&mut setup.products, &catalogue.setup.products);
                if setup.caps.is_empty() {
                    setup.caps.clone_from(&catalogue.setup.caps);
                }
            }
            catalogue.setup = setup;
            if catalogue == before || self.put_catalogue(catalogue).await? {
                return Ok(published);
            }
        }
        Err(Error::Contended { what: "the catalogue of flows".to_owned() })
    }

    /// Changes how a live flow stands ([`Standing`]): one conditional write. False when nothing of that
    /// name is live.
    ///
    /// # Errors
    /// [`Error`]; the flow then stands as it did.
    pub async fn stand(&self, name: &str, standing: Standing) -> Result<bool, Error> {
        self.change(|catalogue| {
            let live = LiveFlow { standing, ..catalogue.flows.get(name)?.clone() };
            catalogue.flows.insert(name.to_owned(), live);
            Some(())
        })
        .await
    }

    /// Takes a flow out of the catalogue: nobody enters any more, who is inside finishes. False when
    /// nothing of that name is live.
    ///
    /// # Errors
    /// [`Error`]; the flow is then as live as it was.
    pub async fn retire(&self, name: &str) -> Result<bool, Error> {
        self.change(|catalogue| catalogue.flows.remove(name).then_some(())).await
    }

    /// Makes an older version live again, or a retired flow. False when there is no such version.
    ///
    /// # Errors
    /// [`Error`]; what is live is then as it was.
    pub async fn go_back(&self, name: &str, version: u32, digest: &str) -> Result<bool, Error> {
        let Some(flow) = self.flow(name, version).await? else { return Ok(false) };
        self.change(|catalogue| {
            let live = LiveFlow::new(&flow, version, digest.to_owned());
            let standing = kept_standing(catalogue.flows.get(name));
            let live = LiveFlow { standing, ..live };
            catalogue.flows.insert(name.to_owned(), live);
            Some(())
        })
        .await
    }

    /// Changes the catalogue, on condition of its revision; false when there is nothing to change.
    async fn change(&self, change: impl Fn(&mut Catalogue) -> Option<()>) -> Result<bool, Error> {
        for _ in 0..TRIES {
            let mut catalogue = self.catalogue().await?;
            let before = catalogue.clone();
            if change(&mut catalogue).is_none() {
                return Ok(false);
            }
            if catalogue == before || self.put_catalogue(catalogue).await? {
                return Ok(true);
            }
        }
        Err(Error::Contended { what: "the catalogue of flows".to_owned() })
    }

    async fn publish_flow(
        &self,
        catalogue: &mut Catalogue,
        flow: &Flow,
        digest: &str,
    ) -> Result<Published, Error> {
        let name = flow.name.clone();
        let mut version = 1;
        // A new version of a paused flow is paused.
        let standing = kept_standing(catalogue.flows.get(&name));
        if let Some(live) = catalogue.flows.get(&name) {
            if live.digest == digest {
                return Ok(Published { flow: name, version: live.version, new: false });
            }
            version = live.version.saturating_add(1);
        }
        // A publication that died after this write left a version that never went live; it is
        // passed over, for somebody may have seen it.
        while !self.put_body(&key::flow(&name), &key::version(version), flow, None).await? {
            version = version.saturating_add(1);
        }
        let live = LiveFlow { standing, ..LiveFlow::new(flow, version, digest.to_owned()) };
        catalogue.flows.insert(name.clone(), live);
        Ok(Published { flow: name, version, new: true })
    }

    async fn put_catalogue(&self, mut catalogue: Catalogue) -> Result<bool, Error> {
        let read = catalogue.revision;
        catalogue.revision = read.saturating_add(1);
        self.put_body(FLOWS, LIVE, &catalogue, Some((read, catalogue.revision))).await
    }

    /// Stores `value` as JSON: only if nothing is there, or only over the revision that was read.
    async fn put_body(
        &self,
        pk: &str,
        sk: &str,
        value: &impl serde::Serialize,
        revision: Option<(u64, u64)>,
    ) -> Result<bool, Error> {
        let body = serde_json::to_string(value).map_err(|error| corrupt(pk, sk, &error))?;
        if body.len() > BODY_BYTES_MAX {
            return Err(Error::TooLarge { what: format!("{pk} {sk}") });
        }
        let mut item = Item::from([
            ("pk".to_owned(), text(pk)),
            ("sk".to_owned(), text(sk)),
            ("body".to_owned(), text(body)),
        ]);
        let number = |n: u64| AttributeValue::N(n.to_string());
        let mut put = self
            .client
            .put_item()
            .table_name(&self.table)
            .condition_expression("attribute_not_exists(pk)");
        if let Some((read, next)) = revision {
            item.insert("revision".to_owned(), number(next));
            put = put
                .condition_expression("attribute_not_exists(pk) OR revision = :read")
                .expression_attribute_values(":read", number(read));
        }
        match put.set_item(Some(item)).send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => Err(unavailable("PutItem", error)),
        }
    }

    pub(crate) async fn body<T: serde::de::DeserializeOwned>(
        &self,
        pk: &str,
        sk: &str,
    ) -> Result<Option<T>, Error> {
        let got = self
            .client
            .get_item()
            .table_name(&self.table)
            .consistent_read(true)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .send()
            .await
            .map_err(|error| unavailable("GetItem", error))?;
        let Some(item) = got.item else { return Ok(None) };
        let body = item.get("body").and_then(|body| body.as_s().ok()).cloned().unwrap_or_default();
        serde_json::from_str(&body).map(Some).map_err(|error| corrupt(pk, sk, &error))
    }
}

fn add_missing<T: Clone>(to: &mut BTreeMap<String, T>, from: &BTreeMap<String, T>) {
    for (name, value) in from {
        to.entry(name.clone()).or_insert_with(|| value.clone());
    }
}

/// How another version of a flow stands: a pause goes on, an end does not.
fn kept_standing(before: Option<&LiveFlow>) -> Standing {
    match before.map(|live| live.standing) {
        Some(Standing::Paused) => Standing::Paused,
        _ => Standing::Live,
    }
}

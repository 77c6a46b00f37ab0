//! The console's demo shop: it signs what a store's server would sign, and posts it to the hook.

use anyhow::Result;
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{Response, StatusCode},
};
use masa_box::HttpRequest;
use masa_domain::Id;
use masa_runtime::Clock;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Dev,
    server::{Shared, answer, broken, refused},
};

const HOOKS: [&str; 3] = ["signup", "purchase", "event"];
const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

/// What the shop does.
#[derive(Debug, Deserialize)]
pub(crate) struct Play {
    /// `signup`, `purchase` or `event`.
    #[serde(rename = "do")]
    what: String,
    /// The hook's body.
    body: Value,
}

pub(crate) async fn play(State(dev): Shared, body: Bytes) -> Response<Body> {
    let play = match serde_json::from_slice::<Play>(&body) {
        Ok(play) if HOOKS.contains(&play.what.as_str()) => play,
        _ => {
            let what = r#"send {"do":"signup"|"purchase"|"event","body":{…}}"#;
            return refused(StatusCode::BAD_REQUEST, "malformed", what);
        }
    };
    match dev.play(&play).await {
        Ok(told) => answer(StatusCode::OK, "application/json", told.to_string()),
        Err(error) => broken(&error),
    }
}

impl Dev {
    async fn play(&self, play: &Play) -> Result<Value> {
        let now = self.stack.aws.clock().now();
        let body = play.body.to_string();
        let timestamp = now.as_second();
        let id = format!("msg_{}", Id::derive(&["dev", &now.to_string(), &body]));
        let signature = self.secrets.sign(&id, timestamp, body.as_bytes());
        let headers = [
            ("content-type", "application/json".to_owned()),
            (ID, id),
            (TIMESTAMP, timestamp.to_string()),
            (SIGNATURE, signature),
        ];
        let path = format!("/hooks/{}", play.what);
        let request = HttpRequest {
            method: "POST".to_owned(),
            path: path.clone(),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
            body: body.clone().into_bytes(),
            source_ip: "127.0.0.1".to_owned(),
            ..HttpRequest::default()
        };
        let response = self.call(request).await?;
        let headers: serde_json::Map<String, Value> =
            headers.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        Ok(json!({
            "request": { "path": path, "headers": headers, "body": play.body },
            "status": response.status,
            "response": serde_json::from_slice::<Value>(&response.body).unwrap_or_default(),
        }))
    }

    /// Senders outside live in the machine's time, and the box may be days ahead. A webhook that
    /// is well signed and fresh in the machine's time is signed again in the box's time, as if its
    /// sender had moved its clock too; any other is left for the hook to refuse.
    pub(crate) fn set_to_box_time(&self, request: &mut HttpRequest) {
        let header = |name: &str| {
            let mut headers = request.headers.iter();
            headers.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
        };
        let [id, timestamp, signature] = [ID, TIMESTAMP, SIGNATURE].map(header);
        let fresh = |now| self.secrets.verify(id, timestamp, signature, &request.body, now).is_ok();
        let now = self.stack.aws.clock().now();
        let (Some(id), true, false) = (id, fresh(Clock::system().now()), fresh(now)) else {
            return;
        };
        let signature = self.secrets.sign(id, now.as_second(), &request.body);
        for (name, value) in &mut request.headers {
            match name.as_str() {
                TIMESTAMP => *value = now.as_second().to_string(),
                SIGNATURE => value.clone_from(&signature),
                _ => {}
            }
        }
    }
}

//! MiniStack's endpoints, called as the SDKs call AWS.

use anyhow::{Context as _, Result, ensure};
use masa_tests::http;
use serde_json::{Value, json};

/// The Region of the test's stack.
pub(crate) const REGION: &str = "eu-west-1";

/// A client with the rights of the account's root, whose signatures MiniStack does not check.
#[derive(Clone, Copy)]
pub(crate) struct Aws {
    port: u16,
}

impl Aws {
    pub(crate) fn new(port: u16) -> Self {
        Self { port }
    }

    /// An action of a service with a JSON protocol.
    pub(crate) fn json(self, service: &str, target: &str, input: &Value) -> Result<Value> {
        let headers = [("x-amz-target", target), ("content-type", "application/x-amz-json-1.0")];
        self.call(service, "POST", "/", &headers, &input.to_string())
    }

    /// An action of a service with a REST protocol.
    pub(crate) fn rest(
        self,
        service: &str,
        method: &str,
        path: &str,
        input: &str,
    ) -> Result<Value> {
        self.call(service, method, path, &[("content-type", "application/json")], input)
    }

    /// Gives a role one more inline policy.
    pub(crate) fn allow(self, role: &str, action: &[&str], resource: &str) -> Result<()> {
        let statement = json!({ "Effect": "Allow", "Action": action, "Resource": resource });
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let policy: String = policy.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let form = format!(
            "Action=PutRolePolicy&Version=2010-05-08&RoleName={role}&PolicyName=ministack&PolicyDocument={policy}"
        );
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("iam", "POST", "/", &headers, &form).map(drop)
    }

    /// The mails that SES took, oldest first.
    pub(crate) fn mails(self) -> Result<Vec<Value>> {
        let answer = http::get(self.port, "/_ministack/ses/messages")?;
        let answer: Value = serde_json::from_slice(&answer.body)?;
        Ok(lists(&answer["messages"]))
    }

    /// The text messages that SNS took, oldest first for one phone.
    pub(crate) fn texts(self) -> Result<Vec<Value>> {
        let answer =
            http::get(self.port, &format!("/_ministack/sns/sms-messages?region={REGION}"))?;
        let answer: Value = serde_json::from_slice(&answer.body)?;
        Ok(lists(&answer["sms_messages"]))
    }

    /// Every item of the table.
    pub(crate) fn items(self, table: &str) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut from = Value::Null;
        loop {
            let mut input = json!({ "TableName": table, "ConsistentRead": true });
            if !from.is_null() {
                input["ExclusiveStartKey"] = from;
            }
            let mut page = self.json("dynamodb", "DynamoDB_20120810.Scan", &input)?;
            items.extend(page["Items"].as_array().cloned().unwrap_or_default());
            from = page["LastEvaluatedKey"].take();
            if from.is_null() {
                return Ok(items);
            }
        }
    }

    /// What a log group holds.
    pub(crate) fn log_lines(self, group: &str) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        let mut input = json!({ "logGroupName": group });
        loop {
            let mut page = self.json("logs", "Logs_20140328.FilterLogEvents", &input)?;
            let events = page["events"].as_array_mut().context("no events")?;
            lines.extend(
                events.iter().filter_map(|event| event["message"].as_str().map(str::to_owned)),
            );
            if page["nextToken"].is_null() {
                return Ok(lines);
            }
            input["nextToken"] = page["nextToken"].take();
        }
    }

    fn call(
        self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        input: &str,
    ) -> Result<Value> {
        let body = self.send(service, method, path, headers, input)?;
        if body.is_empty() {
            Ok(Value::Null)
        } else {
            serde_json::from_slice(&body).context("not JSON")
        }
    }

    fn send(
        self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        input: &str,
    ) -> Result<Vec<u8>> {
        let scope = format!("test/20260101/{REGION}/{service}/aws4_request");
        let signed =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let mut all = vec![("authorization", signed.as_str())];
        all.extend(headers);
        let answer = http::request(self.port, method, path, &all, input.as_bytes())?;
        ensure!(
            answer.status < 300,
            "{service} {method} {path}: {} {}",
            answer.status,
            answer.text()
        );
        Ok(answer.body)
    }
}

/// The lists in an object, joined: MiniStack groups by account or phone.
fn lists(grouped: &Value) -> Vec<Value> {
    let groups = grouped.as_object().into_iter().flat_map(|groups| groups.values());
    groups.filter_map(Value::as_array).flatten().cloned().collect()
}

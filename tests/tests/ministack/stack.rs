//! The real template, built and deployed by SAM on MiniStack.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result};
use masa_tests::{
    http::{self, Answer},
    tools::{self, Server, Started},
};
use serde_json::Value;

use crate::aws::{Aws, REGION};

/// The address that the test's store sends from.
pub(crate) const FROM: &str = "shop@shop.test";
/// The Standard Webhooks secret of the test's store.
pub(crate) const SECRET_EVENTS: &str = "whsec_Zm9yIHRlc3RzIG9ubHksIG5vIHNlY3JldCBhdCBhbGw=";
/// The secret of the test's Shopify app.
pub(crate) const SECRET_SHOPIFY: &str = "for-tests-only-no-secret-at-all";

/// The secret of the test's WooCommerce webhook.
pub(crate) const SECRET_WOOCOMMERCE: &str = "for-tests-only-no-secret-at-all-3";
/// The secret of the test's Stripe endpoint, which signs with all of it.
pub(crate) const SECRET_STRIPE: &str = "whsec_for-tests-only-no-secret-at-all";

/// The processor that the test runs on.
const ARCHITECTURE: &str =
    if cfg!(target_arch = "aarch64") { "Architecture=arm64" } else { "Architecture=x86_64" };

/// A deployed stack; dropping it ends MiniStack, and the stack with it.
pub(crate) struct Stack {
    /// The services beside the stack.
    pub(crate) aws: Aws,
    /// The table's name.
    pub(crate) table: String,
    host: String,
    server: Server,
    endpoint: String,
}

impl Stack {
    /// Builds the functions, starts MiniStack and deploys.
    pub(crate) fn deploy() -> Result<Self> {
        let folder = tools::workspace().join("target/ministack");
        fs::create_dir_all(&folder)?;
        let server = ministack(&folder)?;
        let endpoint = format!("http://127.0.0.1:{}", server.port());
        let sam = Sam { folder, endpoint: endpoint.clone(), programs: tools::sam()? };
        sam.build()?;
        sam.deploy()?;
        let aws = Aws::new(server.port());
        let outputs = sam.list("stack-outputs")?;
        let api = named(&outputs, "OutputKey", "ApiUrl", "OutputValue")?;
        let host = api.trim_start_matches("http://").to_owned();
        let table = named(&outputs, "OutputKey", "Table", "OutputValue")?;
        let resources = sam.list("resources")?;
        let role = |name| named(&resources, "LogicalResourceId", name, "PhysicalResourceId");
        // MiniStack takes every schedule to be in the group `default`, and a mail to be of no identity.
        let schedules = format!("arn:aws:scheduler:{REGION}:000000000000:schedule/default/*");
        for name in ["AdvanceRole", "WakeRole"] {
            let actions = ["scheduler:CreateSchedule", "scheduler:DeleteSchedule"];
            aws.allow(&role(name)?, &actions, &schedules)?;
        }
        aws.allow(&role("DeliverRole")?, &["ses:SendEmail"], "*")?;
        let identity = format!(r#"{{"EmailIdentity":"{FROM}"}}"#);
        aws.rest("ses", "POST", "/v2/email/identities", &identity)?;
        Ok(Self { aws, table, host, server, endpoint })
    }

    /// A request to the deployed HTTP API.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer> {
        let mut all = vec![("host", self.host.as_str())];
        all.extend(headers);
        http::request(self.server.port(), method, path, &all, body)
    }

    /// Publishes the flows of a folder, as a store does.
    pub(crate) fn publish(&self, flows: &Path) -> Result<()> {
        let mut masa = Command::new(tools::masa()?);
        masa.arg("publish").arg("--table").arg(&self.table).arg(flows);
        aws_environment(&mut masa, &self.endpoint);
        tools::run(&mut masa).map(drop)
    }

    /// The functions' processes: MiniStack starts one for each concurrent invocation, and keeps it.
    pub(crate) fn functions(&self) -> Result<Vec<Started>> {
        self.server.started("bootstrap")
    }

    /// All that MiniStack said.
    pub(crate) fn log(&self) -> String {
        self.server.log()
    }

    /// What MiniStack said last.
    pub(crate) fn log_end(&self) -> String {
        self.server.log_end()
    }
}

fn ministack(folder: &Path) -> Result<Server> {
    let program = tools::ministack()?;
    let own = folder.join("server");
    if own.exists() {
        fs::remove_dir_all(&own)?;
    }
    for name in ["tmp", "s3", "state"] {
        fs::create_dir_all(own.join(name))?;
    }
    let command = |port: u16| {
        let mut command = Command::new(&program);
        aws_environment(&mut command, &format!("http://127.0.0.1:{port}"));
        command
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("MINISTACK_REGION", REGION)
            // The statements of the template are enforced.
            .env("AUTH", "true")
            .env("TMPDIR", own.join("tmp"))
            .env("S3_DATA_DIR", own.join("s3"))
            .env("STATE_DIR", own.join("state"));
        command
    };
    let ready =
        |port| http::get(port, "/_ministack/ready").is_ok_and(|answer| answer.status == 200);
    Server::start(&own.join("log"), Duration::from_secs(60), command, ready)
}

/// Nothing of a developer's own account, and no way to it.
fn aws_environment(command: &mut Command, endpoint: &str) {
    for name in ["AWS_PROFILE", "AWS_SESSION_TOKEN"] {
        command.env_remove(name);
    }
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", REGION)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
}

struct Sam {
    folder: PathBuf,
    endpoint: String,
    programs: PathBuf,
}

impl Sam {
    fn build(&self) -> Result<()> {
        let mut sam = self.sam("build")?;
        sam.arg("--build-dir").arg(self.built());
        sam.arg("--parameter-overrides")
            .arg(ARCHITECTURE)
            // The machine's own compiler and linker are enough for its own processor.
            .env("CARGO_LAMBDA_COMPILER", "cargo")
            .env("CARGO_TARGET_DIR", self.folder.join("cargo"))
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
        tools::run(&mut sam).map(drop)
    }

    fn deploy(&self) -> Result<()> {
        let mut sam = self.sam("deploy")?;
        sam.args(["--no-confirm-changeset", "--no-progressbar", "--template-file"]);
        sam.arg(self.built().join("template.yaml"));
        sam.arg("--parameter-overrides").args([
            ARCHITECTURE,
            "ContactKey=for-tests-only-no-secret-at-all-1",
            &format!("FromAddress={FROM}"),
            "FromName='The Shop'",
            "LogLevel=INFO",
            "SecretLinks=for-tests-only-no-secret-at-all-2",
            &format!("SecretEvents={SECRET_EVENTS}"),
            &format!("SecretShopify={SECRET_SHOPIFY}"),
            &format!("SecretWooCommerce={SECRET_WOOCOMMERCE}"),
            &format!("SecretStripe={SECRET_STRIPE}"),
            // MiniStack stops polling a queue whose limit comes from a parameter.
            "SendConcurrency=0",
            // Every wait is a schedule.
            "ShortWait=0",
            // No event of SES settles an unknown outcome here: MiniStack publishes none.
            "UnknownGrace=5",
        ]);
        tools::run(&mut sam).map(drop)
    }

    fn list(&self, what: &str) -> Result<Value> {
        let mut sam = self.command()?;
        sam.args(["list", what, "--stack-name", "masa", "--region", REGION, "--output", "json"]);
        if what == "resources" {
            sam.arg("--template-file").arg(self.built().join("template.yaml"));
        }
        Ok(serde_json::from_str(&tools::run(&mut sam)?)?)
    }

    /// A SAM command with the project's own settings.
    fn sam(&self, name: &str) -> Result<Command> {
        let mut sam = self.command()?;
        sam.arg(name).arg("--config-file").arg(tools::workspace().join("samconfig.toml"));
        Ok(sam)
    }

    fn command(&self) -> Result<Command> {
        let mut sam = Command::new(self.programs.join("sam"));
        aws_environment(&mut sam, &self.endpoint);
        sam.current_dir(tools::workspace())
            .env("PATH", path_with(&self.programs)?)
            .env("SAM_CLI_TELEMETRY", "0")
            .env("__SAM_CLI_APP_DIR", self.folder.join("sam"));
        Ok(sam)
    }

    fn built(&self) -> PathBuf {
        self.folder.join("build")
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo and the compiler are found by the path of this process"
)]
fn path_with(first: &Path) -> Result<OsString> {
    let path = env::var_os("PATH").context("no PATH")?;
    let all = std::iter::once(first.to_owned()).chain(env::split_paths(&path));
    Ok(env::join_paths(all)?)
}

/// The text `value` of the object in `list` whose `key` is `name`.
fn named(list: &Value, key: &str, name: &str, value: &str) -> Result<String> {
    let all = list.as_array().into_iter().flatten();
    let found = all.filter(|one| one[key] == name).find_map(|one| one[value].as_str());
    found.map(str::to_owned).with_context(|| format!("the stack has no {name}"))
}

//! `masa dev`: the whole of Masa in one process, for a person trying it and for tests.

mod api;
mod console;
mod server;
mod shop;

use std::{io::Write as _, path::PathBuf, sync::Arc};

use anyhow::{Context, Result};
use masa_box::ClockMode;
use masa_domain::ContactKey;
use masa_intake::signature::StandardWebhooks;
use masa_language::Files;
use masa_runtime::Config;
use masa_stack::Stack;
use tokio::net::TcpListener;

use crate::{Found, check, publish::publish};

/// Secrets for development, replaced by the variables of the same names. They are no secrets:
/// they stand here so that links and signatures stay valid from one start to the next.
const SECRETS: [(&str, &str); 9] = [
    ("MASA_SECRET_EVENTS", "whsec_bWFzYS1kZXZlbG9wbWVudC1zZWNyZXQtMDAwMQ=="),
    ("MASA_SECRET_SHOPIFY", "masa-development-shopify-secret"),
    ("MASA_SECRET_WOOCOMMERCE", "masa-development-woocommerce-secret"),
    ("MASA_SECRET_STRIPE", "whsec_masa-development-stripe-secret"),
    ("MASA_SECRET_TYPEFORM", "masa-development-typeform-secret"),
    ("MASA_SECRET_TALLY", "masa-development-tally-secret"),
    ("MASA_SECRET_LINKS", "masa-development-links-secret"),
    ("MASA_SECRET_CALLS", "whsec_bWFzYS1kZXZlbG9wbWVudC1zZWNyZXQtMDAwMg=="),
    ("MASA_CONTACT_KEY", "masa-development-contact-key-0001"),
];

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Where to keep everything across restarts; in memory when absent.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The folder of journeys; two of those that come with masa when absent.
    #[arg(long)]
    flows: Option<PathBuf>,
}

/// What the server's handlers share.
pub(crate) struct Dev {
    stack: Stack,
    contacts: ContactKey,
    secrets: StandardWebhooks,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Found> {
    tracing_subscriber::fmt().with_env_filter("warn").with_writer(std::io::stderr).init();
    let files = match &arguments.flows {
        Some(folder) => check::files(Some(folder))?,
        None => Files::from_texts(masa_flows::demo()),
    };
    let mut library = match masa_language::read(&files) {
        Ok(library) => library,
        Err(problems) => {
            check::tell(&problems, false);
            return Ok(Found::Something);
        }
    };
    check::warn(&library.warnings);
    let listener = TcpListener::bind(("127.0.0.1", arguments.port)).await.with_context(|| {
        format!("port {} can't be used; give another with --port", arguments.port)
    })?;
    let address = format!("http://{}", listener.local_addr()?);

    // The console's own page posts the shop's forms.
    for form in library.setup.forms.values_mut().filter(|form| !form.origins.is_empty()) {
        form.origins.push(address.clone());
        form.origins.push(address.replace("127.0.0.1", "localhost"));
    }
    let config = settings(&address);
    let stack = Stack::open(arguments.data.as_deref(), ClockMode::Real, config.clone())?;
    stack.recover().await?;
    let published = publish(&stack.store, library, true).await?;
    // Who is there is told of new dates at once, not with the clock's next tick.
    let told = stack.aws.invoke("dates", serde_json::json!({})).await;
    told.map_err(anyhow::Error::msg).context("new dates could not be told to all contacts")?;
    let contacts = ContactKey::new(config.require("MASA_CONTACT_KEY")?);
    let secrets = config.read("MASA_SECRET_EVENTS", StandardWebhooks::new)?;

    let mut words = format!("listening on {address}\n");
    for flow in published {
        words.push_str(&format!("journey {} version {}\n", flow.flow, flow.version));
    }
    for (name, _) in SECRETS {
        words.push_str(&format!("{name}={}\n", config.require(name)?));
    }
    if arguments.data.is_none() {
        words.push_str("kept in memory; use --data DIR to keep it across restarts\n");
    }
    // Whoever started this may have stopped reading; the server is of use all the same.
    let _ = std::io::stdout().write_all(words.as_bytes());
    let dev = Arc::new(Dev { stack, contacts, secrets });
    server::serve(listener, dev).await?;
    Ok(Found::Nothing)
}

/// The settings of the functions: those of the environment before those of development.
fn settings(address: &str) -> Config {
    let fixed = [
        ("MASA_PUBLIC_URL", address),
        ("MASA_FROM", "Kumkum <hello@shop.example.com>"),
        ("MASA_SENDER_ID", "Kumkum"),
    ];
    let defaults: Config = SECRETS.into_iter().chain(fixed).collect();
    let environment = Config::from_env();
    let names = SECRETS.iter().chain(&fixed).map(|(name, _)| *name).chain(["MASA_SHORT_WAIT"]);
    let own: Config = names.filter_map(|name| Some((name, environment.get(name)?))).collect();
    defaults.overridden_by(own)
}

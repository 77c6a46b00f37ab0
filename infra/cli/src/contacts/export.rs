//! `masa contacts export`: all contacts as a file.

use std::{
    io::{BufRead, BufReader, BufWriter, Seek, Write},
    path::PathBuf,
};

use anyhow::{Result, bail};
use futures_util::{StreamExt, TryStreamExt, stream};
use masa_contacts_file::{Export, Exported, Fields, Kind};
use masa_domain::{Answer, Consent, Contact, ContactId, Refusals};
use masa_store::{Place, Store};
use serde_json::json;

use crate::Found;

/// How many contacts are read at once.
const AT_ONCE: usize = 32;
/// How many contacts the index gives at a time.
const PAGE: i32 = 1_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The file: its ending says which kind.
    pub(super) file: PathBuf,
}

/// Writes all contacts.
pub(crate) async fn run(arguments: &Arguments, store: &Store, json: bool) -> Result<Found> {
    let kind = match arguments.file.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => Kind::Csv,
        Some("xlsx") => Kind::Xlsx,
        Some("jsonl") => Kind::JsonLines,
        _ => bail!("name a file that ends with .csv, .xlsx or .jsonl"),
    };
    // A table names its columns first: the contacts wait in a file that nobody else sees.
    let mut spool = BufWriter::new(tempfile::tempfile()?);
    let (mut fields, mut contacts) = (Fields::default(), 0_u64);
    let mut place = Some(Place::default());
    while let Some(from) = place {
        let (ids, next) = store.everybody(from, PAGE).await?;
        let mut loaded = stream::iter(ids).map(|id| one(store, id)).buffered(AT_ONCE);
        while let Some(contact) = loaded.try_next().await? {
            let Some(contact) = contact else { continue };
            fields.add(&contact);
            serde_json::to_writer(&mut spool, &contact)?;
            spool.write_all(b"\n")?;
            contacts += 1;
        }
        place = next.or_else(|| from.next_shard());
    }
    let mut spool = spool.into_inner()?;
    spool.rewind()?;
    let file = super::personal(&arguments.file)?;
    let mut export = Export::new(kind, BufWriter::new(file), fields)?;
    for line in BufReader::new(spool).lines() {
        export.write(&serde_json::from_str(&line?)?)?;
    }
    export.finish()?;
    if json {
        println!("{}", json!({ "contacts": contacts }));
    } else {
        println!("{contacts} contacts in {}", arguments.file.display());
    }
    Ok(Found::Nothing)
}

/// A contact as it stands; none when it turned out to be another one, or nothing was applied yet.
async fn one(store: &Store, id: ContactId) -> Result<Option<Exported>> {
    let loaded = store.load(id).await?;
    let refusals = loaded.refusals;
    let contact = loaded.contact.filter(|contact| contact.gone.is_none());
    Ok(contact.map(|contact| Exported::from(&refused(contact, &refusals))))
}

/// What was refused on a page stands beside the state: it counts as the last word when it is younger.
fn refused(mut contact: Contact, refusals: &Refusals) -> Contact {
    for (channel, at) in &refusals.0 {
        let refusal = Consent { answer: Answer::Refused, at: *at, text: None, ip: None };
        let stands = contact.consent.get(channel).is_some_and(|said| said.at > *at);
        if !stands {
            contact.consent.insert(*channel, refusal);
        }
    }
    contact
}

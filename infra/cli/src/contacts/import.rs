//! `masa contacts import`: the rows of a file become facts, as a signup's do.
//!
//! A fact's id follows from the file, the row and what is asked for, so that the same command given twice, or again
//! after it broke off, counts once.

use std::{
    fs::{self, File},
    io::{BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use futures_util::{StreamExt, stream::FuturesUnordered};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use masa_contacts_file::{
    ContactsFile, DateOrder, Line, Options, Rejects, Row, Rules, Summary, Target,
};
use masa_domain::{ConsentGiven, ContactDetails, Fact, FactId, Happening, Id};
use masa_door::Door;
use serde_json::json;
use tokio::time::{Duration, Interval, MissedTickBehavior, interval};

use crate::Found;

/// How many rows are on their way at once.
const AT_ONCE: usize = 32;
/// More rows a second than any table takes.
const RATE_MAX: u32 = 100_000;
/// After how many rows it is noted how far the import came.
const NOTED_AFTER: u64 = 500;

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Arguments {
    /// The file.
    pub(super) file: PathBuf,
    /// How these people agreed to get advertising, and where: kept with each consent as its evidence. A
    /// file with a column of consent needs it.
    #[arg(long)]
    pub(super) consent_source: Option<String>,
    /// A list that all of them join; may be given several times.
    #[arg(long)]
    pub(super) list: Vec<String>,
    /// What a column is: `Column=email`, `Column=field:size`, `Column=-` to leave it out; may be given several
    /// times.
    #[arg(long)]
    pub(super) map: Vec<String>,
    /// The country of phones without a country code, such as `IL`.
    #[arg(long)]
    pub(super) country: Option<String>,
    /// Whether dates such as 03/04/1990 begin with the day (`dmy`) or the month (`mdy`).
    #[arg(long)]
    pub(super) dates: Option<DateOrder>,
    /// The encoding of a CSV, when it is guessed wrong, such as `windows-1252`.
    #[arg(long)]
    pub(super) encoding: Option<String>,
    /// The sheet of a workbook; its first when absent.
    #[arg(long)]
    pub(super) sheet: Option<String>,
    /// Take addresses that a provider delivers to one mailbox for one (dots and `+` of Gmail).
    #[arg(long)]
    pub(super) one_mailbox: bool,
    /// Journeys may begin with it, as with a signup.
    #[arg(long)]
    pub(super) enter: bool,
    /// So many rows a second at most; 20 with `--enter`.
    #[arg(long)]
    pub(super) rate: Option<u32>,
    /// Only tell what would be done.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// What the columns are taken for is right.
    #[arg(long)]
    pub(super) yes: bool,
    /// Where refused rows are written; beside the file when absent.
    #[arg(long)]
    pub(super) refused: Option<PathBuf>,
}

impl Arguments {
    fn open(&self) -> Result<ContactsFile> {
        if let (Ok(file), Ok(refused)) =
            (fs::canonicalize(&self.file), fs::canonicalize(self.refused()))
        {
            ensure!(file != refused, "--refused names the file itself, which would be overwritten");
        }
        let mut options = Options {
            country: self.country.clone(),
            dates: self.dates,
            encoding: self.encoding.clone(),
            sheet: self.sheet.clone(),
            ..Options::default()
        };
        if self.one_mailbox {
            options.rules = Rules::Providers;
        }
        let mut file = ContactsFile::open(&self.file, options)?;
        for order in &self.map {
            file.map(order)?;
        }
        Ok(file)
    }

    /// What an import of the file lacks: the evidence of its consents.
    fn lacks(&self, file: &ContactsFile) -> Option<&'static str> {
        let mut targets = file.mapping().columns().iter().map(|column| &column.target);
        let tells = targets.any(|to| matches!(to, Target::Consent(_)));
        (tells && self.consent_source.is_none()).then_some(
            "the file tells who agreed: say with --consent-source how and where, which is kept as evidence, or leave \
             the column out by --map",
        )
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.file.clone().into_os_string();
        name.push(ending);
        name.into()
    }

    fn refused(&self) -> PathBuf {
        self.refused.clone().unwrap_or_else(|| self.beside(".refused.csv"))
    }

    /// What an import that broke off was about: what else is asked for is another one.
    fn mark(&self) -> Result<String> {
        let file = fs::metadata(&self.file)?;
        let rows =
            (&self.map, &self.country, self.dates, &self.encoding, &self.sheet, self.one_mailbox);
        let told = (&self.consent_source, &self.list, self.enter);
        let told = format!("{} {:?} {rows:?} {told:?}", file.len(), file.modified().ok());
        Ok(Id::derive(&["import", &told]).to_string())
    }
}

/// Tells what would be done, and writes the refused rows.
pub(crate) fn preview(arguments: &Arguments, json: bool) -> Result<Found> {
    let mut file = arguments.open()?;
    if !json {
        println!("{}\n{}", file.about(), file.mapping());
    }
    let headers: Vec<String> = file.headers().map(str::to_owned).collect();
    let mut rejects = Refusals::new(arguments.refused(), headers);
    let mut summary = Summary::default();
    for line in file.rows(now())? {
        let line = line?;
        summary.add(&line);
        if let Line::Refused(refused) = &line {
            rejects.write(refused)?;
        }
    }
    rejects.finish()?;
    tell(&summary, json);
    let lacks = arguments.lacks(&file);
    lacks.iter().for_each(|lacks| eprintln!("{lacks}"));
    Ok(if summary.refused > 0 || lacks.is_some() { Found::Something } else { Found::Nothing })
}

/// Whoever imports has seen what the columns are taken for.
pub(crate) fn confirm(arguments: &Arguments) -> Result<()> {
    if arguments.yes {
        return Ok(());
    }
    let file = arguments.open()?;
    println!("{}\n{}", file.about(), file.mapping());
    ensure!(
        std::io::stdin().is_terminal(),
        "look at what the columns are taken for: give --map where it is wrong, and --yes"
    );
    print!("Is that right? [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => bail!("nothing was imported: give --map where it is wrong"),
    }
}

/// Imports.
pub(crate) async fn run(arguments: &Arguments, door: &Door, json: bool) -> Result<Found> {
    let mut file = arguments.open()?;
    if let Some(lacks) = arguments.lacks(&file) {
        bail!(lacks);
    }
    let rows = file.summary(now())?.rows;
    let (mark, noted) = (arguments.mark()?, arguments.beside(".import"));
    let behind = progress(&noted, &mark);
    if behind > 0 && !json {
        println!("goes on behind row {behind}, to which it came before");
    }
    let headers: Vec<String> = file.headers().map(str::to_owned).collect();
    let mut rejects = Refusals::new(arguments.refused(), headers);
    let mut summary = Summary::default();
    let bar = bar(rows, json);
    let mut rate = rate(arguments);
    let mut under_way = FuturesUnordered::new();
    for line in file.rows(now())? {
        let line = line?;
        summary.add(&line);
        bar.inc(1);
        let row = match line {
            Line::Refused(refused) => {
                rejects.write(&refused)?;
                continue;
            }
            Line::Row(row) => row,
        };
        let at = summary.rows;
        if at > behind {
            // Of one person the later row counts, so it comes later.
            let most = if row.repeats { 0 } else { AT_ONCE };
            settle(&mut under_way, most).await?;
            if let Some(rate) = &mut rate {
                rate.tick().await;
            }
            for fact in facts(arguments, door, *row, &format!("{mark} {at}"))? {
                under_way.push(async move { door.store_fact(&fact).await.map(drop) });
            }
        }
        if at > behind && summary.usable.is_multiple_of(NOTED_AFTER) {
            settle(&mut under_way, 0).await?;
            fs::write(&noted, format!("{mark} {at}\n"))?;
        }
    }
    settle(&mut under_way, 0).await?;
    bar.finish_and_clear();
    rejects.finish()?;
    if noted.exists() {
        fs::remove_file(&noted)?;
    }
    tell(&summary, json);
    Ok(if summary.refused > 0 { Found::Something } else { Found::Nothing })
}

/// Waits until fewer than `most` facts are on their way, or none.
async fn settle<F: Future<Output = Result<(), masa_store::Error>>>(
    under_way: &mut FuturesUnordered<F>,
    most: usize,
) -> Result<()> {
    while under_way.len() >= most.max(1) {
        let Some(stored) = under_way.next().await else { break };
        stored
            .context("the table did not take a row: the same command goes on where it stopped")?;
    }
    Ok(())
}

/// What the row of this name tells: one fact, or two where consent was given at two times.
fn facts(arguments: &Arguments, door: &Door, row: Row, named: &str) -> Result<Vec<Fact>> {
    let Row { mut details, also, .. } = row;
    details.lists.extend(arguments.list.iter().cloned());
    let sourced = |consent| ConsentGiven { text: arguments.consent_source.clone(), ..consent };
    details.consent = details.consent.map(sourced);
    let (email, phone) = (details.email.clone(), details.phone.clone());
    let contact = door.contacts().contact(email.as_deref(), phone.as_deref());
    let contact = contact.context("a row tells no address")?;
    let also = also.map(sourced).map(|consent| ContactDetails {
        consent: Some(consent),
        email,
        phone,
        ..ContactDetails::default()
    });
    let now = door.clock().now();
    let fact = |details: ContactDetails| -> Result<Fact> {
        let told = serde_json::to_string(&details)?;
        Ok(Fact {
            id: FactId::new("import", &Id::derive(&[named, &told]).to_string()),
            contact,
            received_at: now,
            at: now,
            details,
            what: Happening::Imported { enters: arguments.enter },
        })
    };
    std::iter::once(details).chain(also).map(fact).collect()
}

/// How far an import came that broke off: the last row of which all before were taken.
fn progress(noted: &Path, mark: &str) -> u64 {
    let text = fs::read_to_string(noted).unwrap_or_default();
    let line = text.strip_prefix(mark).and_then(|line| line.trim().parse().ok());
    line.unwrap_or_default()
}

fn rate(arguments: &Arguments) -> Option<Interval> {
    let rate = arguments.rate.or_else(|| arguments.enter.then_some(20))?;
    let mut rate = interval(Duration::from_secs(1) / rate.clamp(1, RATE_MAX));
    rate.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Some(rate)
}

fn bar(rows: u64, json: bool) -> ProgressBar {
    if json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{wide_bar} {pos} of {len} rows, {eta} left");
    ProgressBar::new(rows).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn tell(summary: &Summary, json: bool) {
    if !json {
        println!("{summary}");
        return;
    }
    let reasons = summary.reasons.iter().map(|(problem, examples)| {
        json!({ "problem": problem.to_string(), "times": examples.times, "lines": examples.lines })
    });
    println!(
        "{}",
        json!({
            "rows": summary.rows,
            "usable": summary.usable,
            "refused": summary.refused,
            "repeated": summary.repeated.times,
            "reasons": reasons.collect::<Vec<_>>(),
        })
    );
}

/// Dates of a file lie before the moment at which it is read.
#[expect(clippy::disallowed_methods, reason = "a command's own time")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// The refused rows, in a file that is there when there are any.
struct Refusals {
    path: PathBuf,
    headers: Vec<String>,
    rejects: Option<Rejects<BufWriter<File>>>,
}

impl Refusals {
    fn new(path: PathBuf, headers: Vec<String>) -> Self {
        Self { path, headers, rejects: None }
    }

    fn write(&mut self, refused: &masa_contacts_file::Refused) -> Result<()> {
        if self.rejects.is_none() {
            let file = super::personal(&self.path)?;
            let headers = self.headers.iter().map(String::as_str);
            self.rejects = Some(Rejects::new(BufWriter::new(file), headers)?);
        }
        if let Some(rejects) = &mut self.rejects {
            rejects.write(refused)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        if let Some(rejects) = self.rejects {
            rejects.finish()?;
            eprintln!("the refused rows stand in {}", self.path.display());
        }
        Ok(())
    }
}

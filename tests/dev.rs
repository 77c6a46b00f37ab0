//! `masa dev` as a process: its words, and its death at any moment.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "other programs live in the machine's time; JSON that is missing reads as null"
)]

use std::{
    collections::{BTreeMap, VecDeque},
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, ensure};
use masa_intake::signature::StandardWebhooks;
use masa_tests::http::{self, Answer};
use serde_json::{Value, json};

/// A running `masa dev`; dropping it kills it with SIGKILL, which is the point here.
struct Masa {
    child: Child,
    port: u16,
    secrets: StandardWebhooks,
}

impl Masa {
    fn start(data: &Path) -> Result<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_masa"))
            .args(["dev", "--port", "0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let first = lines.next().context("masa dev says where it listens")??;
        let port = first.rsplit(':').next().context("a port")?.parse()?;
        let secret = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("MASA_SECRET_EVENTS=").map(str::to_owned));
        let secrets = StandardWebhooks::new(&secret.context("the secret is printed")?)?;
        Ok(Self { child, port, secrets })
    }

    /// Headers and body of a hook, signed in the machine's time as a store's server does.
    fn signed(&self, id: &str, body: &Value) -> Result<([(&'static str, String); 4], String)> {
        let body = body.to_string();
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let signature = self.secrets.sign(id, i64::try_from(now)?, body.as_bytes());
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", now.to_string()),
            ("webhook-signature", signature),
        ];
        Ok((headers, body))
    }

    fn hook(&self, path: &str, id: &str, body: &Value) -> Result<Answer> {
        let (headers, body) = self.signed(id, body)?;
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        http::request(self.port, "POST", path, &headers, body.as_bytes())
    }

    fn get(&self, path: &str) -> Result<Value> {
        let answer = http::get(self.port, path)?;
        ensure!(answer.status == 200, "{path}: {} {}", answer.status, answer.text());
        Ok(serde_json::from_slice(&answer.body)?)
    }

    fn clock(&self, how: &Value) -> Result<Answer> {
        let headers = [("content-type", "application/json")];
        http::request(self.port, "POST", "/dev/clock", &headers, how.to_string().as_bytes())
    }

    fn advance(&self, span: &str) -> Result<Value> {
        let answer = self.clock(&json!({ "advance": span }))?;
        ensure!(answer.status == 200, "{}", answer.text());
        Ok(serde_json::from_slice(&answer.body)?)
    }

    /// How many messages of each step each person got.
    fn sent(&self) -> Result<BTreeMap<(String, String), u32>> {
        let outbox = self.get("/dev/outbox.json")?;
        let mut sent = BTreeMap::new();
        for message in outbox["messages"].as_array().context("a list of messages")? {
            let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
            *sent.entry((text("step"), text("to"))).or_default() += 1;
        }
        Ok(sent)
    }
}

impl Drop for Masa {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn folder(name: &str) -> Result<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(folder)
}

fn signup(number: u32) -> Value {
    json!({
        "email": format!("reader{number}@example.com"),
        "phone": format!("+97250555{number:04}"),
        "first_name": "נועה",
        "language": if number.is_multiple_of(2) { "he" } else { "en" },
        "lists": ["newsletter"],
        "consent": { "email": true, "sms": true, "text": "yes" },
    })
}

/// Killing `masa dev` at any moment loses no accepted fact, sends nothing twice, and goes on
/// waiting. It is killed while signups are on their way, at another place in each round.
#[test]
fn a_killed_process_loses_nothing_and_repeats_nothing() -> Result<()> {
    const ROUNDS: u32 = 12;
    let data = folder("killed")?;
    let mut accepted = Vec::new();
    for round in 0..ROUNDS {
        let masa = Masa::start(&data)?;
        let (child, port) = (masa.child.id(), masa.port);
        let killer = std::thread::spawn(move || {
            // Rounds of another length each: the death falls into another call.
            std::thread::sleep(Duration::from_millis(u64::from(40 + 37 * round)));
            let killed = Command::new("kill").args(["-KILL", &child.to_string()]).status();
            (port, killed.is_ok_and(|status| status.success()))
        });
        for number in round * 1000..(round + 1) * 1000 {
            match masa.hook("/hooks/signup", &format!("signup-{number}"), &signup(number)) {
                Ok(answer) => {
                    ensure!(answer.status == 200, "{}", answer.text());
                    accepted.push(number);
                }
                Err(_) => break,
            }
        }
        let (_, killed) = killer.join().map_err(|_| anyhow::anyhow!("the killer died"))?;
        ensure!(killed, "round {round}: the process was alive until it was killed");
    }
    ensure!(accepted.len() > 12, "signups were accepted: {}", accepted.len());

    let masa = Masa::start(&data)?;
    // Settles what the dead had in hand.
    masa.advance("1s")?;
    let contacts = masa.get("/dev/contacts.json")?;
    let known: Vec<&str> = contacts["contacts"]
        .as_array()
        .context("a list of contacts")?
        .iter()
        .filter_map(|contact| contact["email"].as_str())
        .collect();
    let sent = masa.sent()?;
    for number in &accepted {
        let address = format!("reader{number}@example.com");
        ensure!(known.contains(&address.as_str()), "{address} was accepted and is known");
        let hello = ("hello".to_owned(), address);
        ensure!(sent.get(&hello) == Some(&1), "{hello:?} was sent {:?} times", sent.get(&hello));
    }

    masa.advance("2d")?;
    let later = masa.sent()?;
    for (what, count) in &later {
        ensure!(*count == 1, "{what:?} was sent {count} times");
    }
    for number in &accepted {
        let text = ("nudge".to_owned(), format!("+97250555{number:04}"));
        ensure!(later.contains_key(&text), "reader {number} went on waiting and got the text");
    }
    Ok(())
}

/// A client that hangs up takes nobody's messages with it: what its request set off is done all the
/// same.
#[test]
fn a_client_that_hangs_up_loses_nobodys_mail() -> Result<()> {
    let masa = Masa::start(&folder("hung-up")?)?;
    for round in 0..4 {
        let mut streams = VecDeque::new();
        for number in round * 40..(round + 1) * 40 {
            let (headers, body) = masa.signed(&format!("signup-{number}"), &signup(number))?;
            let mut stream = TcpStream::connect(("127.0.0.1", masa.port))?;
            let mut request = format!(
                "POST /hooks/signup HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {}\r\n",
                body.len()
            );
            for (name, value) in &headers {
                request.push_str(&format!("{name}: {value}\r\n"));
            }
            stream.write_all(format!("{request}\r\n{body}").as_bytes())?;
            streams.push_back(stream);
            // Every other time the oldest leaves, a moment later each time: once it will be the
            // one whose request has everybody's messages in hand.
            if number % 2 == 1 {
                std::thread::sleep(Duration::from_millis(u64::from(number * 7 % 30)));
                streams.pop_front();
            }
        }
        std::thread::sleep(Duration::from_millis(u64::from(200 + round * 150)));
        streams.clear();
        std::thread::sleep(Duration::from_millis(300));
    }
    // What was only queued when the last client left is done when this answers.
    ensure!(masa.hook("/hooks/signup", "last", &signup(999))?.status == 200, "a signup is taken");
    masa.advance("1s")?;
    let contacts = masa.get("/dev/contacts.json")?;
    let known = contacts["contacts"].as_array().context("a list of contacts")?;
    ensure!(known.len() > 30, "signups of hung-up clients count: {}", known.len());
    let sent = masa.sent()?;
    for contact in known {
        let address = contact["email"].as_str().context("an address")?;
        let count = sent.get(&("hello".to_owned(), address.to_owned()));
        ensure!(count == Some(&1), "{address} got {count:?} first mails");
    }
    Ok(())
}

/// The clock moves as it is told, says what fired, and refuses what it does not understand; a
/// sender that lives in the machine's time is still believed.
#[test]
fn the_clock_moves_and_senders_stay_fresh() -> Result<()> {
    let masa = Masa::start(&folder("clock")?)?;
    let before: jiff::Timestamp =
        masa.get("/dev/clock")?["now"].as_str().context("now")?.parse()?;
    ensure!(masa.hook("/hooks/signup", "one", &signup(1))?.status == 200, "a signup is taken");
    let moved = masa.advance("2d")?;
    ensure!(moved["fired"] == 1, "the wait fired: {moved}");
    let now: jiff::Timestamp = moved["now"].as_str().context("now")?.parse()?;
    ensure!(now.duration_since(before).as_hours() >= 48, "two days have passed");

    let order = json!({ "order_id": "1001", "email": "reader1@example.com", "total": "59.90",
        "currency": "ILS", "items": [{ "product_id": "tea", "quantity": 1, "price": "59.90" }] });
    let answer = masa.hook("/hooks/purchase", "two", &order)?;
    ensure!(answer.status == 200, "signed in the machine's time: {}", answer.text());
    let again = masa.hook("/hooks/purchase", "three", &order)?;
    ensure!(again.text().contains("\"duplicate\":true"), "one order is one purchase");
    let thanks = ("thanks".to_owned(), "reader1@example.com".to_owned());
    ensure!(masa.sent()?.get(&thanks) == Some(&1), "one thanks mail");

    for wrong in [
        json!({}),
        json!({ "advance": "2 days" }),
        json!({ "to": "yesterday" }),
        json!({ "to": "2020-01-01T00:00:00Z" }),
        json!({ "advance": "1d", "next": true }),
        json!({ "back": "1d" }),
    ] {
        let answer = masa.clock(&wrong)?;
        ensure!(answer.status == 400, "{wrong}: {} {}", answer.status, answer.text());
    }
    Ok(())
}

/// The console and `/dev` answer to this machine's own pages only; the hooks answer everyone.
#[test]
fn a_page_of_elsewhere_reads_nothing() -> Result<()> {
    let masa = Masa::start(&folder("elsewhere")?)?;
    for headers in [
        [("host", "shop.example.com"), ("accept", "*/*")],
        [("accept", "*/*"), ("origin", "https://elsewhere.example.com")],
    ] {
        let answer = http::request(masa.port, "GET", "/dev/outbox.json", &headers, b"")?;
        ensure!(answer.status == 403, "{headers:?}: {}", answer.status);
    }
    // Shopify and others reach the hooks through a tunnel, under its name.
    let headers = [("host", "hooks.example.com"), ("content-type", "application/json")];
    let answer = http::request(masa.port, "POST", "/hooks/signup", &headers, b"{}")?;
    ensure!(answer.status == 401, "a tunnel to the hooks works: {}", answer.status);
    Ok(())
}

/// The README's walk does what it says, as it is written there.
#[test]
fn the_walk_of_the_readme_works_as_written() -> Result<()> {
    let readme = include_str!("../README.md");
    let (_, walk) = readme.split_once("## A walk of five minutes").context("a walk")?;
    let (walk, _) = walk.split_once("\n## ").context("an end of the walk")?;
    let blocks = walk.split("```sh\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0));
    let script: String = blocks.collect();
    let masa = Masa::start(&folder("walk")?)?;
    let script = script.replace("127.0.0.1:8787", &format!("127.0.0.1:{}", masa.port));
    let walked = Command::new("bash").args(["-euo", "pipefail", "-c", &script]).output()?;
    let said = String::from_utf8_lossy(&walked.stdout).into_owned();
    let complained = String::from_utf8_lossy(&walked.stderr).into_owned();
    ensure!(walked.status.success(), "{}:\n{said}\n{complained}", walked.status);
    let mut rest = said.as_str();
    for expected in [
        r#"{"accepted":true,"duplicate":false}"#,
        r#""subject": "פרסומת: נועה"#,
        r#""step": "wait-2d""#,
        r#""fired":1"#,
        r#""channel": "sms""#,
        r#""duplicate":false"#,
        r#""duplicate":false"#,
        r#""duplicate":true"#,
        r#""rule": "purchased: any""#,
        "200",
    ] {
        let place = rest.find(expected);
        let place = place.with_context(|| format!("no {expected} in its place:\n{said}"))?;
        rest = rest.get(place + expected.len()..).unwrap_or_default();
    }
    Ok(())
}

//! The console as a person uses it: what can be clicked, and what can be seen.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use masa_tests::tools::{self, Server};
use serde_json::{Value, json};

use crate::chrome::{Chrome, Page};

/// How long `masa dev` may take to start.
const START: Duration = Duration::from_secs(60);

/// One of the people of the demo shop.
#[derive(Debug)]
pub(crate) struct Person {
    /// Where in the list of people.
    pub(crate) choice: u32,
    /// E-mail.
    pub(crate) address: &'static str,
    /// E.164.
    pub(crate) phone: &'static str,
}

/// The console of a `masa dev` of its own, in a browser of its own.
pub(crate) struct Console {
    chrome: Chrome,
    page: Page,
    /// The frame of the mail that was opened last.
    frame: Option<Page>,
    address: String,
    server: Server,
}

/// Starts `masa dev` with an empty store, on the demo's journeys or on a shop that has none. Returns its address,
/// and a folder for what is to be looked at.
pub(crate) fn serve(name: &str, shop: Option<&str>) -> Result<(Server, String, PathBuf)> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("browser-{name}"));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let flows = folder.join("flows");
    fs::create_dir_all(&flows)?;
    if let Some(shop) = shop {
        fs::write(flows.join("shop.yaml"), shop)?;
    }
    let command = |_| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_masa"));
        command.args(["dev", "--port", "0", "--data"]).arg(folder.join("data"));
        if shop.is_some() {
            command.arg("--flows").arg(&flows);
        }
        command
    };
    let log = folder.join("masa.log");
    let address = || {
        let printed = fs::read_to_string(&log).unwrap_or_default();
        let whole = printed.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        whole.into_iter().find_map(|line| Some(line.strip_prefix("listening on ")?.to_owned()))
    };
    let server = Server::start(&log, START, command, |_| address().is_some())?;
    let address = address().context("masa dev tells no address")?;
    Ok((server, address, folder))
}

impl Console {
    /// Starts `masa dev` with an empty store, and opens its console.
    pub(crate) fn open(name: &str) -> Result<Self> {
        let (server, address, folder) = serve(name, None)?;
        let mut chrome = Chrome::start(&folder)?;
        let page = chrome.open(&format!("{address}/"), 1280, 900)?;
        let mut console = Self { chrome, page, frame: None, address, server };
        console.settle()?;
        Ok(console)
    }

    /// Waits until nothing is under way.
    fn settle(&mut self) -> Result<()> {
        let server = &self.server;
        self.chrome
            .wait(
                &self.page,
                "document.body.dataset.busy === 'no' && document.querySelector('#now').dateTime",
            )
            .map(drop)
            .with_context(|| format!("masa dev said:\n{}", server.log_end()))
    }

    fn press(&mut self, test_id: &str) -> Result<()> {
        self.settle()?;
        self.chrome.click(&self.page, &format!("[data-testid='{test_id}']"))?;
        self.settle()
    }

    /// Chooses the page's language.
    pub(crate) fn speak(&mut self, language: &str) -> Result<()> {
        self.press(&format!("lang-{language}"))?;
        self.chrome.wait(&self.page, &format!("document.documentElement.lang === '{language}'"))?;
        Ok(())
    }

    /// The page's direction.
    pub(crate) fn direction(&mut self) -> Result<Value> {
        self.chrome.evaluate(&self.page, "getComputedStyle(document.body).direction")
    }

    /// Loads the page again.
    pub(crate) fn reload(&mut self) -> Result<()> {
        self.chrome.evaluate(&self.page, "window.old = true; location.reload()")?;
        self.chrome.wait(&self.page, "!window.old && document.readyState === 'complete'")?;
        self.settle()
    }

    fn choose(&mut self, person: &Person) -> Result<()> {
        // The list of a <select> is the system's own window, which a headless browser doesn't draw.
        let choice = person.choice;
        self.chrome.evaluate(
            &self.page,
            &format!(
                "(() => {{ const list = document.getElementById('person'); \
             list.selectedIndex = {choice}; list.dispatchEvent(new Event('change')); }})()"
            ),
        )?;
        let shown = self.chrome.evaluate(&self.page, "document.getElementById('email').value")?;
        ensure!(shown == person.address, "the fields are {shown}'s");
        Ok(())
    }

    fn answer(&mut self, path: &str) -> Result<()> {
        let answer =
            self.chrome.evaluate(&self.page, "document.getElementById('answer').textContent")?;
        ensure!(answer == format!("POST {path} → 200"), "the answer was {answer}");
        Ok(())
    }

    /// Signs a person up, and looks at the signed request.
    pub(crate) fn sign_up(&mut self, person: &Person) -> Result<()> {
        self.choose(person)?;
        self.press("signup")?;
        self.answer("/hooks/signup")?;
        let request =
            self.chrome.evaluate(&self.page, "document.getElementById('request').textContent")?;
        let shows = |part: &str| {
            request.as_str().is_some_and(|request| request.to_lowercase().contains(part))
        };
        ensure!(
            shows("webhook-signature: v1,") && shows(person.address),
            "the request is shown: {request}"
        );
        Ok(())
    }

    /// Fills the landing page's form.
    pub(crate) fn fill_form(&mut self, person: &Person) -> Result<()> {
        self.choose(person)?;
        let words =
            self.chrome.evaluate(&self.page, "document.getElementById('words').textContent")?;
        ensure!(
            words.as_str().is_some_and(|words| words.contains("קומקום")),
            "consent is asked for: {words}"
        );
        self.press("fill")?;
        self.answer("/forms/landing-spring")
    }

    /// Buys what the field offers.
    pub(crate) fn buy(&mut self, person: &Person) -> Result<()> {
        self.choose(person)?;
        self.press("buy")?;
        self.answer("/hooks/purchase")
    }

    /// Moves the clock, day by day.
    pub(crate) fn advance_days(&mut self, days: u32) -> Result<()> {
        for _ in 0..days {
            let before = self.now()?;
            self.press("advance-day")?;
            ensure!(self.now()? != before, "the clock moves");
        }
        Ok(())
    }

    /// Moves the clock to what is due next.
    pub(crate) fn next_due(&mut self) -> Result<()> {
        self.press("advance-next")
    }

    fn now(&mut self) -> Result<Value> {
        self.chrome.evaluate(&self.page, "document.getElementById('now').dateTime")
    }

    fn row(to: &str, step: &str) -> String {
        format!("[data-testid='mail'][data-to='{to}'][data-step='{step}']")
    }

    /// The subject of a step's mail, which must be in the outbox once.
    pub(crate) fn mail(&mut self, person: &Person, step: &str) -> Result<String> {
        let rows =
            format!("[...document.querySelectorAll({})]", json!(Self::row(person.address, step)));
        self.chrome.wait(&self.page, &format!("{rows}.length > 0"))?;
        let subjects = self.chrome.evaluate(
            &self.page,
            &format!("{rows}.map((row) => row.querySelector('.title').textContent)"),
        )?;
        let subjects = subjects.as_array().cloned().unwrap_or_default();
        ensure!(subjects.len() == 1, "{step} was sent once, not {} times", subjects.len());
        Ok(subjects.first().and_then(Value::as_str).context("no subject")?.to_owned())
    }

    /// Whether a mail of a step is in the outbox.
    pub(crate) fn has_mail(&mut self, person: &Person, step: &str) -> Result<bool> {
        let row = json!(Self::row(person.address, step));
        Ok(self.chrome.evaluate(&self.page, &format!("document.querySelector({row}) !== null"))?
            == true)
    }

    /// The SMS in the outbox to a person.
    pub(crate) fn texts(&mut self, person: &Person) -> Result<Vec<String>> {
        let rows =
            format!("[data-testid='mail'][data-channel='sms'][data-to='{}'] .title", person.phone);
        let texts = self.chrome.evaluate(
            &self.page,
            &format!(
                "[...document.querySelectorAll({})].map((row) => row.textContent)",
                json!(rows)
            ),
        )?;
        Ok(serde_json::from_value(texts)?)
    }

    /// Opens a mail, which must show `part`, in its frame.
    pub(crate) fn read(&mut self, person: &Person, step: &str, part: &str) -> Result<()> {
        self.settle()?;
        self.chrome.click(&self.page, &Self::row(person.address, step))?;
        self.settle()?;
        self.frame = Some(self.chrome.frame(part)?);
        Ok(())
    }

    /// Opens the SMS to a person: a bubble with links.
    pub(crate) fn read_text(&mut self, person: &Person) -> Result<()> {
        self.settle()?;
        self.chrome
            .click(&self.page, &format!("[data-testid='mail'][data-to='{}']", person.phone))?;
        let links = self.chrome.wait(&self.page, "document.querySelectorAll('[data-testid=sms] a[href*=\"/u/\"], [data-testid=sms] a[href*=\"/c/\"]').length")?;
        ensure!(links == 2, "the text has its link and the way out, not {links} links");
        Ok(())
    }

    fn frame(&self) -> Result<Page> {
        self.frame.clone().context("no mail was opened")
    }

    /// The direction of the opened mail.
    pub(crate) fn frame_direction(&mut self) -> Result<Value> {
        let frame = self.frame()?;
        self.chrome.evaluate(&frame, "getComputedStyle(document.body).direction")
    }

    /// Clicks a link of the opened mail with the mouse; a tab opens whose address contains `part`.
    pub(crate) fn follow(&mut self, selector: &str, part: &str) -> Result<Page> {
        let frame = self.frame()?;
        self.chrome.front(&self.page)?;
        self.chrome.middle(&self.page, "[data-testid='mail-frame']")?;
        let within = self.chrome.middle(&frame, selector)?;
        let corner = self.chrome.corner(&self.page, "[data-testid='mail-frame']")?;
        // The mouse hits what was drawn last: where a frame of another process lies is known only then.
        self.chrome.drawn(&self.page)?;
        self.chrome.click_at(&self.page, within.moved(corner))?;
        self.chrome.opened(part)
    }

    /// Leaves by the opened mail's link: a page asks, a button answers, and the page says that it is done.
    pub(crate) fn unsubscribe(&mut self, direction: &str, picture: &str) -> Result<()> {
        let page = self.follow("[href*='/u/']", "/u/")?;
        // A new tab is an empty document until the page has come.
        self.chrome.wait(&page, "document.querySelector('form')?.method === 'post'")?;
        let shown = self.chrome.evaluate(&page, "getComputedStyle(document.body).direction")?;
        ensure!(shown == direction, "the page runs {shown}");
        self.chrome.screenshot(&page, &path(picture))?;
        self.chrome.click(&page, "form button")?;
        self.chrome
            .wait(&page, "document.querySelector('main') && !document.querySelector('form')")?;
        self.chrome.screenshot(&page, &path(&format!("{picture}-done")))?;
        let complaints = self.chrome.complaints(&page);
        ensure!(complaints.is_empty(), "the page complains: {complaints:?}");
        Ok(())
    }

    fn open_story(&mut self, person: &Person) -> Result<()> {
        self.settle()?;
        self.chrome.click(
            &self.page,
            &format!("[data-testid='contact'][data-person='{}']", person.address),
        )?;
        self.settle()?;
        self.chrome.wait(
            &self.page,
            &format!("document.getElementById('story').dataset.person === '{}'", person.address),
        )?;
        Ok(())
    }

    fn entry(step: &str, what: &str) -> String {
        format!("[data-testid='entry'][data-step='{step}'][data-what='{what}']")
    }

    /// The marks on the sent message of a step in a person's story.
    pub(crate) fn marks(&mut self, person: &Person, step: &str) -> Result<Vec<String>> {
        self.open_story(person)?;
        let marks = format!("{} .pill", Self::entry(step, "sent"));
        let marks = self.chrome.evaluate(
            &self.page,
            &format!(
                "[...document.querySelectorAll({})].map((mark) => mark.dataset.testid)",
                json!(marks)
            ),
        )?;
        Ok(serde_json::from_value(marks)?)
    }

    /// Waits until the sent message of a step is marked as opened or clicked.
    pub(crate) fn until_marked(&mut self, person: &Person, step: &str, mark: &str) -> Result<()> {
        self.open_story(person)?;
        let mark = json!(format!("{} [data-testid='{mark}']", Self::entry(step, "sent")));
        self.chrome.wait(&self.page, &format!("document.querySelector({mark})"))?;
        Ok(())
    }

    /// How often the mail of a step was opened.
    pub(crate) fn opens(&mut self, person: &Person, step: &str) -> Result<u64> {
        let path = json!(format!("/dev/contacts/{}.json", person.address));
        let story = self
            .chrome
            .evaluate(&self.page, &format!("fetch({path}).then((answer) => answer.json())"))?;
        let messages = story["messages"].as_array().context("a contact without messages")?;
        let message =
            messages.iter().find(|message| message["step"] == step).context("no such message")?;
        message["opens"].as_u64().context("a message without opens")
    }

    /// Waits until a person's story has this line.
    pub(crate) fn story_says(&mut self, person: &Person, step: &str, what: &str) -> Result<()> {
        self.open_story(person)?;
        let entry = json!(Self::entry(step, what));
        self.chrome.wait(&self.page, &format!("document.querySelector({entry})?.innerText"))?;
        Ok(())
    }

    /// Waits until the story says what a person said last about e-mail.
    pub(crate) fn said_of_email(&mut self, person: &Person, word: &str) -> Result<()> {
        self.open_story(person)?;
        self.chrome
            .wait(
                &self.page,
                &format!("document.getElementById('story').dataset.email === '{word}'"),
            )
            .map(drop)
    }

    /// Waits until a person's run through a flow is over in this way.
    pub(crate) fn run_ended(&mut self, person: &Person, flow: &str, how: &str) -> Result<()> {
        self.open_story(person)?;
        let run = json!(format!(
            "[data-testid='run'][data-flow='{flow}'][data-state='ended'][data-how='{how}']"
        ));
        self.chrome.wait(&self.page, &format!("document.querySelector({run}) !== null"))?;
        Ok(())
    }

    /// Gives the window a width and a colour scheme.
    pub(crate) fn dress(&mut self, width: u32, scheme: &str) -> Result<()> {
        self.chrome.resize(&self.page, width, 860)?;
        self.chrome.scheme(&self.page, scheme)?;
        self.chrome.evaluate(&self.page, "scrollTo(0, 0)")?;
        Ok(())
    }

    /// Whether nothing stands out sideways.
    pub(crate) fn fits(&mut self) -> Result<bool> {
        Ok(self
            .chrome
            .evaluate(&self.page, "document.documentElement.scrollWidth <= innerWidth")?
            == true)
    }

    /// A picture of the window, in `target/screenshots`.
    pub(crate) fn picture(&mut self, name: &str) -> Result<()> {
        self.chrome.screenshot(&self.page, &path(name))
    }

    /// The page asked nobody outside for anything, and nothing went wrong on it.
    pub(crate) fn check_manners(&mut self) -> Result<()> {
        let outside: Vec<String> = self
            .chrome
            .requests(&self.page)
            .into_iter()
            .filter(|url| {
                !url.starts_with(&self.address)
                    && !url.starts_with("data:")
                    && !url.starts_with("about:")
            })
            .collect();
        ensure!(outside.is_empty(), "the page asks outside: {outside:?}");
        let complaints = self.chrome.complaints(&self.page);
        ensure!(complaints.is_empty(), "the page complains: {complaints:?}");
        Ok(())
    }
}

fn path(name: &str) -> PathBuf {
    tools::workspace().join("target/screenshots").join(format!("{name}.png"))
}

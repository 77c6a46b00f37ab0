//! Forms as a visitor of the shop's site meets them: the page, the snippet, the pop-up (T1).

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use masa_tests::tools::Server;
use serde_json::{Value, json};

use crate::{
    chrome::{Chrome, Page},
    console::serve,
};

const SHOP: &str = "\
name: { he: קומקום, en: Kumkum }
url: https://shop.example
address: Rosh Pina
language: he
questions:
  nps: { type: nps, text: { he: כמה סביר שתמליצו?, en: How likely are you to tell a friend? } }
  birthday: { type: date, text: { he: מתי נולדת?, en: When were you born? } }
  tea:
    type: choice
    text: { he: איזה תה?, en: Which tea? }
    options: { green: { he: ירוק, en: Green }, black: { he: שחור, en: Black } }
forms:
  spring:
    lists: [newsletter]
    title: { he: האביב מגיע, en: Spring is coming }
    text: { he: מכתב אחד בשבוע., en: One letter a week. }
    consent: { he: בשליחת הטופס אפשר לכתוב לי., en: By sending this I agree to get letters. }
    ask: [first_name, email, tea, nps, birthday]
    must: [email, tea]
";

/// The same form, which no page of another site may send.
fn shop() -> String {
    let (head, form) = SHOP.split_once("  spring:\n").unwrap_or((SHOP, ""));
    format!("{head}  spring:\n{form}  closed:\n    origins: [https://shop.example]\n{form}")
}

/// A visitor of a shop whose forms `masa dev` serves.
pub(crate) struct Visitor {
    chrome: Chrome,
    address: String,
    folder: PathBuf,
    /// Stops with it.
    _server: Server,
}

impl Visitor {
    pub(crate) fn new(name: &str) -> Result<Self> {
        let (server, address, folder) = serve(name, Some(&shop()))?;
        let chrome = Chrome::start(&folder)?;
        Ok(Self { chrome, address, folder, _server: server })
    }

    /// Opens the form's own page in a language.
    pub(crate) fn form(&mut self, language: &str) -> Result<Page> {
        let url = format!("{}/forms/closed?lang={language}", self.address);
        self.chrome.open(&url, 1280, 900)
    }

    /// A page of the shop's own, with this in it.
    pub(crate) fn shop_page(&mut self, name: &str, html: &str) -> Result<Page> {
        let path = self.folder.join(format!("{name}.html"));
        fs::write(&path, format!("<!doctype html><meta charset=utf-8><title>Shop</title>{html}"))?;
        self.chrome.open(&format!("file://{}", path.display()), 1280, 900)
    }

    /// What the form's address answers under `?as=`.
    pub(crate) fn part(&mut self, part: &str) -> Result<String> {
        let url = format!("{}/forms/spring?lang=en&as={part}", self.address);
        let text = self.chrome.open(&url, 800, 600)?;
        let text = self.chrome.evaluate(&text, "document.body.innerText")?;
        Ok(text.as_str().context("no text")?.to_owned())
    }

    pub(crate) fn set(&mut self, page: &Page, name: &str, value: &str) -> Result<()> {
        let set = format!("document.querySelector('[name={name}]').value = {}", json!(value));
        self.chrome.evaluate(page, &set).map(drop)
    }

    pub(crate) fn click(&mut self, page: &Page, selector: &str) -> Result<()> {
        self.chrome.click(page, selector)
    }

    pub(crate) fn wait(&mut self, page: &Page, expression: &str) -> Result<Value> {
        self.chrome.wait(page, expression)
    }

    pub(crate) fn ask(&mut self, page: &Page, expression: &str) -> Result<Value> {
        self.chrome.evaluate(page, expression)
    }

    /// Each field has a label or a legend, nothing is wider than a phone, and the page complains of nothing.
    pub(crate) fn manners(&mut self, page: &Page, picture: &str) -> Result<()> {
        let unnamed = "[...document.querySelectorAll('input:not([type=hidden]), textarea')]\
            .filter((field) => !field.labels?.length && !field.ariaLabel && !field.closest('fieldset'))\
            .map((field) => field.name).join()";
        let unnamed = self.chrome.evaluate(page, unnamed)?;
        ensure!(unnamed == json!(""), "fields without a label: {unnamed}");
        for (width, height) in [(1280, 900), (390, 844)] {
            self.chrome.resize(page, width, height)?;
            let wide =
                "document.documentElement.scrollWidth - document.documentElement.clientWidth";
            let wide = self.chrome.evaluate(page, wide)?;
            ensure!(wide == json!(0), "{picture} is {wide} pixels too wide at {width}");
            for scheme in ["light", "dark"] {
                self.chrome.scheme(page, scheme)?;
                self.chrome.drawn(page)?;
                let path: &Path = &self.folder.join(format!("{picture}-{width}-{scheme}.png"));
                self.chrome.screenshot(page, path)?;
            }
        }
        let complaints = self.chrome.complaints(page);
        ensure!(complaints.is_empty(), "{picture}: {complaints:?}");
        Ok(())
    }

    /// A contact, as `masa dev` tells of it; once it is there.
    pub(crate) fn contact(&mut self, email: &str) -> Result<Value> {
        let url = format!("{}/dev/contacts/{email}.json", self.address);
        let page = self.chrome.open(&url, 800, 600)?;
        let text = self.chrome.evaluate(&page, "document.body.innerText")?;
        let text = text.as_str().context("no text")?.to_owned();
        serde_json::from_str(&text).with_context(|| text)
    }
}

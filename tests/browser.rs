//! A person's walk through the console of the real `masa dev`, in Chromium: the walk of the README, clicked.

#![expect(clippy::indexing_slicing, reason = "a member that a JSON value lacks reads as null")]

#[path = "browser/chrome.rs"]
mod chrome;
#[path = "browser/console.rs"]
mod console;

use anyhow::{Result, ensure};
use console::{Console, Person};

/// Reads Hebrew, and reads her mail.
const NOA: Person = Person { choice: 0, address: "noa@example.com", phone: "+972505550101" };
/// Reads English, and buys.
const DANIEL: Person = Person { choice: 1, address: "daniel@example.com", phone: "+972505550102" };
/// Reads Hebrew, and doesn't look into her mail.
const TAMAR: Person = Person { choice: 2, address: "tamar@example.com", phone: "+972505550103" };

#[test]
fn a_reader_goes_all_the_way_and_leaves_by_the_page() -> Result<()> {
    let mut console = Console::open("reader")?;
    console.speak("he")?;
    console.sign_up(&NOA)?;
    let hello = console.mail(&NOA, "hello")?;
    ensure!(hello.starts_with("פרסומת: נועה"), "the subject is {}", hello);
    ensure!(
        console.marks(&NOA, "hello")?.is_empty(),
        "a mail that lies in the outbox was not read"
    );

    console.read(&NOA, "hello", "כאן מאיה מקומקום")?;
    ensure!(console.frame_direction()? == "rtl", "a Hebrew mail runs from right to left");
    console.until_marked(&NOA, "hello", "opened")?;
    console.picture("reader-hello-he")?;

    console.advance_days(2)?;
    console.mail(&NOA, "story")?;
    ensure!(console.texts(&NOA)?.is_empty(), "who read the mail gets no SMS about it");

    console.read(&NOA, "story", "ז׳קלין")?;
    console.follow("[href*='/c/'].button", "shop.example")?;
    console.until_marked(&NOA, "story", "clicked")?;

    console.said_of_email(&NOA, "granted")?;
    console.unsubscribe("rtl", "reader-unsubscribe-he")?;
    console.said_of_email(&NOA, "refused")?;
    console.advance_days(2)?;
    console.story_says(&NOA, "offer", "not sent: the contact refused")?;
    ensure!(!console.has_mail(&NOA, "offer")?, "nothing more is sent to who refused");
    console.run_ended(&NOA, "welcome", "finished")?;
    console.picture("reader-story-he")?;
    console.check_manners()
}

#[test]
fn who_does_not_open_gets_one_text() -> Result<()> {
    let mut console = Console::open("text")?;
    console.speak("he")?;
    console.fill_form(&TAMAR)?;
    console.mail(&TAMAR, "hello")?;
    console.advance_days(1)?;
    ensure!(console.texts(&TAMAR)?.is_empty(), "a day is not two");
    console.next_due()?;
    let texts = console.texts(&TAMAR)?;
    ensure!(texts.len() == 1, "one text was sent, not {}", texts.len());
    let text = texts.concat();
    ensure!(
        text.contains("קומקום") && text.contains("/u/"),
        "it names the shop and the way out: {text}"
    );
    ensure!(!console.has_mail(&TAMAR, "story")?, "the story is for who read the first mail");
    console.read_text(&TAMAR)?;
    console.run_ended(&TAMAR, "welcome", "finished")?;
    console.picture("text-he")?;
    console.check_manners()
}

#[test]
fn a_purchase_ends_the_welcome_and_is_thanked_for() -> Result<()> {
    let mut console = Console::open("purchase")?;
    console.speak("en")?;
    console.sign_up(&DANIEL)?;
    let hello = console.mail(&DANIEL, "hello")?;
    ensure!(hello == "Daniel, the kettle’s on", "the subject is {}", hello);
    console.advance_days(1)?;
    console.buy(&DANIEL)?;
    console.mail(&DANIEL, "thanks")?;
    console.run_ended(&DANIEL, "welcome", "exited")?;
    console.read(&DANIEL, "thanks", "Jacqueline’s Mistake")?;
    ensure!(console.frame_direction()? == "ltr", "an English mail runs from left to right");
    console.picture("purchase-thanks-en")?;

    console.advance_days(8)?;
    for step in ["howto", "review"] {
        console.mail(&DANIEL, step)?;
    }
    ensure!(console.texts(&DANIEL)?.is_empty(), "who bought is not asked whether the welcome came");
    console.run_ended(&DANIEL, "thanks", "finished")?;
    console.picture("purchase-story-en")?;
    console.check_manners()
}

#[test]
fn the_page_speaks_both_languages_and_fits_a_phone() -> Result<()> {
    let mut console = Console::open("languages")?;
    console.speak("en")?;
    ensure!(console.direction()? == "ltr", "English runs from left to right");
    console.speak("he")?;
    ensure!(console.direction()? == "rtl", "Hebrew runs from right to left");
    console.reload()?;
    ensure!(console.direction()? == "rtl", "the choice is remembered");
    console.sign_up(&NOA)?;
    console.read(&NOA, "hello", "כאן מאיה מקומקום")?;
    for language in ["he", "en"] {
        console.speak(language)?;
        for (width, device) in [(390, "phone"), (1280, "desktop")] {
            for scheme in ["light", "dark"] {
                console.dress(width, scheme)?;
                ensure!(console.fits()?, "{language} on a {device} is not wider than its window");
                console.picture(&format!("console-{language}-{device}-{scheme}"))?;
            }
        }
    }
    ensure!(console.opens(&NOA, "hello")? == 1, "another language or size is not another open");
    console.check_manners()
}

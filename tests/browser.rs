//! A person's walk through the console of the real `masa dev`, in Chromium: the walk of the README, clicked.

#![expect(clippy::indexing_slicing, reason = "a member that a JSON value lacks reads as null")]

#[path = "browser/chrome.rs"]
mod chrome;
#[path = "browser/console.rs"]
mod console;
#[path = "browser/forms.rs"]
mod forms;

use anyhow::{Result, ensure};
use console::{Console, Person};
use forms::Visitor;

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

#[test]
fn a_visitor_fills_the_forms_own_page_in_both_languages() -> Result<()> {
    let mut visitor = Visitor::new("form")?;
    for (language, direction, thanks) in [("he", "rtl", "תודה!"), ("en", "ltr", "Thank you!")] {
        let page = visitor.form(language)?;
        ensure!(visitor.ask(&page, "document.documentElement.dir")? == direction);
        visitor.manners(&page, &format!("form-{language}"))?;
        let email = format!("reader-{language}@example.com");
        visitor.set(&page, "email", &email)?;
        visitor.set(&page, "birthday", "1990-06-17")?;
        // The browser asks for what must be there before anything is sent.
        let unsaid = "!document.querySelector('form').checkValidity()";
        ensure!(visitor.ask(&page, unsaid)? == true, "a tea must be chosen");
        visitor.click(&page, "input[name=tea][value=black] + span")?;
        visitor.click(&page, "input[name=nps][value='9'] + span")?;
        visitor.click(&page, "button[type=submit]")?;
        visitor
            .wait(&page, &format!("document.querySelector('h1')?.textContent === '{thanks}'"))?;
        let contact = visitor.contact(&email)?;
        let fields = &contact["contact"]["fields"];
        ensure!(fields["tea"] == "black" && fields["nps"] == 9, "{contact}");
        ensure!(fields["birthday"] == "1990-06-17", "{contact}");
    }
    Ok(())
}

#[test]
fn the_shops_own_pages_hold_the_form_and_its_pop_up() -> Result<()> {
    let mut visitor = Visitor::new("shop")?;
    let snippet = visitor.part("snippet")?;
    ensure!(!snippet.contains("<script"), "{snippet}");
    let page = visitor.shop_page("snippet", &snippet)?;
    visitor.manners(&page, "snippet-en")?;
    visitor.set(&page, "email", "snippet@example.com")?;
    visitor.click(&page, "input[name=tea][value=green]")?;
    visitor.click(&page, "button[type=submit]")?;
    visitor.wait(&page, "document.querySelector('h1')?.textContent === 'Thank you!'")?;
    ensure!(visitor.contact("snippet@example.com")?["contact"]["fields"]["tea"] == "green");

    let script = visitor.part("popup")?;
    let shop = format!("<h1>Shop</h1><script>{script}</script>");
    let page = visitor.shop_page("popup", &shop)?;
    ensure!(visitor.ask(&page, "!document.querySelector('dialog')")? == true, "not at once");
    visitor.wait(&page, "document.querySelector('dialog')?.open")?;
    let name = "document.getElementById(document.querySelector('dialog').getAttribute('aria-labelledby')).textContent";
    ensure!(visitor.ask(&page, name)? == "Spring is coming");
    visitor.manners(&page, "popup-en")?;
    visitor.set(&page, "email", "popup@example.com")?;
    visitor.click(&page, "dialog input[name=tea][value=green]")?;
    visitor.click(&page, "dialog button[type=submit]")?;
    visitor.wait(
        &page,
        "document.querySelector('dialog [role=status]')?.textContent.startsWith('Thank you')",
    )?;
    ensure!(visitor.contact("popup@example.com")?["contact"]["fields"]["tea"] == "green");
    ensure!(visitor.ask(&page, "localStorage.length")? == 1, "it is not shown again");
    Ok(())
}

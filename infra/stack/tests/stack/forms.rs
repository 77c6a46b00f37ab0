//! Forms with pages of their own: what is shown, what is taken, what is said about the rest (T1).

use masa_box::HttpResponse;
use masa_language::Files;
use serde_json::json;

use crate::world::{World, accepted, header};

const SHOP: &str = "\
name: { he: קומקום, en: Kumkum }
url: https://shop.example
address: Rosh Pina
language: he
questions:
  nps: { type: nps, text: { he: כמה?, en: How likely? } }
  birthday: { type: date, text: When were you born? }
  tea: { type: choice, text: Which <tea>?, options: { green: { he: ירוק, en: Green }, black: Black } }
forms:
  spring:
    lists: [newsletter]
    title: { he: בואו, en: Come <in> }
    text: { he: פעם בשבוע, en: Once a week }
    consent: { he: אני מסכימה, en: I agree }
    origins: [https://shop.example]
    ask: [first_name, email, tea, nps, birthday]
    must: [email, tea]
  away: { title: Hello, thanks: https://shop.example/thanks?from=form }
  plain: { lists: [newsletter] }
";

const URLENCODED: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml");
const SPRING: &str = "/forms/spring";

async fn world() -> World {
    World::new(Files::from_texts([("shop.yaml", SHOP)])).await
}

fn text(response: &HttpResponse) -> String {
    String::from_utf8(response.body.clone()).unwrap()
}

async fn send(world: &World, path: &str, body: &str) -> HttpResponse {
    world.http("POST", path, &[URLENCODED, BROWSER], body.as_bytes()).await
}

#[tokio::test]
async fn t1_a_page_is_shown_in_the_browsers_language() {
    let world = world().await;
    for (path, language, lang, says) in [
        (SPRING, "he-IL,he;q=0.9", "<html lang=\"he\" dir=\"rtl\">", "אני מסכימה"),
        (SPRING, "en-GB", "<html lang=\"en\" dir=\"ltr\">", "I agree"),
        ("/forms/spring?lang=en", "he", "<html lang=\"en\" dir=\"ltr\">", "Come &lt;in&gt;"),
        (SPRING, "en", "<html lang=\"en\"", "Which &lt;tea&gt;?"),
        (SPRING, "fr-FR,en;q=0.5", "<html lang=\"he\" dir=\"rtl\">", "אני מסכימה"),
    ] {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let page = world.ask("GET", path, query, &[("accept-language", language)]).await;
        let html = text(&page);
        assert_eq!(page.status, 200);
        assert!(html.contains(lang) && html.contains(says), "{path} {language}: {html}");
        let policy = header(&page, "content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(!html.contains("<script"), "it works without a script");
    }
    let shops = world.ask("GET", SPRING, "", &[]).await;
    assert!(text(&shops).contains("dir=\"rtl\""), "the shop's own language");
    let spoken = world.ask("GET", SPRING, "lang=en", &[]).await;
    assert!(text(&spoken).contains("name=\"language\" value=\"en\""), "what is sent says so, too");
    let away = world.ask("GET", "/forms/away", "", &[]).await;
    let policy = header(&away, "content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https://shop.example;"), "{policy}");
    let plain = world.ask("GET", "/forms/plain", "", &[]).await;
    assert_eq!((plain.status, header(&plain, "allow")), (405, Some("POST")));
    assert_eq!(world.ask("HEAD", SPRING, "", &[]).await.status, 200);
    assert_eq!(world.ask("PUT", SPRING, "", &[]).await.status, 405);
    assert_eq!(world.ask("GET", "/forms/none", "", &[]).await.status, 404);
}

#[tokio::test]
async fn t1_what_stands_on_the_shops_own_pages() {
    let world = world().await;
    let address = "action=\"https://go.shop.example/forms/spring\"";
    let snippet = world.ask("GET", SPRING, "as=snippet&lang=en", &[]).await;
    assert!(text(&snippet).contains(address) && !text(&snippet).contains("<script"));
    assert_eq!(header(&snippet, "content-type"), Some("text/plain; charset=utf-8"));
    let popup = world.ask("GET", SPRING, "as=popup&lang=he", &[]).await;
    assert_eq!(header(&popup, "content-type"), Some("text/javascript; charset=utf-8"));
    assert!(!text(&popup).contains('<'), "it may stand inside a page");
    assert!(text(&popup).contains("https://go.shop.example/forms/spring"));
}

#[tokio::test]
async fn t1_what_is_written_reaches_the_contact() {
    let world = world().await;
    let body = "first_name=Noa&email=noa%40example.com&tea=green&nps=9&birthday=1990-06-17&language=en&website=";
    let page = send(&world, SPRING, body).await;
    assert_eq!(page.status, 200);
    assert!(text(&page).contains("Thank you!"), "in the language of the form");
    world.settle().await;
    let contact = world.person("noa@example.com").await.loaded.contact.unwrap();
    for (field, value) in
        [("tea", json!("green")), ("nps", json!(9)), ("birthday", json!("1990-06-17"))]
    {
        assert_eq!(contact.field(field), Some(value), "{field}");
    }
    let said = contact.consent.values().next().unwrap();
    assert_eq!(said.text.as_deref(), Some("I agree"), "the words of the page's language");
    let goes = send(&world, "/forms/away", "email=noa%40example.com").await;
    assert_eq!(
        (goes.status, header(&goes, "location")),
        (303, Some("https://shop.example/thanks?from=form"))
    );
}

#[tokio::test]
async fn t1_what_is_wrong_is_marked_and_nothing_is_lost() {
    let world = world().await;
    for (body, marked, kept) in [
        (
            "email=noa%40example.com&first_name=%3CNoa%3E",
            "<fieldset class=\"line\" aria-invalid",
            "value=\"&lt;Noa&gt;\"",
        ),
        (
            "email=noa&tea=green",
            "autocomplete=\"email\" dir=\"ltr\" required aria-invalid",
            "value=\"green\" required checked",
        ),
        (
            "email=noa%40example.com&tea=oolong",
            "<fieldset class=\"line\" aria-invalid",
            "value=\"noa@example.com\"",
        ),
        (
            "email=noa%40example.com&tea=green&birthday=17.6.1990",
            "aria-invalid",
            "value=\"17.6.1990\"",
        ),
        ("email=%E2%80%8B%C2%A0&tea=green", "type=\"email\"", "value=\"green\" required checked"),
    ] {
        let page = send(&world, SPRING, &format!("{body}&language=en")).await;
        let html = text(&page);
        assert_eq!(page.status, 400, "{body}");
        assert!(html.contains(marked), "{body}: {html}");
        assert!(html.contains(kept), "{body}: {html}");
        let script = world.http("POST", SPRING, &[URLENCODED], body.as_bytes()).await;
        assert_eq!(script.status, 400);
        assert!(text(&script).contains("\"error\":\"malformed\""), "a script is told as ever");
    }
    world.settle().await;
    assert!(world.person("noa@example.com").await.loaded.contact.is_none());
}

#[tokio::test]
async fn forms_take_so_many_from_one_address() {
    let world = world().await;
    let plain = |n: u32| {
        let (world, body) = (&world, format!("email=reader-{n}%40example.com"));
        async move { world.http("POST", "/forms/plain", &[URLENCODED], body.as_bytes()).await }
    };
    for n in 0..20 {
        accepted(&plain(n).await, false);
    }
    let more = plain(20).await;
    assert_eq!((more.status, header(&more, "retry-after")), (429, Some("600")));
    let own = [URLENCODED, ("origin", "https://go.shop.example")];
    let body = b"email=noa%40example.com&tea=green";
    assert_eq!(
        world.http("POST", SPRING, &own, body).await.status,
        200,
        "another form, its own page"
    );
    world.stack.aws.advance_to(world.now() + jiff::SignedDuration::from_mins(11)).await.unwrap();
    accepted(&plain(21).await, false);
}

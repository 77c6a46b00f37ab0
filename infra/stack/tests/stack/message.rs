//! A message as its reader has it.

use serde_json::{Value, json};

use crate::world::{PUBLIC_URL, World, header};

/// The addresses of all links in a mail's HTML.
pub(crate) fn links(html: &str) -> Vec<String> {
    addresses(html, "<a ", "href=\"")
}

/// The address of a mail's pixel.
pub(crate) fn pixel(mail: &Value) -> String {
    let images = addresses(mail["html"].as_str().unwrap(), "<img ", "src=\"");
    let ours = images.into_iter().filter(|url| url.starts_with(&format!("{PUBLIC_URL}/o/")));
    let [pixel] = ours.collect::<Vec<_>>().try_into().unwrap();
    pixel
}

fn addresses(html: &str, tag: &str, attribute: &str) -> Vec<String> {
    let tags = html.split(tag).skip(1).map(|rest| rest.split('>').next().unwrap());
    let values = tags.map(|tag| {
        let value =
            tag.split(attribute).nth(1).unwrap_or_else(|| panic!("{tag} has no {attribute}"));
        value.split('"').next().unwrap()
    });
    values.map(|value| html_escape::decode_html_entities(value).into_owned()).collect()
}

/// Words of a text that are addresses.
pub(crate) fn links_of_text(text: &str) -> Vec<String> {
    let words = text.split_whitespace().map(|word| word.trim_matches(['<', '>', '(', ')']));
    words.filter(|word| word.starts_with("http")).map(str::to_owned).collect()
}

/// Fetches a mail's pixel, as a mail program does that shows pictures.
pub(crate) async fn open(world: &World, mail: &Value) {
    let response = world.visit("GET", &pixel(mail)).await;
    assert_eq!((response.status, header(&response, "content-type")), (200, Some("image/gif")));
    assert!(response.body.starts_with(b"GIF89a") && response.body.len() < 100);
    assert_eq!(header(&response, "cache-control"), Some("no-store"), "each fetch is seen");
    world.settle().await;
}

/// Where a link leads; a program asks for it, and no click is counted.
pub(crate) async fn destination(world: &World, url: &str) -> String {
    let response = world.visit("HEAD", url).await;
    assert_eq!(response.status, 302, "{url}");
    header(&response, "location").unwrap().to_owned()
}

/// The addresses to which the mail's own links lead, without the unsubscribe link.
pub(crate) async fn destinations(world: &World, mail: &Value) -> Vec<String> {
    let mut destinations = Vec::new();
    for url in links(mail["html"].as_str().unwrap()) {
        if url.starts_with(&format!("{PUBLIC_URL}/u/")) {
            assert_eq!(world.visit("GET", &url).await.status, 200, "{url}");
        } else {
            destinations.push(destination(world, &url).await);
        }
    }
    destinations
}

/// The address of `List-Unsubscribe`, after all that RFC 8058 and RFC 2369 ask of the two headers.
pub(crate) fn unsubscribe_url(mail: &Value) -> String {
    let url = mail["headers"]["List-Unsubscribe"].as_str().unwrap();
    let url = url.strip_prefix('<').and_then(|url| url.strip_suffix('>')).unwrap();
    let token = url.strip_prefix(&format!("{PUBLIC_URL}/u/")).unwrap();
    assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)), "{token}");
    let headers = json!({
        "List-Unsubscribe": format!("<{url}>"),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    });
    assert_eq!(mail["headers"], headers);
    url.to_owned()
}

/// Whom a mail is for, and in which language.
pub(crate) struct Reader<'a> {
    pub(crate) email: &'a str,
    pub(crate) first_name: &'a str,
    pub(crate) language: &'a str,
}

pub(crate) const DANA: Reader<'static> =
    Reader { email: "dana@example.com", first_name: "דנה", language: "he" };
pub(crate) const JO: Reader<'static> =
    Reader { email: "jo@example.com", first_name: "Jo", language: "en" };
pub(crate) const READERS: [Reader<'static>; 2] = [DANA, JO];

/// What holds for every mail of the library.
pub(crate) async fn check_mail(world: &World, mail: &Value, reader: &Reader<'_>) {
    let text =
        |name: &str| mail[name].as_str().unwrap_or_else(|| panic!("{name} of {mail}")).to_owned();
    let hebrew = reader.language == "he";
    assert_eq!((text("channel"), text("to")), ("email".to_owned(), reader.email.to_owned()));
    assert_eq!(text("from"), "=?UTF-8?B?16fXldee16fXlded?= <hello@shop.example>");
    let (html, plain) = (text("html"), text("text"));
    let dir = if hebrew { "rtl" } else { "ltr" };
    let start = format!("<html lang=\"{}\" dir=\"{dir}\">", reader.language);
    assert!(html.contains(&start), "no {start} in {html}");
    let address = if hebrew { "דרך הגנים 7" } else { "7 Garden Road" };
    for part in [&html, &plain] {
        assert!(part.contains(address), "the postal address is in both parts: {part}");
        assert!(part.contains(reader.first_name), "the name is in both parts: {part}");
        assert!(!part.contains("{{") && !part.contains("{%"), "no template is left: {part}");
    }
    assert!(!plain.contains("<p") && !plain.contains("&nbsp;"), "the text part is text: {plain}");
    assert!(!html.contains("data-link"), "names of links are ours: {html}");
    for url in destinations(world, mail).await {
        assert!(url.starts_with("https://shop.example"), "{url}");
    }
}

/// What the law asks of advertising, on top.
pub(crate) async fn check_advertising(world: &World, mail: &Value, reader: &Reader<'_>) {
    check_mail(world, mail, reader).await;
    let url = unsubscribe_url(mail);
    let (html, plain) = (mail["html"].as_str().unwrap(), mail["text"].as_str().unwrap());
    assert!(links(html).contains(&url), "the visible link unsubscribes, too");
    assert!(links_of_text(plain).contains(&url), "in both parts: {plain}");
    let (mark, why) = match reader.language {
        "he" => ("פרסומת: ", "כי הסכמת לקבל"),
        _ => ("", "because you agreed"),
    };
    assert!(
        mail["subject"].as_str().unwrap().starts_with(mark),
        "section 30A: {}",
        mail["subject"]
    );
    assert!(html.contains(why), "the reader is told why: {html}");
    let page = world.visit("GET", &url).await;
    assert_eq!(page.status, 200);
    let page = String::from_utf8(page.body).unwrap();
    assert!(page.contains(&format!("lang=\"{}\"", reader.language)), "{page}");
    assert!(page.contains("<form method=\"post\">"), "{page}");
}

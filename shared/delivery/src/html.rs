//! The HTML of a mail: its links become signed redirects, and its text part is made from it.

use std::cell::RefCell;

use lol_html::{RewriteStrSettings, element, rewrite_str};

/// The widest line of a text part, in characters (RFC 5322 recommends at most 78).
const TEXT_WIDTH: usize = 76;

/// HTML that can't be worked on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the HTML can't be read: {0}")]
pub(crate) struct BadHtml(String);

/// Replaces the address of every web link by what `track` makes of its name (`data-link`) and
/// address. Mail and phone links stay; a link that does anything else loses its address.
pub(crate) fn track_links(
    html: &str,
    track: impl FnMut(Option<&str>, &str) -> String,
) -> Result<String, BadHtml> {
    let track = RefCell::new(track);
    let settings =
        RewriteStrSettings::new().append_element_content_handler(element!("a[href]", |a| {
            let href = a.get_attribute("href").unwrap_or_default();
            let url = html_escape::decode_html_entities(href.trim()).into_owned();
            let name = a.get_attribute("data-link");
            a.remove_attribute("data-link");
            match scheme(&url).as_str() {
                "http" | "https" => {
                    let tracked = (track.borrow_mut())(name.as_deref(), &url);
                    a.set_attribute("href", &tracked)?;
                }
                "mailto" | "tel" => {}
                _ => a.remove_attribute("href"),
            }
            Ok(())
        }));
    rewrite_str(html, settings).map_err(|error| BadHtml(error.to_string()))
}

fn scheme(url: &str) -> String {
    url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase()).unwrap_or_default()
}

/// The text part of an HTML body: links stand as numbered notes at its end.
pub(crate) fn to_text(html: &str) -> Result<String, BadHtml> {
    html2text::config::plain()
        .string_from_read(html.as_bytes(), TEXT_WIDTH)
        .map_err(|error| BadHtml(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::{to_text, track_links};

    #[test]
    fn web_links_are_tracked_by_name_and_decoded_address_and_no_others() {
        let mut seen = Vec::new();
        let html = r#"<p>שלום</p><a data-link="offer" href="https://shop.example/?a=1&amp;b=2">x</a>
            <a href='mailto:shop@example.com'>m</a><a href=" JavaScript:alert(1)">j</a>"#;
        let tracked = track_links(html, |name, url| {
            seen.push((name.map(str::to_owned), url.to_owned()));
            "https://t.example/c/1".to_owned()
        })
        .expect("HTML");
        let offer = (Some("offer".to_owned()), "https://shop.example/?a=1&b=2".to_owned());
        assert_eq!(seen, [offer], "one web link, its entities decoded");
        assert!(tracked.contains(r#"<a href="https://t.example/c/1">x</a>"#), "{tracked}");
        assert!(tracked.contains("mailto:shop@example.com"), "{tracked}");
        assert!(!tracked.to_lowercase().contains("javascript"), "{tracked}");
        let text = to_text(&tracked).expect("text");
        assert!(text.contains("שלום"), "the text part has the words: {text}");
        assert!(text.contains("https://t.example/c/1"), "and where the links lead: {text}");
    }
}

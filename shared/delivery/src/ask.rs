//! A question in a mail (A7): its words, and a link for each answer.
//!
//! A link leads to a page that shows the question with this answer chosen; only what is sent from there
//! counts, because scanners follow every link of a mail.

use html_escape::{encode_double_quoted_attribute, encode_text};
use masa_domain::{Question, QuestionKind};

/// Links look the same in every mail program, so their style stands beside them.
const STEP: &str = "display:inline-block;min-width:30px;margin:0 2px 6px;padding:9px 0;\
                    border:1px solid #b9ae98;border-radius:9px;text-align:center;\
                    text-decoration:none;font-weight:600";
const CHOICE: &str = "display:block;margin:0 0 8px;padding:11px 18px;border:1px solid #b9ae98;\
                      border-radius:12px;text-decoration:none;font-weight:600";

/// The HTML of a question. `link` makes the address for an answer, or for none yet.
pub(crate) fn block(
    question: &Question,
    language: &str,
    shops: &str,
    link: impl Fn(Option<&str>) -> String,
) -> String {
    let words = question.words(language, shops);
    let mut html = format!("<p><strong>{}</strong></p>\n", encode_text(words));
    let a = |style: &str, answer: Option<&str>, label: &str| {
        let (url, label) = (link(answer), encode_text(label).into_owned());
        let url = encode_double_quoted_attribute(&url).into_owned();
        format!("<a href=\"{url}\" style=\"{style}\">{label}</a>")
    };
    match &question.kind {
        QuestionKind::Choice(_) => {
            for (answer, label) in question.options(language, shops) {
                html.push_str(&a(CHOICE, Some(&answer), &label));
                html.push('\n');
            }
        }
        QuestionKind::Text | QuestionKind::Date => {
            let label = if language.starts_with("he") {
                "לכתיבת תשובה"
            } else {
                "Write an answer"
            };
            html.push_str(&format!("<p>{}</p>\n", a(CHOICE, None, label)));
        }
        QuestionKind::Nps | QuestionKind::Csat | QuestionKind::Ces => {
            let steps: Vec<String> = question
                .kind
                .answers()
                .iter()
                .map(|answer| a(STEP, Some(answer), answer))
                .collect();
            html.push_str(&format!("<p style=\"margin:0 0 4px\">{}</p>\n", steps.join("\n")));
            if let Some((low, high)) = question.kind.ends(language) {
                let ends = format!(
                    "<p class=\"small\">{} · {}</p>\n",
                    encode_text(low),
                    encode_text(high)
                );
                html.push_str(&ends);
            }
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn link(answer: Option<&str>) -> String {
        format!("https://go.shop.example/a/{}", answer.unwrap_or("-"))
    }

    fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    /// Goal: A7, each kind of question in both languages, with a link for each answer.
    #[test]
    fn a7_questions() {
        let text = texts(&[("he", "מה שלומך?"), ("en", "How are <you>?")]);
        let of = |kind| Question { kind, text: text.clone() };
        for (kind, links) in [
            (QuestionKind::Nps, 11),
            (QuestionKind::Csat, 5),
            (QuestionKind::Ces, 7),
            (QuestionKind::Text, 1),
            (QuestionKind::Choice(vec![("a".to_owned(), texts(&[("", "A & B")]))]), 1),
        ] {
            let html = block(&of(kind.clone()), "en", "he", link);
            assert_eq!(html.matches("<a href=").count(), links, "{html}");
            assert!(html.contains("How are &lt;you&gt;?"), "{html}");
            let html = block(&of(kind), "he", "he", link);
            assert!(html.contains("מה שלומך?"), "{html}");
        }
        let choice = of(QuestionKind::Choice(vec![("a".to_owned(), texts(&[("", "A & B")]))]));
        let html = block(&choice, "en", "he", link);
        assert!(html.contains("/a/a\"") && html.contains("A &amp; B"), "{html}");
    }
}

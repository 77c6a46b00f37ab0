//! A question and its answers, as fields of a form.

use html_escape::{encode_double_quoted_attribute, encode_text};
use masa_domain::{Question, QuestionKind};

/// A question as it is asked on a page.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// It.
    pub question: &'a Question,
    /// The reader's language.
    pub language: &'a str,
    /// The shop's, in which it is asked where there are no words in the reader's.
    pub shops: &'a str,
    /// The name under which the answer is sent.
    pub name: &'a str,
    /// The answer that is chosen or written already.
    pub given: Option<&'a str>,
    /// Whether it must be answered.
    pub must: bool,
}

impl Asked<'_> {
    /// The question's words, as HTML.
    pub fn words(&self) -> String {
        encode_text(self.question.words(self.language, self.shops)).into_owned()
    }

    /// The fields for the answer, as HTML; whoever shows them says the question's words.
    pub fn fields(&self) -> String {
        let name = encode_double_quoted_attribute(self.name);
        let given = encode_double_quoted_attribute(self.given.unwrap_or_default());
        let must = if self.must { " required" } else { "" };
        let label = self.question.words(self.language, self.shops);
        let label = encode_double_quoted_attribute(label);
        let class = match &self.question.kind {
            QuestionKind::Text => {
                let text = encode_text(self.given.unwrap_or_default());
                return format!(
                    "<textarea name=\"{name}\" rows=\"5\" maxlength=\"2000\"{must} aria-label=\"{label}\">{text}</textarea>",
                );
            }
            QuestionKind::Date => {
                return format!(
                    "<input class=\"line\" type=\"date\" name=\"{name}\" value=\"{given}\"{must} aria-label=\"{label}\">",
                );
            }
            QuestionKind::Choice(_) => "choices",
            QuestionKind::Nps | QuestionKind::Csat | QuestionKind::Ces => "steps",
        };
        let options = self.question.options(self.language, self.shops);
        let options = options.iter().map(|(answer, label)| {
            let checked = if self.given == Some(answer) { " checked" } else { "" };
            format!(
                "<label><input type=\"radio\" name=\"{name}\" value=\"{}\"{must}{checked}><span>{}</span></label>",
                encode_double_quoted_attribute(answer),
                encode_text(label),
            )
        });
        format!("<div class=\"{class}\">{}</div>", options.collect::<String>())
    }
}

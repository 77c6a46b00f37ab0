//! Template files: `<flow>/templates/<template>.<language>.html`, and `.txt` beside it.

use std::collections::BTreeMap;

use masa_domain::Template;

use crate::{
    directory::Names,
    fields::{Fields, text},
    files::Files,
    jinja::{self, Calls, Lines, Place},
    problem::{Mark, Problem, Report},
    words::{is_language, is_name, quote},
    yaml::{self, Node, Scalar, Yaml},
};

/// The longest name of a template; it is also the id of the step that sends it.
const NAME_CHARS_MAX: usize = 60;

/// The templates of one flow by name and language.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    /// Those that could be read.
    pub by_name: BTreeMap<String, BTreeMap<String, Template>>,
    /// The first file of each name, whether or not it could be read.
    pub files: BTreeMap<String, String>,
    /// Where the parts of those that could be read stand.
    pub places: BTreeMap<String, BTreeMap<String, TemplatePlaces>>,
}

/// Where the parts of a template stand.
#[derive(Debug)]
pub(crate) struct TemplatePlaces {
    /// The HTML file.
    pub html: String,
    pub subject: Place,
    pub preheader: Option<Place>,
    pub body: Place,
    /// The text part's file.
    pub text: Option<String>,
}

/// Reads the templates in `folder`, which ends with `/`.
pub(crate) fn read(
    files: &Files,
    folder: &str,
    names: Option<&Names>,
    problems: &mut Vec<Problem>,
) -> Templates {
    let mut templates = Templates::default();
    let mut texts = Vec::new();
    for (path, source) in files.under(folder) {
        let mut report = Report::new(path);
        let file = path.strip_prefix(folder).unwrap_or(path);
        if file.contains('/') {
            continue;
        }
        if let Some((name, language, kind)) = file_name(file, &mut report) {
            templates.files.entry(name.to_owned()).or_insert_with(|| path.to_owned());
            match kind {
                Kind::Html => {
                    if let Some((template, places)) = html(source, names, &mut report) {
                        let languages = templates.by_name.entry(name.to_owned()).or_default();
                        languages.insert(language.to_owned(), template);
                        let languages = templates.places.entry(name.to_owned()).or_default();
                        languages.insert(language.to_owned(), places);
                    }
                }
                Kind::Text => {
                    plain(source, &mut report);
                    texts.push((path, name, language, source));
                }
            }
        }
        problems.extend(report.into_problems());
    }
    for (path, name, language, source) in texts {
        let html = format!("{folder}{name}.{language}.html");
        let template =
            templates.by_name.get_mut(name).and_then(|languages| languages.get_mut(language));
        match template {
            Some(template) => {
                template.text = Some(source.to_owned());
                let places = templates.places.get_mut(name);
                if let Some(places) = places.and_then(|languages| languages.get_mut(language)) {
                    places.text = Some(path.to_owned());
                }
            }
            None if files.has(&html) => {}
            None => {
                let mut report = Report::new(path);
                report
                    .add(
                        Mark::START,
                        "text-without-html",
                        "there is no HTML template beside this text",
                    )
                    .hint(format!("the subject stands in {}", quote(&html)));
                problems.extend(report.into_problems());
            }
        }
    }
    templates
}

enum Kind {
    Html,
    Text,
}

fn file_name<'f>(file: &'f str, report: &mut Report<'_>) -> Option<(&'f str, &'f str, Kind)> {
    let mut parts = file.split('.');
    let (name, language, end) = (parts.next(), parts.next(), parts.next());
    let (Some(name), Some(language), Some(end), None) = (name, language, end, parts.next()) else {
        bad_file_name(file, report);
        return None;
    };
    let kind = match end {
        "html" => Kind::Html,
        "txt" => Kind::Text,
        _ => {
            bad_file_name(file, report);
            return None;
        }
    };
    if !is_name(name, NAME_CHARS_MAX) {
        bad_file_name(file, report);
        return None;
    }
    if !is_language(language) {
        let message = format!("{} is not a language code", quote(language));
        report
            .add(Mark::START, "bad-language", message)
            .hint("a template's file is named such as `hello.he.html` or `hello.pt-BR.txt`");
        return None;
    }
    Some((name, language, kind))
}

fn bad_file_name(file: &str, report: &mut Report<'_>) {
    let message = format!("{} is not the name of a template's file", quote(file));
    report.add(Mark::START, "bad-template-name", message).hint(format!(
        "name it <template>.<language>.html or .txt, the template of at most {NAME_CHARS_MAX} characters a-z, 0-9 and -, such as `hello.he.html`"
    ));
}

/// Checks a text part.
fn plain(source: &str, report: &mut Report<'_>) {
    if source.trim().is_empty() {
        report.add(Mark::START, "empty-template", "this template says nothing");
    }
    if FrontMatter::of(source).is_some_and(|front| front.head.trim_start().starts_with("subject:"))
    {
        report
            .add(Mark::START, "front-matter-in-text", "a txt file is the text alone")
            .hint("the subject stands in the html file");
    }
    jinja::check(source, Place::Lines(1), Calls::Link, report);
}

/// A template file cut into the lines between its `---` and the body.
struct FrontMatter<'s> {
    head: &'s str,
    body: &'s str,
    /// The line in which the body begins.
    body_line: usize,
}

impl<'s> FrontMatter<'s> {
    fn of(source: &'s str) -> Option<Self> {
        let (first, rest) = source.split_once('\n')?;
        if first.trim_end() != "---" {
            return None;
        }
        let mut offset = 0;
        for (index, line) in rest.split_inclusive('\n').enumerate() {
            if line.trim_end() == "---" {
                let head = rest.get(..offset)?;
                let body = rest.get(offset + line.len()..)?;
                return Some(Self { head, body, body_line: index + 3 });
            }
            offset += line.len();
        }
        None
    }
}

fn html(
    source: &str,
    names: Option<&Names>,
    report: &mut Report<'_>,
) -> Option<(Template, TemplatePlaces)> {
    let Some(front) = FrontMatter::of(source) else {
        report
            .add(Mark::START, "no-front-matter", "the template does not begin with its subject")
            .hint("begin the file with three lines: `---`, `subject: …` and `---`");
        jinja::check(source, Place::Lines(1), Calls::Nothing, report);
        return None;
    };
    let place = Place::Lines(front.body_line);
    jinja::check(front.body, place, Calls::Ask, report);
    ask(front.body, place, names, report);
    if front.body.trim().is_empty() {
        let at = Mark { line: front.body_line, column: 1 };
        report.add(at, "empty-template", "the mail says nothing");
    }
    if front.head.trim().is_empty() {
        missing_subject(Mark::START, report);
        return None;
    }
    let node = yaml::parse(front.head, 1, report)?;
    let fields = Fields::of(&node, "the front matter, such as `subject: …`,", report)?;
    fields.only(&["subject", "preheader"], report);
    let Some(subject) = fields.get("subject") else {
        missing_subject(fields.at, report);
        return None;
    };
    let places = TemplatePlaces {
        html: report.file().to_owned(),
        subject: Place::of(subject),
        preheader: fields.get("preheader").map(Place::of),
        body: Place::Lines(front.body_line),
        text: None,
    };
    let subject = line(subject, "a subject", front.head, report);
    let preheader = match fields.get("preheader") {
        Some(node) => Some(line(node, "a preheader", front.head, report)?),
        None => None,
    };
    let html = front.body.to_owned();
    Some((Template { subject: subject?, preheader, html, text: None }, places))
}

/// Checks the questions that a mail asks.
fn ask(body: &str, place: Place, names: Option<&Names>, report: &mut Report<'_>) {
    let lines = Lines::of(body);
    for (question, offset) in jinja::asked(body) {
        let (line, column) = lines.position(offset);
        let at = place.mark(line, column);
        match (question, names) {
            (Some(question), Some(names)) => names.know("questions", &question, at, report),
            (Some(_), None) => {}
            (None, _) => {
                report
                    .add(at, "bad-question", "which question is asked is written out")
                    .hint("write `{{ ask('nps') }}`, with a question of shop.yaml");
            }
        }
    }
}

fn missing_subject(at: Mark, report: &mut Report<'_>) {
    report.add(at, "missing-subject", "the mail has no subject");
}

/// A template in one line of the front matter `head`.
fn line(node: &Node, what: &str, head: &str, report: &mut Report<'_>) -> Option<String> {
    let template = text(node, what, report)?;
    // The front matter begins in the file's second line.
    cut_by_comment(node, head.lines().nth(node.at.line.saturating_sub(2)), report);
    jinja::check(&template, Place::of(node), Calls::Nothing, report);
    if template.trim_end().contains('\n') {
        report.add(node.at, "wrong-type", format!("{what} is one line"));
    }
    Some(template.trim_end().to_owned())
}

/// Reports a text that YAML ends at a `#` which was meant to be part of it.
fn cut_by_comment(node: &Node, line: Option<&str>, report: &mut Report<'_>) {
    let Yaml::Scalar(Scalar { style: yaml::Style::Plain, end, .. }) = &node.yaml else { return };
    let Some(line) = line else { return };
    let after: String = line.chars().skip(end.column.saturating_sub(1)).collect();
    if end.line == node.at.line && after.trim_start().starts_with('#') {
        report
            .add(*end, "cut-by-comment", "what follows the `#` is a comment, and is not sent")
            .hint("put the text between quotes");
    }
}

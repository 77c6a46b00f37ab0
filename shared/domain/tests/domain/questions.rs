//! Questions of mails, and texts in languages.

use std::collections::BTreeMap;

use masa_domain::{Question, QuestionKind, in_language, pick};

fn texts(languages: &[&str]) -> BTreeMap<String, String> {
    languages.iter().map(|language| ((*language).to_owned(), format!("in {language}"))).collect()
}

/// A choice of tea, which is said in both languages, and of coffee, which is said in one.
fn choice() -> QuestionKind {
    let options = [("tea", texts(&["en", "he"])), ("coffee", texts(&["en"]))];
    QuestionKind::Choice(options.map(|(key, words)| (key.to_owned(), words)).to_vec())
}

/// Goal: a text is in the language that is asked for, else in that without its region, else in the
/// shop's, else in whichever there is; and so is a question.
#[test]
fn a_text_is_in_the_nearest_language() {
    for (there, asked, found) in [
        (&["en", "he", "he-IL"][..], "he-IL", Some("he-IL")),
        (&["en", "he"], "he-IL", Some("he")),
        (&["en", "he"], "HE_il", Some("he")),
        (&["de", "en"], "fr", Some("en")),
        (&["de", "he"], "fr", Some("de")),
        (&[""], "he", Some("")),
        (&[], "he", None),
    ] {
        let (case, texts) = (format!("{asked} of {there:?}"), texts(there));
        let expected = found.map(|language| format!("in {language}"));
        assert_eq!(pick(&texts, asked, "en"), found.zip(expected.as_ref()), "{case}");
        let expected = expected.unwrap_or_default();
        assert_eq!(in_language(&texts, asked, "en"), expected, "{case}");
        let question = Question { kind: QuestionKind::Text, text: texts };
        assert_eq!(question.words(asked, "en"), expected, "{case}");
    }
}

/// Goal: the answers of a choice are said in the reader's language, else in the shop's, in the order of
/// the file; those of a scale are its numbers, and a text has none.
#[test]
fn the_options_of_a_question() {
    let options = |kind, language| {
        let options = Question { kind, text: BTreeMap::new() }.options(language, "en");
        options.iter().map(|(key, words)| format!("{key}: {words}")).collect::<Vec<_>>()
    };
    assert_eq!(options(choice(), "he"), ["tea: in he", "coffee: in en"]);
    assert_eq!(options(choice(), "fr"), ["tea: in en", "coffee: in en"]);
    assert_eq!(options(QuestionKind::Csat, "he"), ["1: 1", "2: 2", "3: 3", "4: 4", "5: 5"]);
    assert_eq!(options(QuestionKind::Text, "he"), [""; 0]);
}

/// Goal: the ends of a scale are its first and its last answer, with their meaning in words of the
/// language; a choice and a text have none.
#[test]
fn the_ends_of_a_scale() {
    for (kind, is_scale) in [
        (QuestionKind::Nps, true),
        (QuestionKind::Csat, true),
        (QuestionKind::Ces, true),
        (choice(), false),
        (QuestionKind::Text, false),
    ] {
        for (language, hebrew) in [("he", true), ("he-IL", true), ("en", false), ("fr", false)] {
            let ends = kind.ends(language).map(|(low, high)| [low, high]);
            assert_eq!(ends.is_some(), is_scale, "{kind:?} in {language}");
            let answers = kind.answers();
            let bounds = answers.first().zip(answers.last()).map(|(first, last)| [first, last]);
            for (end, answer) in ends.into_iter().flatten().zip(bounds.into_iter().flatten()) {
                let meaning = end.strip_prefix(&format!("{answer}: ")).unwrap();
                assert!(!meaning.is_empty(), "{kind:?} in {language}");
                let said = meaning.chars().all(|of| of == ' ' || ('א'..='ת').contains(&of));
                assert_eq!(said, hebrew, "{meaning} in {language}");
            }
        }
    }
}

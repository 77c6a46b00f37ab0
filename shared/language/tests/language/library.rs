//! The library that ships.

use std::collections::BTreeSet;

use masa_language::Files;

#[test]
fn the_embedded_library_has_no_problems() {
    let files = Files::from_texts(masa_flows::FILES.iter().copied());
    let library = masa_language::read(&files)
        .map_err(|problems| problems.iter().map(|p| format!("{p}\n")).collect::<String>())
        .unwrap();
    let warnings: String = library.warnings.iter().map(|p| format!("{p}\n")).collect();
    assert_eq!(warnings, "");
    let names: Vec<&str> = library.flows.iter().map(|flow| flow.name.as_str()).collect();
    assert!(names.contains(&"welcome") && names.contains(&"thanks"), "{names:?}");
    for flow in &library.flows {
        for (name, languages) in &flow.templates {
            let languages: Vec<&str> = languages.keys().map(String::as_str).collect();
            assert_eq!(languages, ["en", "he"], "{}: template {name}", flow.name);
        }
    }
}

/// Goal: what `masa new` copies of the library, a journey with those that it names and its parts, is told
/// of nothing.
#[test]
fn each_journey_alone_has_no_problems() {
    let named = |path: &'static str| path.split_once('/').map(|(journey, _)| journey);
    let journeys: BTreeSet<&str> =
        masa_flows::FILES.iter().filter_map(|(path, _)| named(path)).collect();
    let all = masa_language::read(&Files::from_texts(masa_flows::FILES.iter().copied())).unwrap();
    let mut told = String::new();
    for journey in &journeys {
        let mut copied = all.belonging(journey);
        copied.insert(journey);
        let files = masa_flows::FILES
            .iter()
            .filter(|(path, _)| named(path).is_none_or(|journey| copied.contains(journey)));
        let problems = match masa_language::read(&Files::from_texts(files.copied())) {
            Ok(library) => library.warnings,
            Err(problems) => problems,
        };
        told.extend(problems.iter().map(|told| format!("{journey}: {told}\n")));
    }
    assert_eq!(told, "");
}

/// Goal: what belongs to a journey is what it names, its parts, and who asks for what it waits for.
#[test]
fn what_belongs_to_a_journey() {
    let all = masa_language::read(&Files::from_texts(masa_flows::FILES.iter().copied())).unwrap();
    for (journey, beside) in [
        ("awake", &["win-back"][..]),
        ("readers", &["guides"]),
        ("referral", &["referral-friend", "referral-reward", "survey"]),
        ("referral-reward", &[]),
        ("remind", &[]),
        ("nothing", &[]),
    ] {
        let found: Vec<&str> = all.belonging(journey).into_iter().collect();
        assert_eq!(found, beside, "{journey}");
        let named: Vec<String> =
            all.with_named(journey).into_iter().map(|flow| flow.name).collect();
        assert!(named.len() <= 1 + beside.len(), "{journey}: {named:?}");
    }
    let named: Vec<String> = all.with_named("readers").into_iter().map(|flow| flow.name).collect();
    assert_eq!(named, ["guides", "readers"]);
}

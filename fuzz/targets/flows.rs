//! Files of journeys: the first line names a file of the library, the rest is what stands in it.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use masa_domain::{Flow, Setup};
use masa_fuzz::now;
use masa_language::{Files, Library, Problem, digest, read_at, read_tests};

/// What is replaced when the first line names no file.
const FLOW: &str = "welcome/flow.yaml";

fuzz_target!(|input: &[u8]| {
    let Ok(input) = str::from_utf8(input) else { return };
    let (path, text) = input.split_once('\n').unwrap_or((FLOW, input));
    let known = masa_flows::FILES.iter().any(|(known, _)| *known == path);
    let path = if known || path.ends_with("/tests.yaml") { path } else { FLOW };
    let mut files = journey(path.split_once('/').map_or("welcome", |(folder, _)| folder));
    files.insert(path.to_owned(), text.to_owned());
    if path.ends_with("/tests.yaml") {
        assert_answer(&files, &read_tests(&files).map(|_| Library::default()));
        return;
    }
    let read = read_at(&files, now());
    assert_answer(&files, &read);
    if let Ok(library) = read {
        assert_kept(&library);
    }
});

/// A journey of the library and its shop, with short mails and without tests, into which most of the
/// time would go.
fn journey(folder: &str) -> Files {
    const MAIL: &str = "---\nsubject: Hello\n---\n<p>Hello</p>\n";
    let ours = |path: &str| {
        let journey = path.split('/').next() == Some(folder) && !path.ends_with("/tests.yaml");
        journey || path == "shop.yaml"
    };
    let files = masa_flows::FILES.iter().filter(|(path, _)| ours(path));
    Files::from_texts(files.map(|(path, text)| match path.ends_with(".html") {
        true => (*path, MAIL),
        false => (*path, *text),
    }))
}

/// Every problem stands in its file, and says something.
fn assert_answer(files: &Files, answer: &Result<Library, Vec<Problem>>) {
    let lines: BTreeMap<&str, usize> =
        files.iter().map(|(path, text)| (path, text.lines().count())).collect();
    let problems = match answer {
        Ok(library) => &library.warnings,
        Err(problems) => {
            assert!(!problems.is_empty(), "no error without a problem");
            problems
        }
    };
    for problem in problems {
        let lines = lines.get(problem.file.as_str()).copied().unwrap_or_default();
        assert!((1..=lines + 2).contains(&problem.line), "{problem} of {lines} lines");
        assert!(problem.column >= 1 && problem.message.len() < 1_000, "{problem}");
    }
}

/// What is published is read as it was written.
fn assert_kept(library: &Library) {
    for flow in &library.flows {
        let kept = serde_json::to_string(flow).expect("a flow is JSON");
        let read: Flow = serde_json::from_str(&kept).expect("a flow reads back");
        assert_eq!(&read, flow, "a flow reads back as it was");
        assert_eq!(digest(&read), digest(flow));
    }
    let kept = serde_json::to_string(&library.setup).expect("a shop is JSON");
    let read: Setup = serde_json::from_str(&kept).expect("a shop reads back");
    assert_eq!(read, library.setup, "a shop reads back as it was");
}

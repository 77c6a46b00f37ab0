//! The documents of the language: what they show passes the checks, and `masa` answers as they say.

use std::collections::BTreeMap;

use masa_language::{Files, Severity, read, read_tests};

use super::{Arguments, Outcome, play_all};
use crate::check;

const GUIDE: &str = include_str!("../../../../shared/language/GUIDE.md");
const RECIPES: &str = include_str!("../../../../shared/language/RECIPES.md");

/// A block of a document, between two fences.
struct Block<'d> {
    /// The line of its first fence, from 1.
    line: usize,
    /// What stands behind that fence.
    info: &'d str,
    text: String,
}

fn blocks(document: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for (index, line) in document.lines().enumerate() {
        let Some(info) = line.strip_prefix("```") else {
            if let Some(block) = &mut open {
                block.text.push_str(line);
                block.text.push('\n');
            }
            continue;
        };
        match open.take() {
            Some(block) => blocks.push(block),
            None => open = Some(Block { line: index + 1, info, text: String::new() }),
        }
    }
    assert!(open.is_none(), "the last block has no end");
    blocks
}

/// Puts a block of the guide where it says: `yaml PATH` is the whole file, `yaml PATH end` stands at
/// its end, `yaml PATH above-steps` above its line `steps:`.
fn put(files: &mut BTreeMap<String, String>, block: &Block<'_>) {
    let words: Vec<&str> = block.info.split_whitespace().collect();
    let (path, how) = match words.as_slice() {
        ["yaml" | "html", path] => (*path, ""),
        ["yaml", path, how] => (*path, *how),
        _ => panic!("line {}: `{}` names no file", block.line, block.info),
    };
    let old = files.remove(path).unwrap_or_default();
    assert!(how.is_empty() || !old.is_empty(), "line {}: there is no {path} yet", block.line);
    let text = match how {
        "" => block.text.clone(),
        "end" => old + &block.text,
        "above-steps" => {
            let (head, steps) = old.split_once("\nsteps:\n").unwrap();
            format!("{head}\n{}steps:\n{steps}", block.text)
        }
        _ => panic!("line {}: `{how}` is no place in a file", block.line),
    };
    files.insert(path.to_owned(), text);
}

/// What is typed in a block, each with what it is said to answer.
fn commands(block: &Block<'_>) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in block.text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            commands.push((command.to_owned(), String::new()));
        } else if let Some((_, answer)) = commands.last_mut() {
            answer.push_str(line);
            answer.push('\n');
        }
    }
    commands
}

/// What a command answers to these files; nothing for those that are tried out elsewhere.
async fn answer(command: &str, files: &Files) -> Option<String> {
    match command {
        "masa check ." => Some(checked(files)),
        "masa test ." => Some(tested(files, false).await),
        "masa test . --coverage" => Some(tested(files, true).await),
        _ => None,
    }
}

fn checked(files: &Files) -> String {
    let (flows, problems) = match read(files) {
        Ok(library) => (library.flows, library.warnings),
        Err(problems) => (Vec::new(), problems),
    };
    let flows = flows
        .iter()
        .map(|flow| format!("{}: {}\n", flow.name, check::many(flow.steps.len(), "step")));
    let mut told: String = flows.chain(problems.iter().map(|one| format!("{one}\n"))).collect();
    if !problems.is_empty() {
        told.push_str(&check::counted(&problems));
        told.push('\n');
    }
    told
}

async fn tested(files: &Files, coverage: bool) -> String {
    let library = read(files).unwrap();
    let tests = read_tests(files).unwrap();
    let arguments = Arguments::of(if coverage { &["--coverage"] } else { &[] });
    let (outcomes, mut reached) = play_all(files, &library, &tests, &arguments).await.unwrap();
    let mut told = Vec::new();
    let mut failed = 0;
    for Outcome { test, failure } in &outcomes {
        let Some(failure) = failure else { continue };
        failed += 1;
        told.push(format!("{}/tests.yaml:{}: {}", test.folder, failure.line, test.name));
        told.push(format!("  {}", failure.problem));
        told.extend(failure.timeline.iter().map(|line| format!("    {line}")));
    }
    if coverage {
        let missed = reached.missed(&library, None);
        told.extend(missed.iter().map(|missed| format!("not reached: {missed}")));
        let (found, all) = reached.figures();
        told.push(format!("{found} of {all} steps and branches are reached"));
    }
    told.push(format!("{}, {failed} failed\n", check::many(outcomes.len(), "test")));
    told.join("\n")
}

/// Whether this is what was shown, where a line `…` stands for any lines.
fn is_shown(shown: &str, answer: &str) -> bool {
    match shown.split_once("…\n") {
        Some((before, after)) => answer.starts_with(before) && answer.ends_with(after),
        None => answer == shown,
    }
}

/// Goal: J3, whoever follows the guide has a journey that passes its tests, and reads on the way what
/// `masa` really answers.
#[tokio::test]
async fn the_guide_builds_what_it_says() {
    let mut files = BTreeMap::new();
    let mut compared = 0;
    for block in blocks(GUIDE) {
        if block.info != "console" {
            put(&mut files, &block);
            continue;
        }
        for (command, shown) in commands(&block) {
            let now = Files::from_texts(files.clone());
            let Some(is) = answer(&command, &now).await else { continue };
            assert!(is_shown(&shown, &is), "line {}: `{command}` answers\n{is}", block.line);
            compared += 1;
        }
    }
    assert!(compared >= 8, "{compared} answers");
    let files = Files::from_texts(files);
    let library = read(&files).unwrap();
    assert!(library.warnings.is_empty(), "{:?}", library.warnings);
    let languages: Vec<&str> = library.setup.shop.name.keys().map(String::as_str).collect();
    assert_eq!(languages, ["en", "he"]);
    assert!(read_tests(&files).unwrap().len() >= 8);
    let told = tested(&files, true).await;
    assert!(told.ends_with(" tests, 0 failed\n") && !told.contains("not reached"), "{told}");
}

/// The shop around recipes.
const SHOP: &str = "name: Shop\nurl: https://shop.example\naddress: 7 Garden Road\n\
                    language: en\ntimezone: Asia/Jerusalem\n";
/// The mails that recipes send.
const MAILS: [&str; 4] = ["hello", "again", "story", "offer"];

/// The files of a recipe: its parts of the shop, and a journey for each of its other blocks, to which
/// what they leave out is added.
fn folder(recipe: &str) -> BTreeMap<String, String> {
    let mut shop = SHOP.to_owned();
    let mut flows = Vec::new();
    for block in blocks(recipe) {
        let lines = block.text.lines().count();
        assert!(lines <= 12, "{lines} lines are no short answer: {recipe}");
        match block.info {
            "yaml shop" => shop.push_str(&block.text),
            "yaml flow" => flows.push(block.text),
            "yaml steps" => flows.push(format!("steps:\n{}", block.text)),
            info => panic!("`{info}` is no part of a journey: {recipe}"),
        }
    }
    assert!(!flows.is_empty(), "nothing uses this: {recipe}");
    let mut files = BTreeMap::from([("shop.yaml".to_owned(), shop)]);
    for (index, mut flow) in flows.into_iter().enumerate() {
        let name = match index {
            0 => "flow: recipe\n".to_owned(),
            more => format!("flow: recipe-{more}\n"),
        };
        for (key, text) in [
            ("flow:", name.as_str()),
            ("trigger:", "trigger: { joined: news }\n"),
            ("steps:", "steps:\n  - email: hello\n"),
        ] {
            if !flow.lines().any(|line| line.starts_with(key)) {
                flow.push_str(text);
            }
        }
        files.insert(format!("journey-{index}/flow.yaml"), flow);
        for mail in MAILS {
            let text = format!("---\nsubject: {mail}\n---\n<p>{mail}</p>\n");
            files.insert(format!("journey-{index}/templates/{mail}.en.html"), text);
        }
    }
    files
}

/// Each recipe can be pasted as it stands.
#[test]
fn recipes_pass_the_checks() {
    let (head, _) = RECIPES.split_once("\n## ").unwrap();
    assert!(blocks(head).is_empty(), "blocks stand in recipes");
    let recipes: Vec<&str> = RECIPES.split("\n## ").skip(1).collect();
    assert!(recipes.len() >= 15, "{} recipes", recipes.len());
    for recipe in recipes {
        let title = recipe.lines().next().unwrap_or_default();
        let mut files = folder(recipe);
        // Of the mails those stay that are sent.
        let problems = read(&Files::from_texts(files.clone())).err().unwrap_or_default();
        for problem in problems.iter().filter(|problem| problem.code == "unused-template") {
            files.remove(&problem.file);
        }
        let problems = read(&Files::from_texts(files)).err().unwrap_or_default();
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
        let errors: Vec<String> = errors.map(ToString::to_string).collect();
        assert_eq!(errors, Vec::<String>::new(), "{title}");
    }
}

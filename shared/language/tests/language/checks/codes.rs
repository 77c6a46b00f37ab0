//! The table of all checks, and the page that is made of it.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use masa_language::{CODES, Severity};

/// The texts of the files of a folder of this crate and of those in it, with their names.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(sources(&entry));
        } else {
            found.push((entry.display().to_string(), fs::read_to_string(&entry).unwrap()));
        }
    }
    found
}

fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The texts between quotes that look like codes: small words, not numbers alone, with `-` between them.
fn likely(text: &str) -> impl Iterator<Item = &str> {
    let is_code = |text: &&str| {
        text.contains('-')
            && text.bytes().any(|b| b.is_ascii_lowercase())
            && text.split('-').all(|word| {
                !word.is_empty()
                    && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            })
    };
    text.split('"').filter(is_code)
}

#[test]
fn every_code_of_the_sources_is_in_the_table_and_no_other() {
    // Texts that look like codes: a part of an id, and names in unit tests.
    const OTHERS: [&str; 3] = ["days-to", "he-a-b-c-d-e", "sku-12-b"];
    let mut used = BTreeSet::new();
    for (file, text) in sources(&crate_folder().join("src")) {
        if !file.ends_with("codes.rs") {
            used.extend(likely(&text).map(str::to_owned));
        }
    }
    for other in OTHERS {
        assert!(used.remove(other), "{other} is not used any more");
    }
    let known: BTreeSet<String> = CODES.iter().map(|(code, ..)| (*code).to_owned()).collect();
    assert_eq!(used, known, "CODES in src/codes.rs lists every code of the sources");
}

#[test]
fn every_check_has_a_bad_example() {
    let own = file!();
    let tests: Vec<(String, String)> = sources(&crate_folder().join("tests/language"))
        .into_iter()
        .filter(|(file, _)| !file.ends_with(Path::new(own).file_name().unwrap().to_str().unwrap()))
        .collect();
    let shown = |code: &str| {
        let ends = [format!(" {code}\""), format!("\"{code}\"")];
        tests.iter().any(|(_, text)| ends.iter().any(|end| text.contains(end)))
    };
    let missing: Vec<&str> =
        CODES.iter().map(|(code, ..)| *code).filter(|code| !shown(code)).collect();
    assert_eq!(missing, [""; 0], "a test in tests/language expects each code");
}

#[test]
fn the_table_is_in_order_and_says_something() {
    assert!(CODES.is_sorted_by(|(a, ..), (b, ..)| a < b), "the codes are found by halving");
    for (code, _, says) in CODES {
        assert!(says.ends_with('.') && !says.contains(". ") && says.len() > 15, "{code}: {says}");
    }
}

/// The page of the checks.
fn page() -> String {
    let mut page = "\
# The checks

What `masa check` may tell of a folder of journeys, by the code that stands in its JSON. `masa publish`
refuses a folder with errors. Warnings are told, and stop nothing. This page is made of the table in
`src/codes.rs`.
"
    .to_owned();
    for (title, wanted) in [("Errors", Severity::Error), ("Warnings", Severity::Warning)] {
        write!(page, "\n## {title}\n\n| code | |\n| --- | --- |\n").unwrap();
        for (code, severity, says) in CODES {
            if *severity == wanted {
                writeln!(page, "| `{code}` | {says} |").unwrap();
            }
        }
    }
    page
}

const PAGE: &str = "CHECKS.md";

#[test]
fn the_page_is_that_of_the_table() {
    let written = fs::read_to_string(crate_folder().join(PAGE)).unwrap_or_default();
    if written != page() {
        let right = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PAGE);
        fs::write(&right, page()).unwrap();
        panic!("{PAGE} is not that of the table: copy {} over it", right.display());
    }
}

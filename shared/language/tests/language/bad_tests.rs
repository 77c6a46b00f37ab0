//! `tests.yaml`.

use masa_language::{Files, read_tests};

#[test]
fn lines_of_tests_that_are_none() {
    for (line, expected) in [
        ("mail: hello", "4:9 unknown-test-line"),
        ("{ email: hello, sms: hello }", "4:25 two-test-lines"),
        ("{ advance: 2 }", "4:20 bad-duration"),
        ("{ at: [a] }", "4:15 wrong-type"),
    ] {
        let tests = format!("tests:\n  - name: it\n    steps:\n      - {line}\n");
        let problems =
            read_tests(&Files::from_texts([("one/tests.yaml", tests)])).err().unwrap_or_default();
        let found: Vec<String> =
            problems.iter().map(|p| format!("{}:{} {}", p.line, p.column, p.code)).collect();
        assert_eq!(found, [expected], "{line}\n{problems:#?}");
    }
}

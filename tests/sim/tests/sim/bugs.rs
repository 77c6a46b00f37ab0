//! The test of the test: each planted mistake makes the simulation fail.

use std::{env, process::Command};

use crate::runs::say;

/// Tells the process that looks for the mistakes from the one that began it.
const HUNTS: &str = "SIM_HUNTS";

/// Has the simulation look for each mistake, or for the one that `SIM_BUG` names, in a process of its own:
/// a mistake is made by all of a process.
#[test]
fn each_planted_bug_is_found() {
    if setting(HUNTS).is_some() {
        hunt();
        return;
    }
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "bugs::each_planted_bug_is_found", "--nocapture"])
        .env(HUNTS, "yes")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    let told: Vec<_> = text.lines().filter(|line| line.starts_with("planted ")).collect();
    told.iter().for_each(|line| say(line));
    assert!(output.status.success(), "{text}");
    let all = masa_domain::planted::Bug::ALL.len();
    let expected = if setting("SIM_BUG").is_some() { 1 } else { all };
    assert_eq!(told.len(), expected, "{text}");
}

#[expect(clippy::disallowed_methods, reason = "a process is told so what to look for")]
fn setting(name: &str) -> Option<String> {
    env::var(name).ok()
}

#[cfg(not(debug_assertions))]
fn hunt() {
    panic!("the mistakes are in builds with debug assertions alone: leave out --release");
}

#[cfg(debug_assertions)]
fn hunt() {
    use masa_domain::planted::{Bug, plant};

    use crate::{exhaustive, orders};

    for (bug, name) in Bug::ALL {
        let one = setting("SIM_BUG");
        if one.as_ref().is_some_and(|one| one != name) {
            continue;
        }
        plant(bug);
        // The quick parts first. Chance is none of them: it finds too, but not every time.
        let parts: [fn() -> Option<String>; 3] = [
            || orders::every_order_of_every_race().broken(),
            || exhaustive::everything_twice().broken(),
            || exhaustive::every_fault_everywhere().broken(),
        ];
        let found = parts.into_iter().find_map(|part| part());
        let Some(found) = found else { panic!("planted {name}: not found") };
        assert!(!found.contains("the simulation itself"), "planted {name}: {found}");
        let line: String = found.lines().next().unwrap_or_default().chars().take(160).collect();
        say(&format!("planted {name}: found by: {line}"));
        if one.is_some() {
            say(&found);
        }
    }
}

//! The test of the test: each planted mistake makes the simulation fail.

use std::{env, process::Command};

use crate::runs::say;

/// Builds the simulation with the mistakes in it, and has it look for each.
#[test]
#[cfg_attr(feature = "planted", ignore = "this is the simulation with the mistakes in it")]
fn each_planted_bug_is_found() {
    #[expect(clippy::disallowed_methods, reason = "cargo tells its tests where it is")]
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let arguments =
        ["test", "--locked", "-p", "masa-sim", "--features", "planted", "--test", "sim"];
    let output = Command::new(cargo)
        .args(arguments)
        .args(["--", "--exact", "bugs::hunt", "--nocapture"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    let told: Vec<_> = text.lines().filter(|line| line.starts_with("planted ")).collect();
    told.iter().for_each(|line| say(line));
    assert!(output.status.success(), "{text}");
    assert_eq!(told.len(), masa_domain::planted::Bug::ALL.len(), "{text}");
}

#[cfg(feature = "planted")]
#[test]
fn hunt() {
    use masa_domain::planted::{Bug, plant};

    use crate::{exhaustive, orders, random, runs::Found};

    for (bug, name) in Bug::ALL {
        plant(bug);
        let found = match orders::every_order_of_every_race() {
            Found::Broken(what) => Found::Broken(format!("a race: {what}")),
            Found::Nothing(()) => match exhaustive::every_fault_everywhere() {
                Found::Broken(what) => Found::Broken(format!("a fault: {what}")),
                Found::Nothing(_) => random::histories(30),
            },
        };
        match found {
            Found::Broken(what) => {
                let line = what.lines().next().unwrap_or_default();
                say(&format!(
                    "planted {name}: found by {}",
                    line.chars().take(200).collect::<String>()
                ));
            }
            Found::Nothing(_) => panic!("planted {name}: not found"),
        }
    }
}

//! What is made of the tables of the language: the reference and the schemas.

use std::{fs, path::Path};

use masa_language::{SchemaOf, reference, schema};

/// Asserts that a file of this crate says `right`, and writes what it has to be.
#[track_caller]
fn is_made_of_the_tables(path: &str, right: &str) {
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join(written.file_name().unwrap());
    fs::write(&made, right).unwrap();
    let is_right = fs::read_to_string(&written).is_ok_and(|written| written == right);
    assert!(is_right, "{path} is not that of the tables: copy {} over it", made.display());
}

#[test]
fn the_reference_is_that_of_the_tables() {
    is_made_of_the_tables("REFERENCE.md", &reference());
}

#[test]
fn the_schema_of_flows_is_that_of_the_tables() {
    schema_is_made_of_the_tables(SchemaOf::Flow);
}

#[test]
fn the_schema_of_shops_is_that_of_the_tables() {
    schema_is_made_of_the_tables(SchemaOf::Shop);
}

#[test]
fn the_schema_of_tests_is_that_of_the_tables() {
    schema_is_made_of_the_tables(SchemaOf::Tests);
}

#[track_caller]
fn schema_is_made_of_the_tables(file: SchemaOf) {
    let path = format!("schema/{}.schema.json", file.name());
    let text = serde_json::to_string_pretty(&schema(file)).unwrap();
    is_made_of_the_tables(&path, &format!("{text}\n"));
}

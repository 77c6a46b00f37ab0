//! The library that ships.

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

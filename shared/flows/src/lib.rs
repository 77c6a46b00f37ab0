//! The library of ready journeys, inside the program.
//!
//! Each folder beside this crate's source is a journey: its `flow.yaml` and its templates. The
//! shop that they are written for is `shop.yaml`. `masa-language` reads and checks them.

/// What `masa dev` shows: the shop and two of the journeys. All of them at once would be too much mail
/// for anybody.
pub fn demo() -> impl Iterator<Item = (&'static str, &'static str)> {
    const SHOWN: [&str; 3] = ["shop.yaml", "thanks/", "welcome/"];
    let shown = |path: &str| SHOWN.iter().any(|shown| path.starts_with(shown));
    FILES.iter().copied().filter(move |(path, _)| shown(path))
}

/// The files by their path below the library's folder, with `/` between its parts, in the order of
/// the paths.
pub static FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// What is said about each journey, `<journey>/README.md`, likewise.
pub static READMES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/readmes.rs"));

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn the_files_of_the_folder_are_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (_, shop) = super::FILES.iter().find(|(path, _)| *path == "shop.yaml").unwrap();
        assert_eq!(*shop, std::fs::read_to_string(folder.join("shop.yaml")).unwrap());
        for (path, text) in super::FILES {
            assert!(!text.is_empty(), "{path} says something");
        }
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let flow = entry.join("flow.yaml");
            if flow.exists() {
                let name = format!("{}/flow.yaml", entry.file_name().unwrap().to_str().unwrap());
                assert!(super::FILES.iter().any(|(path, _)| *path == name), "{name} is embedded");
            }
        }
    }
}

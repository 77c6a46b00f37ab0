//! Reading a folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use masa_language::{Files, Refused};

use crate::{FLOW, HELLO, SHOP};

/// A folder of a test's own below Cargo's folder for such, empty at the start.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("language").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(folder.join("one/templates")).unwrap();
    fs::write(folder.join("shop.yaml"), SHOP).unwrap();
    fs::write(folder.join("one/flow.yaml"), FLOW).unwrap();
    fs::write(folder.join("one/templates/hello.en.html"), HELLO).unwrap();
    folder
}

fn codes(folder: &Path) -> Vec<String> {
    let problems = masa_language::read(&Files::from_dir(folder).unwrap()).err().unwrap_or_default();
    problems.iter().map(|p| format!("{}:{}:{} {}", p.file, p.line, p.column, p.code)).collect()
}

#[test]
fn a_folder_is_read() {
    let folder = folder("good");
    fs::write(folder.join("logo.png"), [0x89, 0xff]).unwrap();
    fs::write(folder.join(".draft.yaml"), "[").unwrap();
    fs::create_dir(folder.join(".git")).unwrap();
    fs::write(folder.join(".git/flow.yaml"), "[").unwrap();
    fs::write(folder.join("one/flow.yaml"), format!("\u{feff}{FLOW}")).unwrap();
    let files = Files::from_dir(&folder).unwrap();
    let paths: Vec<&str> = files.iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["one/flow.yaml", "one/templates/hello.en.html", "shop.yaml"]);
    assert_eq!(files.get("one/flow.yaml"), Some(FLOW), "without the byte order mark");
    assert_eq!(masa_language::read(&files).unwrap().flows.len(), 1);
}

#[test]
fn a_folder_that_is_not_there() {
    let missing = Path::new(env!("CARGO_TARGET_TMPDIR")).join("language/no-such-folder");
    let refused = Files::from_dir(&missing).unwrap_err();
    assert!(matches!(refused, Refused::Io { .. }), "{refused}");
    assert!(refused.to_string().contains("no-such-folder"), "{refused}");
}

#[test]
fn files_that_cannot_be_read_are_told_with_the_rest() {
    let folder = folder("unreadable");
    fs::write(folder.join("one/flow.yaml"), b"flow: one\nx: \xd7\xa9\xff\n").unwrap();
    fs::write(folder.join("one/templates/hello.he.html"), vec![b'x'; (1 << 20) + 1]).unwrap();
    fs::write(folder.join("shop.yaml"), SHOP.replace("language: en", "language: english")).unwrap();
    assert_eq!(
        codes(&folder),
        [
            "one/flow.yaml:2:5 not-utf8",
            "one/templates/hello.he.html:1:1 file-too-large",
            "shop.yaml:4:11 bad-language",
        ]
    );
}

#[test]
fn too_much_is_refused() {
    let many = folder("many");
    for number in 0..10_001 {
        fs::write(many.join(format!("one/{number}.png")), "").unwrap();
    }
    let refused = Files::from_dir(&many).unwrap_err();
    assert!(matches!(refused, Refused::TooManyFiles(_)), "{refused}");
    assert!(refused.to_string().contains("10000"), "{refused}");

    let large = folder("large");
    let megabyte = vec![b'x'; 1 << 20];
    for number in 0..64 {
        fs::write(large.join(format!("one/{number}.txt")), &megabyte).unwrap();
    }
    let refused = Files::from_dir(&large).unwrap_err();
    assert!(matches!(refused, Refused::TooLarge(_)), "{refused}");
    fs::remove_dir_all(many).unwrap();
    fs::remove_dir_all(large).unwrap();
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_not_in_circles() {
    use std::os::unix::fs::symlink;

    let folder = folder("links");
    let elsewhere = self::folder("elsewhere");
    fs::write(elsewhere.join("one/flow.yaml"), FLOW.replace("flow: one", "flow: two")).unwrap();
    symlink(elsewhere.join("one"), folder.join("two")).unwrap();
    let library = masa_language::read(&Files::from_dir(&folder).unwrap()).unwrap();
    assert_eq!(library.flows.len(), 2);

    symlink(&folder, folder.join("one/again")).unwrap();
    let refused = Files::from_dir(&folder).unwrap_err();
    assert!(matches!(refused, Refused::Loop(_)), "{refused}");
}

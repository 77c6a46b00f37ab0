//! Lists the files of the library, so that a new one is embedded without being named anywhere.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// What belongs to a journey; everything else in the folder is the crate's own.
const EXTENSIONS: [&str; 3] = ["html", "txt", "yaml"];
/// What is said about it.
const README: [&str; 1] = ["md"];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A folder's own time changes when a file is added or removed, and Cargo looks below it too.
    println!("cargo:rerun-if-changed={}", root.display());
    #[expect(clippy::disallowed_methods, reason = "Cargo tells a build script where to write")]
    let out = std::env::var("OUT_DIR")?;
    for (to, extensions) in [("files.rs", &EXTENSIONS[..]), ("readmes.rs", &README)] {
        fs::write(Path::new(&out).join(to), embedded(root, extensions)?)?;
    }
    Ok(())
}

/// The files with these extensions, as a list of paths and texts.
fn embedded(root: &Path, extensions: &[&str]) -> Result<String, Box<dyn Error>> {
    let mut found = Vec::new();
    collect(root, extensions, &mut found)?;
    found.sort();
    let mut code = String::from("&[\n");
    for path in &found {
        let name = path.strip_prefix(root)?.to_str().ok_or("a file name is not UTF-8")?;
        let name = name.replace('\\', "/");
        let whole = path.to_str().ok_or("a folder name is not UTF-8")?;
        writeln!(code, "    ({name:?}, include_str!({whole:?})),")?;
    }
    code.push_str("]\n");
    Ok(code)
}

fn collect(
    folder: &Path,
    extensions: &[&str],
    found: &mut Vec<PathBuf>,
) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if hidden {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&path, extensions, found)?;
        } else if path.extension().and_then(|e| e.to_str()).is_some_and(|e| extensions.contains(&e))
        {
            found.push(path);
        }
    }
    Ok(())
}

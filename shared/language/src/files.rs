//! The files of a flows folder, as texts in memory.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::problem::{Mark, Problem, Report};

/// The largest file that is read, in bytes: far above any journey, and above what mail programs show.
pub(crate) const FILE_BYTES_MAX: usize = 1 << 20;
/// The most that a folder may hold, in bytes of files that belong to journeys.
const TOTAL_BYTES_MAX: usize = 64 << 20;
/// The most files and folders that are looked at.
const ENTRIES_MAX: usize = 10_000;
/// What belongs to journeys; other files (pictures, notes) may stand beside them.
const EXTENSIONS: [&str; 4] = ["html", "txt", "yaml", "yml"];

/// Files by their path relative to the flows folder, with `/` between its parts.
#[derive(Debug, Clone, Default)]
pub struct Files {
    texts: BTreeMap<String, String>,
    unreadable: Vec<Problem>,
}

/// A folder that is not read.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It can't be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Too many.
    #[error("{} holds more than {ENTRIES_MAX} files and folders: name the folder of the flows", .0.display())]
    TooManyFiles(PathBuf),
    /// Too much.
    #[error("the flows in {} are larger than {} MiB", .0.display(), TOTAL_BYTES_MAX >> 20)]
    TooLarge(PathBuf),
    /// A folder that contains itself.
    #[error("{} leads back to a folder that contains it: remove this link", .0.display())]
    Loop(PathBuf),
    /// A name that no message could show.
    #[error("the file name {} is not UTF-8", .0.display())]
    Name(PathBuf),
}

impl Files {
    /// The files of a folder. Hidden files, and files of other kinds than html, txt and yaml, are
    /// passed over. A file that is too large or not UTF-8 is a problem that [`crate::read`] reports.
    ///
    /// # Errors
    /// [`Refused`] when the folder can't be read, or exceeds a limit.
    pub fn from_dir(dir: &Path) -> Result<Self, Refused> {
        let mut walk = Walk { root: dir, files: Self::default(), entries: 0, bytes: 0 };
        walk.folder(dir, &mut Vec::new(), "")?;
        Ok(walk.files)
    }

    /// Files that are in memory already, such as the embedded library's.
    pub fn from_texts<P: Into<String>, T: Into<String>>(
        texts: impl IntoIterator<Item = (P, T)>,
    ) -> Self {
        let mut files = Self::default();
        for (path, text) in texts {
            files.insert(path.into(), text.into());
        }
        files
    }

    /// Adds a file, or replaces the one at the same path.
    pub fn insert(&mut self, path: String, text: String) {
        // A byte order mark is no part of the text.
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        self.unreadable.retain(|problem| problem.file != path);
        if text.len() > FILE_BYTES_MAX {
            self.unreadable.extend(too_large(&path));
        } else {
            self.texts.insert(path, text);
        }
    }

    /// The paths and texts, in the order of the paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The text of a file.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// The files below a folder, whose path ends with `/`.
    pub(crate) fn under<'f>(&'f self, folder: &str) -> impl Iterator<Item = (&'f str, &'f str)> {
        let from = self.texts.range(folder.to_owned()..);
        let folder = folder.to_owned();
        from.take_while(move |(path, _)| path.starts_with(&folder))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Whether a file is there, readable or not.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.texts.contains_key(path) || self.unreadable.iter().any(|problem| problem.file == path)
    }

    /// Problems of files that are there but could not be taken.
    pub(crate) fn unreadable(&self) -> &[Problem] {
        &self.unreadable
    }
}

fn too_large(path: &str) -> Vec<Problem> {
    let mut report = Report::new(path);
    let message = format!("this file is larger than {} MiB, and is not read", FILE_BYTES_MAX >> 20);
    report.add(Mark::START, "file-too-large", message);
    report.into_problems()
}

fn not_utf8(path: &str, bytes: &[u8]) -> Vec<Problem> {
    let good = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => bytes
            .get(..error.valid_up_to())
            .and_then(|good| std::str::from_utf8(good).ok())
            .unwrap_or_default(),
    };
    let last = good.rsplit('\n').next().unwrap_or_default();
    let at = Mark { line: good.matches('\n').count() + 1, column: last.chars().count() + 1 };
    let mut report = Report::new(path);
    report
        .add(at, "not-utf8", "this file is not UTF-8 text")
        .hint("save it with the encoding UTF-8");
    report.into_problems()
}

struct Walk<'a> {
    root: &'a Path,
    files: Files,
    entries: usize,
    bytes: usize,
}

impl Walk<'_> {
    /// Reads `folder`, which stands in the folders `above` (their real paths).
    fn folder(
        &mut self,
        folder: &Path,
        above: &mut Vec<PathBuf>,
        prefix: &str,
    ) -> Result<(), Refused> {
        let io = |source| Refused::Io { path: folder.to_owned(), source };
        let real = folder.canonicalize().map_err(io)?;
        if above.contains(&real) {
            return Err(Refused::Loop(folder.to_owned()));
        }
        above.push(real);
        let mut paths = Vec::new();
        for entry in folder.read_dir().map_err(io)? {
            self.entries += 1;
            if self.entries > ENTRIES_MAX {
                return Err(Refused::TooManyFiles(self.root.to_owned()));
            }
            paths.push(entry.map_err(io)?.path());
        }
        paths.sort();
        for path in paths {
            self.entry(&path, above, prefix)?;
        }
        above.pop();
        Ok(())
    }

    fn entry(
        &mut self,
        path: &Path,
        above: &mut Vec<PathBuf>,
        prefix: &str,
    ) -> Result<(), Refused> {
        let name = path.file_name().unwrap_or_default();
        if name.as_encoded_bytes().starts_with(b".") {
            return Ok(());
        }
        let io = |source| Refused::Io { path: path.to_owned(), source };
        let kind = path.metadata().map_err(io)?;
        let ours = path
            .extension()
            .is_some_and(|end| EXTENSIONS.iter().any(|ours| end.eq_ignore_ascii_case(ours)));
        let read = kind.is_dir() || (kind.is_file() && ours);
        if !read {
            return Ok(());
        }
        let name = name.to_str().ok_or_else(|| Refused::Name(path.to_owned()))?;
        if kind.is_dir() {
            return self.folder(path, above, &format!("{prefix}{name}/"));
        }
        let mut bytes = Vec::new();
        // One byte more than allowed tells a file that is too large, however it grows meanwhile.
        let limit = FILE_BYTES_MAX as u64 + 1;
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(io)?;
        self.bytes += bytes.len();
        if self.bytes > TOTAL_BYTES_MAX {
            return Err(Refused::TooLarge(self.root.to_owned()));
        }
        self.file(format!("{prefix}{name}"), bytes);
        Ok(())
    }

    fn file(&mut self, path: String, bytes: Vec<u8>) {
        if bytes.len() > FILE_BYTES_MAX {
            self.files.unreadable.extend(too_large(&path));
            return;
        }
        match String::from_utf8(bytes) {
            Ok(text) => self.files.insert(path, text),
            Err(error) => self.files.unreadable.extend(not_utf8(&path, error.as_bytes())),
        }
    }
}

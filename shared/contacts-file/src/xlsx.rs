//! XLSX (ECMA-376): the rows of one sheet, one at a time.
//!
//! Only what rows need is read: which sheets there are, the table of texts, which styles are dates, and
//! the sheet itself. Macros, links to other files and pictures are never opened. What is decompressed
//! is counted, so that a small file can't become a large one, and a document type is refused, so that
//! no entity can: spreadsheet programs write none.

mod part;
mod sheet;
mod strings;
mod styles;

use std::io::BufReader;

use zip::{ZipArchive, read::ZipFile, result::ZipError};

use self::{
    part::{Part, attribute},
    sheet::SheetRecords,
    strings::Strings,
    styles::Styles,
};
use crate::{error::Error, source::Source};

/// The most files that a workbook holds: it has one for each sheet, picture and table.
const ENTRIES_MAX: usize = 10_000;

/// The most that the small parts may take each, in bytes: the lists of sheets and styles.
const SMALL_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What a workbook may take. For 16 bytes there may be one element of XML, however short it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The sheet, in bytes of its XML. A million rows of twenty columns take about a GiB.
    pub sheet_bytes: u64,
    /// The table of texts, in bytes of its XML. It is the one part that is held in memory: all its
    /// texts, and 8 bytes for each.
    pub texts_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { sheet_bytes: 4 << 30, texts_bytes: 512 << 20 }
    }
}

type Archive = ZipArchive<BufReader<Box<dyn Source>>>;

/// A part that is read out of the zip.
type FilePart<'a> = Part<ZipFile<'a, BufReader<Box<dyn Source>>>>;

/// A workbook and the one sheet that is read.
pub(crate) struct Workbook {
    archive: Archive,
    strings: Strings,
    styles: Styles,
    limits: Limits,
    /// Where the sheet stands in the zip.
    path: String,
    /// The sheet's name.
    pub(crate) sheet: String,
    /// The other visible sheets.
    pub(crate) others: Vec<String>,
}

/// A sheet as the workbook lists it.
struct Listed {
    name: String,
    relation: String,
    visible: bool,
}

/// What a part refers to.
struct Relation {
    id: String,
    /// The end of its type's address: `worksheet`, `styles`.
    kind: String,
    path: String,
}

impl Workbook {
    /// Opens a workbook at its sheet `wanted`, or else the first that is visible.
    pub(crate) fn open(
        source: Box<dyn Source>,
        wanted: Option<&str>,
        limits: Limits,
    ) -> Result<Self, Error> {
        let mut archive = ZipArchive::new(BufReader::new(source)).map_err(damaged)?;
        if archive.len() > ENTRIES_MAX {
            return Err(too_large("the number of files", &format!("{ENTRIES_MAX} files")));
        }
        let root = relations(&mut archive, "_rels/.rels", "")?;
        let book = root.into_iter().find(|relation| relation.kind == "officeDocument");
        let book = book.map_or_else(|| "xl/workbook.xml".to_owned(), |relation| relation.path);
        let (folder, file) = book.rsplit_once('/').unwrap_or(("", &book));
        let relations = relations(&mut archive, &format!("{folder}/_rels/{file}.rels"), folder)?;
        let (listed, epoch_1904) = contents(&mut archive, &book)?;
        let of = |kind: &str| relations.iter().find(|relation| relation.kind == kind);
        let strings = match of("sharedStrings").and_then(|part| find(&archive, &part.path)) {
            Some(index) => {
                Strings::read(open(&mut archive, index, "the table of texts", limits.texts_bytes)?)?
            }
            None => Strings::default(),
        };
        let styles = match of("styles").and_then(|part| find(&archive, &part.path)) {
            Some(index) => Styles::read(
                open(&mut archive, index, "the list of styles", SMALL_BYTES_MAX)?,
                epoch_1904,
            )?,
            None => Styles::none(epoch_1904),
        };
        let sheets: Vec<(String, String)> = listed
            .into_iter()
            .filter(|sheet| sheet.visible)
            .filter_map(|sheet| {
                let relation = relations.iter().find(|relation| relation.id == sheet.relation)?;
                (relation.kind == "worksheet").then(|| (sheet.name, relation.path.clone()))
            })
            .collect();
        let names = || sheets.iter().map(|(name, _)| name.clone());
        let chosen = match wanted {
            None => sheets.first(),
            Some(wanted) => sheets.iter().find(|(name, _)| name == wanted),
        };
        let (sheet, path) = chosen
            .cloned()
            .ok_or_else(|| Error::NoSheet(names().collect::<Vec<_>>().join(", ")))?;
        let others = names().filter(|name| *name != sheet).collect();
        Ok(Self { archive, strings, styles, limits, path, sheet, others })
    }

    /// The sheet's rows, from the first.
    pub(crate) fn records(&mut self) -> Result<SheetRecords<'_>, Error> {
        let index = find(&self.archive, &self.path)
            .ok_or(Error::Workbook("its sheet is missing: save it again as .xlsx"))?;
        let part = open(&mut self.archive, index, "the sheet", self.limits.sheet_bytes)?;
        Ok(SheetRecords::new(part, &self.strings, &self.styles))
    }
}

pub(crate) use sheet::SheetRecords as Records;
pub(crate) use styles::plain;

/// Where the zip holds `path`; some programs write it in other capitals.
fn find(archive: &Archive, path: &str) -> Option<usize> {
    archive.index_for_name(path).or_else(|| {
        let alike = |name: &[u8]| name.eq_ignore_ascii_case(path.as_bytes());
        archive.file_names_raw().position(alike)
    })
}

fn open<'a>(
    archive: &'a mut Archive,
    index: usize,
    what: &'static str,
    most: u64,
) -> Result<FilePart<'a>, Error> {
    let file = archive.by_index(index).map_err(damaged)?;
    if file.size() > most {
        return Err(too_large(what, &in_words(most)));
    }
    Ok(Part::new(file, what, most))
}

fn in_words(bytes: u64) -> String {
    match bytes >> 20 {
        0 => format!("{bytes} bytes"),
        mib => format!("{mib} MiB"),
    }
}

fn too_large(what: &'static str, most: &str) -> Error {
    Error::TooLarge { what, most: most.to_owned() }
}

fn damaged(error: ZipError) -> Error {
    match error {
        ZipError::Io(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            Error::Io(error)
        }
        ZipError::UnsupportedArchive(_) => Error::Workbook(
            "it is encrypted, or compressed in a way of its own: save it again without a password",
        ),
        _ => Error::Workbook("it is damaged or cut short: save it again, or fetch it again"),
    }
}

/// What the part at `path` refers to, as paths from the zip's root; nothing when it is missing.
fn relations(archive: &mut Archive, path: &str, folder: &str) -> Result<Vec<Relation>, Error> {
    let mut relations = Vec::new();
    let Some(index) = find(archive, path) else { return Ok(relations) };
    let mut part = open(archive, index, "the list of parts", SMALL_BYTES_MAX)?;
    part.each_start(|start| {
        let told = |name| attribute(start, name).unwrap_or_default();
        if start.local_name().as_ref() == "Relationship" && told("TargetMode") != "External" {
            let kind = told("Type").rsplit('/').next().unwrap_or_default().to_owned();
            let path = resolve(folder, &told("Target"));
            relations.push(Relation { id: told("Id"), kind, path });
        }
    })?;
    Ok(relations)
}

/// A path that is told from within `folder`, from the root.
fn resolve(folder: &str, target: &str) -> String {
    let (mut path, target) = match target.strip_prefix('/') {
        Some(absolute) => (Vec::new(), absolute),
        None => (folder.split('/').filter(|name| !name.is_empty()).collect(), target),
    };
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(path.pop()),
            name => path.push(name),
        }
    }
    path.join("/")
}

/// The sheets, and whether days are counted from 1904.
fn contents(archive: &mut Archive, path: &str) -> Result<(Vec<Listed>, bool), Error> {
    let (mut listed, mut epoch_1904) = (Vec::new(), false);
    let index = find(archive, path)
        .ok_or(Error::Workbook("this zip is no .xlsx: save it as .xlsx or as CSV"))?;
    let mut part = open(archive, index, "the list of sheets", SMALL_BYTES_MAX)?;
    part.each_start(|start| {
        let told = |name| attribute(start, name).unwrap_or_default();
        match start.local_name().as_ref() {
            "workbookPr" => epoch_1904 = matches!(told("date1904").as_str(), "1" | "true"),
            "sheet" => listed.push(Listed {
                name: told("name"),
                relation: told("id"),
                visible: !matches!(told("state").as_str(), "hidden" | "veryHidden"),
            }),
            _ => {}
        }
    })?;
    Ok((listed, epoch_1904))
}

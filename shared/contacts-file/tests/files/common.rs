//! What the tests share: files in memory, and what is read from them.

use std::io::{Cursor, Write};

use jiff::Timestamp;
use masa_contacts_file::{ContactsFile, Error, Line, Options, Refused, Row};
use zip::{ZipWriter, write::SimpleFileOptions};

/// The moment of all tests.
pub(crate) fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

/// Options with Israel's phones.
pub(crate) fn israel() -> Options {
    Options { country: Some("IL".to_owned()), ..Options::default() }
}

/// Opens bytes.
pub(crate) fn open(bytes: impl Into<Vec<u8>>, options: Options) -> Result<ContactsFile, Error> {
    ContactsFile::from_reader(Cursor::new(bytes.into()), options)
}

/// All lines of a file.
pub(crate) fn lines(file: &mut ContactsFile) -> Result<Vec<Line>, Error> {
    file.rows(now())?.collect()
}

/// The rows of a file in which none is refused.
pub(crate) fn rows(file: &mut ContactsFile) -> Vec<Row> {
    let row = |line| match line {
        Line::Row(row) => *row,
        Line::Refused(refused) => panic!("line {}: {:?}", refused.line, refused.problems),
    };
    lines(file).unwrap().into_iter().map(row).collect()
}

/// The refused rows of a file.
pub(crate) fn refused(file: &mut ContactsFile) -> Vec<Refused> {
    let refused = |line| match line {
        Line::Row(_) => None,
        Line::Refused(refused) => Some(refused),
    };
    lines(file).unwrap().into_iter().filter_map(refused).collect()
}

/// A workbook of these parts, by their paths.
pub(crate) fn zipped(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in parts {
        zip.start_file(*path, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The parts of a workbook with one sheet, around the rows `rows` and the texts `texts`.
pub(crate) fn workbook(rows: &str, texts: &str) -> Vec<(&'static str, String)> {
    let relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let own = |parts: &str| format!("<Relationships>{parts}</Relationships>");
    vec![
        (
            "_rels/.rels",
            own(&format!(
                r#"<Relationship Id="r1" Type="{relation}/officeDocument" Target="xl/workbook.xml"/>"#
            )),
        ),
        (
            "xl/workbook.xml",
            r#"<workbook><sheets><sheet name="hidden" state="hidden" sheetId="2" r:id="r1"/><sheet name="People" sheetId="1" r:id="r1"/></sheets></workbook>"#.to_owned(),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            own(&format!(
                r#"<Relationship Id="r1" Type="{relation}/worksheet" Target="worksheets/sheet1.xml"/>
                <Relationship Id="r2" Type="{relation}/sharedStrings" Target="/xl/sharedStrings.xml"/>
                <Relationship Id="r3" Type="{relation}/styles" Target="styles.xml"/>
                <Relationship Id="r4" Type="{relation}/externalLink" TargetMode="External" Target="https://example.com/x.xlsx"/>
                <Relationship Id="r5" Type="{relation}/vbaProject" Target="vbaProject.bin"/>"#
            )),
        ),
        ("xl/sharedStrings.xml", format!("<sst>{texts}</sst>")),
        (
            "xl/styles.xml",
            r#"<styleSheet><numFmts><numFmt numFmtId="170" formatCode="dd/mm/yyyy"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/></cellXfs></styleSheet>"#.to_owned(),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!(
                r#"<?xml version="1.0" encoding="UTF-8"?><worksheet><dimension ref="B5:A1"/><sheetData>{rows}</sheetData></worksheet>"#
            ),
        ),
        ("xl/vbaProject.bin", "no program".to_owned()),
    ]
}

/// The bytes of such a workbook.
pub(crate) fn xlsx(rows: &str, texts: &str) -> Vec<u8> {
    let parts = workbook(rows, texts);
    let parts: Vec<(&str, &str)> =
        parts.iter().map(|(path, text)| (*path, text.as_str())).collect();
    zipped(&parts)
}

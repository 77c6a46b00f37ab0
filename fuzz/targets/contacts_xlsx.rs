//! Workbooks of contacts. The first byte makes the choices of the command line; its highest bit says
//! whether the rest is the zip as it stands, or the XML of its parts, each ended by a NUL: so that what
//! is changed in them is read, and not stopped at the zip's checksums.
#![no_main]

use std::io::{Cursor, Write};

use libfuzzer_sys::fuzz_target;
use masa_fuzz::read_contacts;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// The parts of a small workbook. An input has the first of them, and may have more.
const PARTS: [(&str, &str); 6] = [
    (
        "xl/worksheets/sheet1.xml",
        r#"<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>email</v></c></row></sheetData></worksheet>"#,
    ),
    ("xl/sharedStrings.xml", "<sst><si><t>phone</t></si><si><t>a@example.com</t></si></sst>"),
    (
        "xl/styles.xml",
        r#"<styleSheet><numFmts><numFmt numFmtId="170" formatCode="dd/mm/yyyy"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/></cellXfs></styleSheet>"#,
    ),
    (
        "xl/workbook.xml",
        r#"<workbook><sheets><sheet name="People" sheetId="1" r:id="r1"/></sheets></workbook>"#,
    ),
    (
        "xl/_rels/workbook.xml.rels",
        r#"<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="r3" Type="x/styles" Target="styles.xml"/></Relationships>"#,
    ),
    (
        "_rels/.rels",
        r#"<Relationships><Relationship Id="r1" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    ),
];

fuzz_target!(|input: &[u8]| {
    let Some((choices, rest)) = input.split_first() else { return };
    let file = if choices & 128 == 0 { zipped(rest) } else { [b"PK\x03\x04", rest].concat() };
    // A file that can't be read is told of in words.
    let _ = read_contacts(file, *choices).map_err(|error| error.to_string());
});

fn zipped(input: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut told = input.split(|byte| *byte == 0);
    for (path, text) in PARTS {
        zip.start_file(path, stored).expect("a new part");
        let text = told.next().filter(|told| !told.is_empty()).unwrap_or(text.as_bytes());
        zip.write_all(text).expect("memory");
    }
    zip.finish().expect("memory").into_inner()
}

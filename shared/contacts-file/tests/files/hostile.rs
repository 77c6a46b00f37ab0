//! Files that mean harm, or are broken: each is read or refused in words, and none ends the program.

use std::io::{Cursor, Write};

use masa_contacts_file::{ContactsFile, Error, Limits, Options, Row};
use proptest::{collection, prelude::*};
use serde_json::json;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::common::{israel, lines, now, open, refused, rows, workbook, xlsx, zipped};

const ROW: &str = r#"<row r="1"><c r="A1" t="str"><v>email</v></c></row><row r="2"><c r="A2" t="str"><v>a@example.com</v></c></row>"#;

/// Why a file can't be read through.
fn why(bytes: impl Into<Vec<u8>>) -> String {
    let read = open(bytes, Options::default()).and_then(|mut file| lines(&mut file));
    read.map(|lines| lines.len()).unwrap_err().to_string()
}

/// The usable rows of a workbook's sheet.
fn rows_of(sheet: &str) -> Vec<Row> {
    rows(&mut open(xlsx(sheet, ""), Options::default()).unwrap())
}

/// A workbook with one of its parts replaced.
fn with(path: &str, text: &str) -> Vec<u8> {
    let parts = workbook(ROW, "");
    let text = |own: &str, is: &str| if own == path { text.to_owned() } else { is.to_owned() };
    let parts: Vec<(&str, String)> = parts.iter().map(|(own, is)| (*own, text(own, is))).collect();
    let parts: Vec<(&str, &str)> = parts.iter().map(|(own, is)| (*own, is.as_str())).collect();
    zipped(&parts)
}

#[test]
fn texts_that_are_none_are_refused() {
    assert!(why("email\na@exa\0mple.com\n").contains("line 2 holds NUL characters"));
    assert!(why(vec![0; 5_000]).contains("NUL"));
    assert!(why("<html><table><tr><td>email").contains("HTML or XML"));
    assert!(why(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 email".to_vec()).contains("old .xls"));
    assert!(why(b"email\nd\xC3\n\xFF\xFC".to_vec()).contains("can't be read as windows-1255"));
    let broken = ["email,name\na@example.com,דנה\n".as_bytes(), b"b@example.com,\xD7\n"].concat();
    assert!(
        why(broken).contains("line 3 can't be read as UTF-8"),
        "it is not guessed to be another"
    );
    assert!(why(b"\xFF\xFEe\0m\0a\0\x00\xD8".to_vec()).contains("can't be read as UTF-16LE"));
}

#[test]
fn what_is_too_large_is_refused() {
    let columns = |count: usize| format!("email{}\na@example.com\n", ",".repeat(count));
    assert!(why(columns(10_000)).contains("line 1 has more than 1000 columns"));
    assert!(why(format!("email\na@example.com\n{}\n", ",x".repeat(5_000))).contains("line 3"));
    let cell = "x".repeat(10 << 20);
    assert!(why(format!("email,note\na@example.com,{cell}\n")).contains("begins at line 2"));
    let unclosed = format!("email,note\na@example.com,\"{}", "b@example.com,x\n".repeat(100_000));
    assert!(why(unclosed).contains("a quote that is not closed"));
    let cells: String = format!(r#"<row><c r="A1" t="str"><v>{cell}</v></c></row>"#);
    assert!(why(xlsx(&cells, "")).contains("one cell of the workbook takes more than 1 MiB"));
    let many = format!("<row>{}</row>", "<c t=\"str\"><v>x</v></c>".repeat(10_000));
    assert!(why(xlsx(&many, "")).contains("more than 1000 columns"));
    let pieces = "<r><t>0123456789012345678901234567890123456789</t></r>".repeat(40_000);
    let cell = format!(r#"<row r="9"><c t="inlineStr"><is>{pieces}</is></c></row>"#);
    assert!(why(xlsx(&cell, "")).contains("begins at line 9"));
}

#[test]
fn a_large_field_is_told_of_and_the_rest_is_read() {
    let text = format!("email,note\na@example.com,{}\nb@example.com,x\n", "x".repeat(100_000));
    let mut file = open(text, Options::default()).unwrap();
    let refused = refused(&mut file);
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].problems[0].to_string(), "note: send at most 4 KiB");
}

#[test]
fn names_hold_no_headers_and_turn_no_lines() {
    let text = "email,first name,size\na@example.com,\"Da\r\nBcc: x@example.com\u{202e}\",=1+1\n\
                \"b@example.com\r\nBcc: c@example.com\",x,y\n\
                d@exam\u{202e}ple.com,x,y\n";
    let mut file = open(text, Options::default()).unwrap();
    let refused = refused(&mut file);
    assert_eq!(refused.iter().map(|row| row.line).collect::<Vec<_>>(), [4, 6]);
    let mut file =
        open(text.split_inclusive('\n').take(3).collect::<String>(), Options::default()).unwrap();
    let details = &rows(&mut file)[0].details;
    assert_eq!(details.first_name.as_deref(), Some("DaBcc: x@example.com"), "it is one line");
    assert_eq!(details.fields["size"], json!("=1+1"), "nothing is computed");
    let header = "\"e\u{202e}mail\r\n\",\"first\nname\"\na@example.com,x\n";
    let file = open(header, Options::default()).unwrap();
    let headers: Vec<&str> = file.headers().collect();
    assert_eq!(headers, ["email", "firstname"]);
}

#[test]
fn zip_bombs_are_refused() {
    let rows = "<row></row>".repeat(6_000_000);
    let limits = Limits { sheet_bytes: 8 << 20, texts_bytes: 4 << 20 };
    let options = || Options { limits, ..Options::default() };
    let bomb = xlsx(&rows, "");
    assert!(bomb.len() < 1 << 20, "it is small");
    let error = open(bomb.clone(), options()).and_then(|mut file| lines(&mut file)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the sheet of the workbook takes more than 8 MiB: save the one sheet as CSV and import that"
    );
    let texts = open(xlsx(ROW, &format!("<si><t>{rows}</t></si>")), options()).err().unwrap();
    assert!(texts.to_string().contains("the table of texts of the workbook takes more than 4 MiB"));

    // Where the sizes that a zip tells are lies, no more comes out than it told.
    let size = u32::try_from(rows.len() + 300).unwrap();
    let mut liar = bomb;
    let lies = (0..liar.len() - 4).filter(|at| {
        let told = liar[*at..*at + 4].try_into().map(u32::from_le_bytes).unwrap();
        told > size - 300 && told < size + 2_000
    });
    for at in lies.collect::<Vec<_>>() {
        liar[at..at + 4].copy_from_slice(&1_000_u32.to_le_bytes());
    }
    let read = open(liar, options()).and_then(|mut file| lines(&mut file));
    let told = read.unwrap_err().to_string();
    assert!(told.contains("one of its parts is damaged"), "{told}");

    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for file in 0..10_001 {
        zip.start_file(format!("{file}"), SimpleFileOptions::default()).unwrap();
    }
    zip.write_all(b"").unwrap();
    assert!(why(zip.finish().unwrap().into_inner()).contains("10000 files"));
}

#[test]
fn sheets_of_nothing_are_refused_before_they_are_read_for_minutes() {
    let limits = Limits { sheet_bytes: 8 << 20, texts_bytes: 1 << 20 };
    for (rows, says) in [
        (
            format!("{ROW}{}", "<row/>".repeat(1_048_576)),
            "the sheet of the workbook takes more than 1048576 rows",
        ),
        (format!("{ROW}<row>{}</row>", "<c/>".repeat(600_000)), "takes more than 524288 elements"),
        (format!("{ROW}{}", "<x/>".repeat(600_000)), "takes more than 524288 elements"),
    ] {
        let limits = if says.contains("1048576") { Limits::default() } else { limits };
        let options = Options { limits, ..Options::default() };
        let told = open(xlsx(&rows, ""), options).err().unwrap().to_string();
        assert!(told.contains(says), "{told}");
    }
    // As many rows as a sheet has are read.
    let rows = format!("{ROW}{}", "<row/>".repeat(1_048_574));
    assert_eq!(rows_of(&rows).len(), 1);
}

#[test]
fn entities_are_not_expanded() {
    let laughs = r#"<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>"#;
    let sheet = format!("{laughs}<worksheet><sheetData>{ROW}</sheetData></worksheet>");
    assert!(why(with("xl/worksheets/sheet1.xml", &sheet)).contains("document type"));
    assert!(
        why(with("xl/sharedStrings.xml", &format!("{laughs}<sst><si><t>&b;</t></si></sst>")))
            .contains("document type")
    );
    assert!(why(xlsx(&ROW.replace("email", "&b;"), "")).contains("damaged"));
    let fine = xlsx(&ROW.replace("a@", "a&amp;b&#x40;"), "");
    let mut file = open(fine, Options::default()).unwrap();
    assert_eq!(rows(&mut file)[0].details.email.as_deref(), Some("a&b@example.com"));
}

#[test]
fn workbooks_that_lie_are_refused() {
    for (path, text, says) in [
        ("xl/workbook.xml", "<workbook/>", "no such sheet"),
        ("xl/workbook.xml", "", "no such sheet"),
        ("xl/_rels/workbook.xml.rels", "<Relationships/>", "no such sheet"),
        ("xl/worksheets/sheet1.xml", "<worksheet><sheetData><row>", "cut short"),
        ("xl/worksheets/sheet1.xml", "no xml", "cut short"),
        ("xl/worksheets/sheet1.xml", "<a></b>", "damaged"),
        (
            "xl/worksheets/sheet1.xml",
            "<sheetData><row><c t=\"s\"><v>7</v></c></row></sheetData>",
            "a text that isn't there",
        ),
        (
            "xl/worksheets/sheet1.xml",
            "<sheetData><row><c t=\"s\"><v>99999999999999999999</v></c></row></sheetData>",
            "a text that isn't there",
        ),
        ("xl/worksheets/sheet1.xml", "<sheetData></sheetData>", "holds no rows"),
        ("xl/sharedStrings.xml", "<sst uniqueCount=\"18446744073709551615\"><si>", "cut short"),
        (
            "_rels/.rels",
            "<Relationships><Relationship Type=\"x/officeDocument\" Target=\"../../../etc/passwd\"/></Relationships>",
            "no .xlsx",
        ),
    ] {
        let told = why(with(path, text));
        assert!(told.contains(says), "{path} {text}: {told}");
    }
    let far = r#"<row r="1"><c r="A1" t="str"><v>email</v></c></row><row r="4294967295"><c r="A1" t="str"><v>a@example.com</v></c><c r="ZZZZZZZZZZZZZZZZZZZZ9"/><c r="1" s="99999999999" t="n"><v>1e400</v></c></row>"#;
    assert_eq!(rows_of(far)[0].line, 4_294_967_295);
    let none = ROW.replace("r=\"2\"", "r=\"0\"");
    assert_eq!(rows_of(&none)[0].line, 2, "rows are counted from 1");
    assert!(why(zipped(&[("word/document.xml", "<w/>")])).contains("no .xlsx"));
    let error = ContactsFile::open("/nowhere/contacts.xlsx", Options::default()).err().unwrap();
    assert!(matches!(error, Error::Io(_)));
}

#[test]
fn a_file_that_is_cut_short_is_read_or_refused_at_any_byte() {
    let workbook = xlsx(ROW, "<si><t>x</t></si>");
    for end in 4..workbook.len() {
        let cut = workbook[..end].to_vec();
        let read = open(cut, Options::default()).and_then(|mut file| lines(&mut file));
        assert!(read.is_err(), "a workbook of {end} bytes is none");
    }
    let text = "\u{feff}אימייל;\"שם\"\r\na@example.com;\"דנה\"\r\n".as_bytes();
    for end in 0..text.len() {
        let read = open(&text[..end], Options::default()).and_then(|mut file| lines(&mut file));
        assert!(read.map_or(true, |lines| lines.len() < 2), "no row is made up");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in collection::vec(any::<u8>(), 0..400)) {
        let _ = open(bytes.clone(), israel()).and_then(|mut file| file.summary(now()));
        let zip = [&b"PK\x03\x04"[..], &bytes].concat();
        prop_assert!(open(zip, israel()).is_err());
        let header = [&b"email;phone;name;birthday;consent;lists;consent date\n"[..], &bytes].concat();
        let _ = open(header, israel()).and_then(|mut file| file.summary(now()));
    }

    #[test]
    fn any_text_is_read_or_refused(text in r#"([א-ת",;\t\n'=@.+/0-9a-z]{0,20}\n?){0,20}"#) {
        let named = format!("email,phone,name,birthday:date,consent,lists,consent date\n{text}");
        for text in [text, named] {
            let options = israel();
            let _ = open(text, options).and_then(|mut file| file.summary(now()));
        }
    }

    #[test]
    fn a_workbook_with_any_bytes_changed_is_read_or_refused(
        changes in collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = xlsx(ROW, "<si><t>x</t></si>");
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = open(bytes, israel()).and_then(|mut file| file.summary(now()));
    }

    #[test]
    fn a_sheet_of_any_elements_is_read_or_refused(
        elements in collection::vec(prop::sample::select(vec![
            "<row>", "</row>", "<row r=\"7\">", "<c>", "<c r=\"B2\" t=\"s\">", "<c t=\"b\">", "<c s=\"1\">",
            "</c>", "<v>", "</v>", "0", "1e9", "-1", "a@example.com", "<is>", "<t>", "</t>", "</is>",
            "<rPh>", "</rPh>", "&amp;", "&#0;", "&#x110000;", "<![CDATA[x]]>", "<!-- x -->", "<?x?>", "_x0000_",
        ]), 0..40),
    ) {
        let mut file = open(xlsx(&elements.concat(), "<si><t>x</t></si>"), israel());
        if let Ok(file) = &mut file {
            let _ = file.summary(now());
        }
    }
}

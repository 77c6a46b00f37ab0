//! What files say, whatever wrote them.

use crate::common::{israel, lines, now, open, refused, rows, xlsx, zipped};
use encoding_rs::WINDOWS_1255;
use masa_contacts_file::{About, DateOrder, Error, Line, Options, Rejects, Rules, Summary, Target};
use masa_domain::{Channel, ConsentGiven};
use serde_json::json;

const HEBREW: &str = "אימייל;שם;טלפון נייד;תאריך לידה;אישור דיוור;רשימות\n\
    Dana@Example.com;דנה לוי כהן;050-555-0123;2.3.1985;כן;VIP קיץ, חורף\n\
    ;רון;505550124;3.4.1990;לא;\n";

#[test]
fn a_hebrew_file_is_understood() {
    let mut file = open(HEBREW, israel()).unwrap();
    let about = About::Csv { encoding: "UTF-8", delimiter: ';' };
    assert_eq!(file.about(), about);
    let rows = rows(&mut file);
    let dana = &rows[0].details;
    assert_eq!(dana.email.as_deref(), Some("dana@example.com"));
    assert_eq!(dana.phone.as_deref(), Some("+972505550123"));
    assert_eq!(dana.first_name.as_deref(), Some("דנה"));
    assert_eq!(dana.last_name.as_deref(), Some("לוי כהן"));
    assert_eq!(dana.lists, ["VIP-קיץ", "חורף"]);
    assert_eq!(dana.fields["birthday"], json!("1985-03-02"));
    assert_eq!(dana.consent.as_ref().and_then(|consent| consent.email), Some(true));
    let ron = &rows[1].details;
    assert_eq!(ron.phone.as_deref(), Some("+972505550124"), "the zero that Excel took is back");
    assert_eq!(ron.last_name, None);
    assert_eq!(ron.consent.as_ref().and_then(|consent| consent.email), Some(false));
    assert_eq!((rows[0].line, rows[1].line), (2, 3));
}

#[test]
fn encodings_are_found_out_even_late() {
    let late = format!("email,name\n{}z@example.com,דנה\n", "a@example.com,\n".repeat(100_000));
    let utf16 = |text: &str, mark: &[u8], bytes: fn(u16) -> [u8; 2]| {
        let mut file = mark.to_vec();
        file.extend(text.encode_utf16().flat_map(bytes));
        file
    };
    for (bytes, encoding) in [
        (late.clone().into_bytes(), "UTF-8"),
        (format!("\u{feff}{late}").into_bytes(), "UTF-8"),
        (WINDOWS_1255.encode(&late).0.into_owned(), "windows-1255"),
        (utf16(&late, b"\xFF\xFE", u16::to_le_bytes), "UTF-16LE"),
        (utf16(&late, b"\xFE\xFF", u16::to_be_bytes), "UTF-16BE"),
        (utf16(&late, b"", u16::to_le_bytes), "UTF-16LE"),
    ] {
        let mut file = open(bytes, Options::default()).unwrap();
        assert_eq!(file.about(), About::Csv { encoding, delimiter: ',' });
        assert_eq!(file.mapping().columns()[0].header, "email");
        let last = file.rows(now()).unwrap().last().unwrap().unwrap();
        let Line::Row(row) = last else { panic!("the last row is a contact") };
        assert_eq!(row.details.first_name.as_deref(), Some("דנה"), "{encoding}");
        assert_eq!(row.line, 100_002);
    }
}

#[test]
fn an_encoding_that_fits_nothing_names_its_line() {
    let bytes = b"email,name\na@example.com,x\nb@example.com,\xD9\n".to_vec();
    let error = open(bytes.clone(), Options::default()).err().unwrap();
    assert!(matches!(error, Error::Encoding { line: 3, encoding: "windows-1255" }), "{error}");
    let told = |name: &str| Options { encoding: Some(name.to_owned()), ..Options::default() };
    let mut file = open(bytes, told("windows-1252")).unwrap();
    assert_eq!(rows(&mut file)[1].details.first_name.as_deref(), Some("Ù"));
    assert!(matches!(open("email\n", told("klingon")), Err(Error::UnknownEncoding)));
    let country = Options { country: Some("Israel".to_owned()), ..Options::default() };
    assert!(matches!(open("email\n", country), Err(Error::Country(_))));
}

#[test]
fn delimiters_are_found_out() {
    for (text, delimiter) in [
        ("email,name\na@example.com,x\n", ','),
        ("email;name, first\na@example.com;x\n", ';'),
        ("email\tname\r\na@example.com\tx, y\r\n", '\t'),
        ("sep=;\r\nemail;name\r\na@example.com;x\r\n", ';'),
        ("sep=|\nemail|name\na@example.com|x,y\n", '|'),
        ("email\na@example.com\n", ','),
        ("\"email\",\"a;b;c\"\na@example.com,x\n", ','),
    ] {
        let mut file = open(text, Options::default()).unwrap();
        assert!(matches!(file.about(), About::Csv { delimiter: found, .. } if found == delimiter));
        assert_eq!(file.mapping().columns()[0].target, Target::Email, "{text}");
        assert_eq!(rows(&mut file).len(), 1, "{text}");
    }
}

#[test]
fn quotes_newlines_empty_and_ragged_rows() {
    let text = "email,first name,note\n\n\"a@example.com\",\"Da\"\"na\",\"two\nlines, all\"\n,,\n\
                b@example.com\nc@example.com,x,y,z\nd@example.com,x,y,,\n";
    let mut file = open(text, Options::default()).unwrap();
    let lines = lines(&mut file).unwrap();
    let Line::Row(first) = &lines[0] else { panic!("the first is a contact") };
    assert_eq!(first.details.first_name.as_deref(), Some("Da\"na"));
    assert_eq!(first.details.fields["note"], json!("two\nlines, all"));
    let Line::Row(short) = &lines[1] else { panic!("the second is a contact") };
    assert_eq!((short.line, short.short, first.short), (6, true, false));
    let Line::Refused(long) = &lines[2] else { panic!("the third has too many cells") };
    assert_eq!(long.line, 7);
    assert!(long.problems[0].problem.contains("it has 4 cells and the header 3"));
    assert!(matches!(&lines[3], Line::Row(_)), "empty cells at the end are nothing");
    assert_eq!(lines.len(), 4);
}

#[test]
fn headers_that_are_missing_or_repeated_are_told_of() {
    for text in [
        "dana@example.com,Dana\n",
        "Dana,050-555-0123\n",
        "Dana,+972505550123\n",
        "Dana,972505550123\n",
        "Dana,505550123.0\n",
        "Dana,50 555-0123\n",
    ] {
        let error = open(text, Options::default()).err().unwrap();
        assert!(matches!(error, Error::NoHeader { line: 1 }), "{text}");
        assert!(!error.to_string().contains("555") && !error.to_string().contains("dana@"));
    }
    for text in ["email,2026-01-31\n", "email,20260131\n", "email,2025/2026 (12345)\n"] {
        assert!(open(text, Options::default()).is_ok(), "{text}");
    }
    for text in ["", "\n\n", ",,\n"] {
        assert!(matches!(open(text, Options::default()), Err(Error::Empty)), "{text:?}");
    }
    let mut file = open("email,Size,Size\na@example.com,1,2\n", Options::default()).unwrap();
    assert!(file.mapping().columns()[2].note.contains("twice"));
    assert!(file.map("Size=field:other").unwrap_err().to_string().contains("number"));
    file.map("#3=field:other").unwrap();
    assert_eq!(
        rows(&mut file)[0].details.fields,
        [("Size".to_owned(), json!(1)), ("other".to_owned(), json!(2)),].into()
    );
}

#[test]
fn exports_of_other_programs_are_mapped() {
    for (headers, targets) in [
        (
            "First Name,Last Name,Email,Accepts Email Marketing,Default Address Country Code,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Tags",
            "first_name last_name email consent_email country phone - consent_sms field:Total-Spent field:Tags",
        ),
        (
            "Email Address,First Name,Last Name,Phone Number,Birthday,MEMBER_RATING,OPTIN_TIME,LEID,TAGS",
            "email first_name last_name phone field:birthday:date - consent_at - field:TAGS",
        ),
        (
            "Email,Klaviyo ID,First Name,Last Name,Phone Number,Country,Email Marketing Consent,Email Marketing Consent Timestamp,SMS Marketing Consent",
            "email - first_name last_name phone country consent_email consent_email_at consent_sms",
        ),
        (
            "דוא\"ל,שם פרטי,שם משפחה,סלולרי,שפה,מדינה,יום הולדת,רשימות,אישור דיוור,אישור SMS,תאריך אישור,צבע",
            "email first_name last_name phone language country field:birthday:date lists consent_email consent_sms consent_at -",
        ),
    ] {
        let file = open(format!("{headers}\n"), Options::default()).unwrap();
        let columns = file.mapping().columns().iter();
        let found: Vec<String> = columns.map(|column| column.target.to_string()).collect();
        assert_eq!(found.join(" "), targets);
    }
}

#[test]
fn columns_are_known_by_what_stands_in_them() {
    let text = "Kontakt,Nummer,Land,Day\na@example.com,+972505550123,x,2020-01-02\n";
    let file = open(text, Options::default()).unwrap();
    let printed = file.mapping().to_string();
    for line in [
        "#1 Kontakt = email (by what stands in it)",
        "#2 Nummer = phone",
        "#4 Day = field:Day:date",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
    let file = open("email,country\na@example.com,Atlantis\n", Options::default()).unwrap();
    assert_eq!(file.mapping().columns()[1].target, Target::Leave, "no row is refused for it");
}

#[test]
fn the_mapping_can_be_overruled() {
    let mut file =
        open("email,alt,Size=x\na@example.com,b@example.com,42\n", Options::default()).unwrap();
    file.map("ALT=email").unwrap();
    file.map("Size=x=field:size:text").unwrap();
    let row = &rows(&mut file)[0];
    assert_eq!(row.details.email.as_deref(), Some("b@example.com"));
    assert_eq!(row.details.fields["size"], json!("42"));
    for (order, says) in [
        ("email=email", "can't both be email"),
        ("nothing=email", "no such column"),
        ("email", "say one of"),
        ("email=field:email", "without field:"),
        ("email=field:מידה", "ASCII letters"),
        ("email=field:size:number", ":text or :date"),
        ("#9=-", "no such column"),
        ("#0=-", "no such column"),
    ] {
        let error = file.map(order).unwrap_err().to_string();
        assert!(error.contains(says), "{order}: {error}");
    }
}

#[test]
fn what_is_wrong_is_told_without_whose_it_is() {
    let text = "email,phone,consent,consent date,country,lists\n\
        dana@@example.com,12345,perhaps,1.1.2090,Israel,a!b\n\
        ,9.72506E+11,,,IL,\n,,yes,,IL,\n";
    let mut file = open(text, israel()).unwrap();
    let refused = refused(&mut file);
    let told: Vec<String> =
        refused.iter().flat_map(|row| &row.problems).map(ToString::to_string).collect();
    assert_eq!(told.len(), 7, "{told:?}");
    for says in [
        "email: an e-mail address has exactly one @",
        "phone: this is no phone of the default country",
        "consent: write yes, no or nothing",
        "consent date: this lies in the future",
        "lists: a name has 1 to 60",
        "phone: a spreadsheet rounded",
        "neither an e-mail address nor a phone",
    ] {
        assert!(told.iter().any(|told| told.contains(says)), "{says}: {told:?}");
    }
    let all = told.join(" ");
    assert!(!["dana", "12345", "perhaps", "a!b"].iter().any(|text| all.contains(text)), "{all}");

    let mut rejects = Vec::new();
    let mut file = open("email,note\nx,=1+1\n", Options::default()).unwrap();
    file.map("email=email").unwrap();
    let mut csv = Rejects::new(&mut rejects, file.headers()).unwrap();
    for row in crate::common::refused(&mut file) {
        csv.write(&row).unwrap();
    }
    csv.finish().unwrap();
    let rejects = String::from_utf8(rejects).unwrap();
    assert_eq!(
        rejects,
        "\u{feff}masa:line,masa:reason,email,note\n\
         2,\"email: send an e-mail address, such as dana@example.com\",x,'=1+1\n"
    );
    let mut again = open(rejects.replace(",x,", ",x@example.com,"), Options::default()).unwrap();
    let row = &rows(&mut again)[0];
    assert_eq!(row.details.fields, [("note".to_owned(), json!("=1+1"))].into(), "it is mended");
}

#[test]
fn a_summary_counts() {
    let text = "email,phone\nd.ana@gmail.com,\nDana+x@gmail.com,\nd.ana@gmail.com,050-555-0123\n\
                ,050-555-0123\n,+972505550123\nb@example.com\nx,\n";
    let mut summary = open(text, israel()).unwrap().summary(now()).unwrap();
    assert_eq!((summary.rows, summary.usable, summary.refused), (7, 6, 1));
    assert_eq!(summary.repeated.lines, [4, 6], "by address, and without one by phone");
    assert_eq!(summary.short.lines, [7]);
    let (problem, examples) = summary.reasons.pop_first().unwrap();
    assert_eq!((problem.column.as_str(), examples.lines.as_slice()), ("email", &[8][..]));
    let printed = Summary { reasons: [(problem, examples)].into(), ..summary }.to_string();
    assert!(printed.contains("7 rows: 6 usable, 1 refused"), "{printed}");
    assert!(printed.contains("refused: email: send an e-mail address"), "{printed}");
    assert!(printed.contains("1 (line 8)"), "{printed}");

    let options = Options { rules: Rules::Providers, ..israel() };
    let mut file = open(text, options).unwrap();
    let summary = file.summary(now()).unwrap();
    assert_eq!(summary.repeated.lines, [3, 4, 6], "spellings of one mailbox are one person");
}

#[test]
fn dates_ask_when_they_can_be_read_in_two_ways() {
    let text = "email,birthday\na@example.com,02/03/1985\n";
    let mut file = open(text, Options::default()).unwrap();
    let Err(error) = file.rows(now()) else { panic!("it asks") };
    assert!(error.to_string().starts_with("birthday: its dates"), "{error}");
    for (order, day) in [(DateOrder::DayFirst, "1985-03-02"), (DateOrder::MonthFirst, "1985-02-03")]
    {
        let options = Options { dates: Some(order), ..Options::default() };
        let mut file = open(text, options).unwrap();
        assert_eq!(rows(&mut file)[0].details.fields["birthday"], json!(day));
    }
    let told = format!("{text}b@example.com,03/13/1985\n");
    let mut file = open(told, Options::default()).unwrap();
    assert_eq!(rows(&mut file)[0].details.fields["birthday"], json!("1985-02-03"));
    let mut file = open(text, Options::default()).unwrap();
    file.map("birthday=-").unwrap();
    assert_eq!(rows(&mut file).len(), 1, "what is left out asks nothing");
}

#[test]
fn consents_have_their_own_times() {
    let text = "email,phone,consent_email,consent_email_at,consent_sms,consent_sms_at\n\
        a@example.com,050-555-0123,yes,2024-01-02,no,2024-02-03T10:00:00Z\n\
        b@example.com,050-555-0124,yes,2024-01-02,yes,2024-01-02\n";
    let mut file = open(text, israel()).unwrap();
    let rows = rows(&mut file);
    let at = |text: &str| Some(text.parse().unwrap());
    let given = |email, sms, time| {
        Some(ConsentGiven { email, sms, at: at(time), ..ConsentGiven::default() })
    };
    assert_eq!(rows[0].details.consent, given(Some(true), None, "2024-01-02T00:00:00Z"));
    assert_eq!(rows[0].also, given(None, Some(false), "2024-02-03T10:00:00Z"));
    assert_eq!(rows[1].details.consent, given(Some(true), Some(true), "2024-01-02T00:00:00Z"));
    assert_eq!(rows[1].also, None);
    assert_eq!(file.mapping().columns()[5].target, Target::ConsentSince(Channel::Sms));
}

#[test]
fn a_workbook_is_read_as_it_shows() {
    let rows_of = r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>phone</t></is></c><c r="C1" t="s"><v>1</v></c><c t="str"><f>1+1</f><v>note</v></c><c r="E1" t="inlineStr"><is><t>vip</t></is></c></row>
        <row r="3"><c r="A3" t="inlineStr"><is><r><t>a@exam</t></r><r><t>ple.com</t></r></is></c><c r="B3"><v>5.05550123E8</v></c><c r="C3" s="1"><v>31108</v></c><c r="D3" t="e"><v>#N/A</v></c><c r="E3" t="b"><v>1</v></c><c r="XFD3" s="1"/></row>
        <row r="7"><c r="A7" t="str"><v>b@example.com</v></c><c r="C7" s="2"><v>33000</v></c></row>"#;
    let texts = "<si><t>email</t></si><si><r><t>Birth</t></r><r><t xml:space=\"preserve\">day</t></r><rPh><t>x</t></rPh></si>";
    let mut file = open(xlsx(rows_of, texts), israel()).unwrap();
    let about = About::Xlsx { sheet: "People".to_owned(), others: Vec::new() };
    assert_eq!(file.about(), about);
    let rows = rows(&mut file);
    assert_eq!((rows[0].line, rows[1].line), (3, 7));
    let first = &rows[0].details;
    assert_eq!(first.email.as_deref(), Some("a@example.com"));
    assert_eq!(first.phone.as_deref(), Some("+972505550123"));
    let fields = [("birthday".to_owned(), json!("1985-03-02")), ("vip".to_owned(), json!(true))];
    assert_eq!(first.fields, fields.into(), "an error is an empty cell");
    assert_eq!(rows[1].details.fields["birthday"], json!("1990-05-07"));
    let other = Options { sheet: Some("hidden".to_owned()), ..Options::default() };
    let error = open(xlsx(rows_of, texts), other).err().unwrap();
    assert_eq!(error.to_string(), "the workbook has no such sheet: it has People");
    let empty = zipped(&[]);
    assert!(matches!(open(empty, Options::default()), Err(Error::Workbook(_))));
}

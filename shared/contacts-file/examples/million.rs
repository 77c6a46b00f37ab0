//! Reads a million generated contacts, as CSV and as XLSX, and prints how much memory that took.
//!
//! `cargo run -p masa-contacts-file --example million`; it writes to a temporary folder, and takes the
//! peak (`VmHWM`) from Linux. With the path of a file, it reads that.

use std::{
    error::Error,
    fs::{self, File},
    io::BufWriter,
};

use masa_contacts_file::{ContactsFile, Export, Exported, Fields, Kind, Options};
use masa_domain::Profile;

const CONTACTS: u32 = 1_000_000;

fn contact(number: u32) -> Exported {
    let profile = Profile {
        email: Some(format!("contact{number}@example.com")),
        phone: Some(format!("+97250555{:04}", number % 10_000)),
        first_name: Some("דנה".to_owned()),
        last_name: Some(format!("לוי {number}")),
        language: Some("he".to_owned()),
        country: Some("IL".to_owned()),
        ..Profile::default()
    };
    let fields = [("size".to_owned(), number.into())].into();
    Exported { profile, fields, ..Exported::default() }
}

fn main() -> Result<(), Box<dyn Error>> {
    let now = "2026-06-01T12:00:00Z".parse()?;
    if let Some(path) = std::env::args_os().nth(1) {
        let mut file = ContactsFile::open(path, Options::default())?;
        println!("{}\n{}", file.about(), file.mapping());
        println!("{}{}", file.summary(now)?, peak()?);
        return Ok(());
    }
    for (name, kind) in [("csv", Kind::Csv), ("xlsx", Kind::Xlsx)] {
        let path = std::env::temp_dir().join(format!("masa-million.{name}"));
        let mut fields = Fields::default();
        fields.add(&contact(0));
        let mut export = Export::new(kind, BufWriter::new(File::create(&path)?), fields)?;
        for number in 0..CONTACTS {
            export.write(&contact(number))?;
        }
        export.finish()?;
        println!("{name}: written, {}", peak()?);
        let summary = ContactsFile::open(&path, Options::default())?.summary(now)?;
        println!(
            "{name}: {} bytes, {} usable, {}",
            fs::metadata(&path)?.len(),
            summary.usable,
            peak()?
        );
        fs::remove_file(path)?;
    }
    Ok(())
}

/// The most memory that was taken so far.
fn peak() -> Result<String, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: unknown");
    Ok(peak.to_owned())
}

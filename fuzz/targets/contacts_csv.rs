//! CSV files of contacts: the first byte makes the choices of the command line, the rest is the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use masa_fuzz::read_contacts;

fuzz_target!(|input: &[u8]| {
    if let Some((choices, file)) = input.split_first() {
        // A file that can't be read is told of in words.
        let _ = read_contacts(file.to_vec(), *choices).map_err(|error| error.to_string());
    }
});

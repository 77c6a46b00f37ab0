//! Signed links: a token opens to what was put in, and nothing else opens.
#![no_main]

use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use masa_domain::{
    Channel, ContactId, Id, MessageId, RunId,
    link::{Link, LinkKeys, Purpose},
};

const PURPOSES: [Purpose; 4] =
    [Purpose::Open, Purpose::Click, Purpose::Unsubscribe, Purpose::Answer];

#[derive(Debug, Arbitrary)]
struct Minted<'a> {
    kind: u8,
    ids: [[u8; 16]; 2],
    generation: u32,
    /// Key and address of a link, or question and answer.
    texts: [&'a str; 2],
    language: &'a str,
    /// Which character of the token is changed, and into which.
    change: (u16, u8),
    /// What somebody may send instead.
    guess: &'a str,
}

fuzz_target!(|minted: Minted<'_>| {
    // Of a key that signs nothing here: the fuzzer remembers what it sees compared, tokens too.
    let other = LinkKeys::new("a-secret-that-signs-nothing-here").expect("a key");
    for purpose in PURPOSES {
        assert_eq!(other.verify(purpose, minted.guess), None, "nobody guesses a token");
    }
    let keys = LinkKeys::new("a-new-secret-of-the-shop, an-old-secret-of-the-shop").expect("keys");
    let (purpose, link) = link(&minted);
    let token = keys.sign(&link);
    let opened = keys.verify(purpose, &token);
    if token.len() > 4_096 {
        assert_eq!(opened, None, "longer than any link");
        return;
    }
    assert_eq!(opened, Some(link), "it opens to what was put in");
    for other in PURPOSES.into_iter().filter(|other| *other != purpose) {
        assert_eq!(keys.verify(other, &token), None, "one purpose each");
    }
    let (at, with) = minted.change;
    let mut changed = token.clone().into_bytes();
    let length = changed.len();
    changed[usize::from(at) % length] = with % 128;
    let changed = String::from_utf8(changed).expect("ASCII");
    assert!(changed == token || keys.verify(purpose, &changed).is_none(), "{token} and {changed}");
    let cut = &token[..usize::from(at) % length];
    assert_eq!(keys.verify(purpose, cut), None, "cut to {}", cut.len());
});

/// A link as the composer of mails makes one: names hold no NUL, and none is longer than 255 bytes.
fn link(minted: &Minted<'_>) -> (Purpose, Link) {
    let [contact, run] = minted.ids.map(Id::from_bytes);
    let contact = ContactId(contact);
    let message = MessageId { run: RunId(run), generation: minted.generation };
    let [first, second] = minted.texts.map(|text| text.replace('\0', ""));
    let language = minted.language.replace('\0', "");
    match minted.kind % 4 {
        0 => (Purpose::Open, Link::Open { contact, message }),
        1 => {
            let key = first[..first.floor_char_boundary(255)].to_owned();
            (Purpose::Click, Link::Click { contact, message, key, url: second })
        }
        2 => {
            let answer = Some(second).filter(|answer| !answer.is_empty());
            (Purpose::Answer, Link::Answer { contact, message, question: first, answer, language })
        }
        _ => {
            let channel = if first.is_empty() { Channel::Email } else { Channel::Sms };
            (Purpose::Unsubscribe, Link::Unsubscribe { contact, channel, language })
        }
    }
}

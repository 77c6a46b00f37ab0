//! Who goes first, by how many there is room for; and what the story tells of it.

use jiff::SignedDuration;
use masa_domain::{Flow, Windows};

use crate::{
    pace::{at_eleven, cap, capped, mails, sent},
    steps::notes,
    world::event,
};

/// A flow whose message is held until eleven, and goes before others.
fn high() -> Flow {
    Flow { windows: at_eleven(), priority: 8, ..mails("high") }
}

/// Goal: D3, a message steps back when those that go first take all the room that the cap has left, and
/// no sooner; what was sent so long ago that it counts no more takes none.
#[test]
fn d3_a_message_steps_back_when_others_take_all_the_room() {
    for (times, ago, held, yields) in [
        (1, None, 0, false),
        (1, None, 1, true),
        (2, None, 1, false),
        (2, None, 2, true),
        (2, Some(23), 1, true),
        (3, Some(23), 1, false),
        (3, Some(23), 2, true),
        (2, Some(24), 1, false),
        (2, Some(25), 1, false),
    ] {
        let mut world = capped(&[cap(None, times, "1d")], [mails("before"), high(), mails("low")]);
        let now = world.now;
        if let Some(ago) = ago {
            world.now -= SignedDuration::from_hours(ago);
            world.tell(event("before"));
            sent(&mut world);
            world.now = now;
        }
        (0..held).for_each(|_| world.tell(event("high")));
        world.tell(event("low"));
        let case = format!("{held} held, one sent {ago:?} hours ago, of {times}");
        assert_eq!(world.sends.is_empty(), yields, "{case}");
    }
}

/// Goal: D1, D2 and D3, the story tells why a message is held: by the caps, by the windows, or by a
/// journey that goes first.
#[test]
fn d1_d2_d3_the_story_tells_why_a_message_is_held() {
    for (before, windows, why) in [
        (None, at_eleven(), "held until messages may go"),
        (Some("sent"), Windows::default(), "held: the contact has got enough for now"),
        (Some("sent"), at_eleven(), "held: the contact has got enough for now"),
        (Some("high"), Windows::default(), "held: a more important message goes first"),
        (Some("high"), at_eleven(), "held until messages may go"),
    ] {
        let it = Flow { windows, ..mails("it") };
        let mut world = capped(&[cap(None, 1, "1d")], [mails("sent"), high(), it]);
        before.into_iter().for_each(|name| world.tell(event(name)));
        sent(&mut world);
        world.tell(event("it"));
        assert_eq!(notes(world.run("it")), [why], "after {before:?}");
    }
}

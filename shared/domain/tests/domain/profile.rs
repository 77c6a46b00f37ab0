//! Who may say what about a person.

use masa_domain::{ContactDetails, Happening, Stimulus};

use crate::world::{World, event};

fn named(world: &mut World, what: Happening, name: Option<&str>) {
    let details = ContactDetails { first_name: name.map(str::to_owned), ..Default::default() };
    let fact = world.fact(what, details);
    world.act(&Stimulus::Fact(Box::new(fact)));
}

/// Goal: anybody may fill in a form with anybody's address: it adds what is not known, and changes
/// nothing that is. What the store tells is taken over; what it leaves out stays.
#[test]
fn a_public_form_changes_nothing_that_is_known() {
    let form = || Happening::Signup { form: Some("spring".to_owned()) };
    let hook = || Happening::Signup { form: None };
    for (known, what, told, expected) in [
        (None, form(), Some("Noa"), Some("Noa")),
        (Some("Noa"), form(), Some("Mallory"), Some("Noa")),
        (Some("Noa"), form(), None, Some("Noa")),
        (None, hook(), Some("Noa"), Some("Noa")),
        (Some("Noa"), hook(), Some("Noa-Li"), Some("Noa-Li")),
        (Some("Noa"), hook(), None, Some("Noa")),
        (Some("Noa"), event("visit"), Some("Noa-Li"), Some("Noa-Li")),
    ] {
        let mut world = World::new([]);
        world.contact.profile.first_name = known.map(str::to_owned);
        let asked = format!("{what:?} of {told:?}, when {known:?} is known");
        named(&mut world, what, told);
        assert_eq!(world.contact.profile.first_name.as_deref(), expected, "{asked}");
    }
}

//! Who the person is, as senders tell it: late, and in any order.

use crate::{
    contact::Contact,
    fact::{Fact, Happening},
    person::Also,
};

impl Contact {
    /// Takes over what `fact` tells of the person. Of two tellings with a time the younger stands, of
    /// the same moment the one that came later.
    pub(crate) fn apply_profile(&mut self, fact: &Fact) {
        let (told, profile) = (&fact.details, &mut self.profile);
        // Anybody may fill in a form with anybody's address: it adds what is not known, and changes
        // nothing that is.
        let public = matches!(fact.what, Happening::Signup { form: Some(_) });
        // Who has two addresses is told of by either; which one they have now, their account says.
        let of_account = told.also.iter().any(|also| matches!(also, Also::Account(_)));
        let (told_at, received_at) = (fact.told_at(), fact.received_at);
        for (name, to, from) in [
            ("email", &mut profile.email, &told.email),
            ("phone", &mut profile.phone, &told.phone),
            ("first_name", &mut profile.first_name, &told.first_name),
            ("last_name", &mut profile.last_name, &told.last_name),
            ("language", &mut profile.language, &told.language),
            ("timezone", &mut profile.timezone, &told.timezone),
            ("country", &mut profile.country, &told.country),
        ] {
            let known_at = self.told_at.get(name).copied();
            let fixed = public || (name == "email" && !of_account);
            let stands = (fixed && to.is_some()) || known_at > Some(told_at);
            if from.is_none() || stands {
                continue;
            }
            to.clone_from(from);
            // Most senders tell what is so as they send it, which needs no remembering.
            if told_at < received_at || known_at.is_some() {
                self.told_at.insert(name.to_owned(), told_at);
            }
        }
    }
}

//! Which spellings of an address reach one mailbox, as its provider says.

/// A provider's rule. To all of them a `+` and what follows it name the same mailbox.
struct Provider {
    /// Its domains; the first is the one that the others mean.
    domains: &'static [&'static str],
    /// Whether dots before the @ mean nothing.
    dots: bool,
}

/// What is known of providers; what stands nowhere is no rule.
const PROVIDERS: [Provider; 2] = [
    // "Dots don't matter in Gmail addresses": https://support.google.com/mail/answer/7436150
    Provider { domains: &["gmail.com", "googlemail.com"], dots: true },
    Provider { domains: &["outlook.com"], dots: false },
];

/// Whether addresses are taken as written, or as their providers say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rules {
    /// Every spelling is a mailbox of its own.
    #[default]
    AsWritten,
    /// Spellings that reach one mailbox of a known provider are one address.
    Providers,
}

/// The spelling that stands for the mailbox of `email`, an address in [`super::email`]'s form: under
/// [`Rules::Providers`] `d.ana+shop@googlemail.com` is `dana@gmail.com`.
pub fn canonical(email: &str, rules: Rules) -> String {
    let provider =
        email.rsplit_once('@').filter(|_| rules == Rules::Providers).and_then(|(local, domain)| {
            let provider = PROVIDERS.iter().find(|known| known.domains.contains(&domain))?;
            Some((local, provider))
        });
    let Some((local, provider)) = provider else { return email.to_owned() };
    let mailbox = local.split('+').next().unwrap_or(local);
    let mailbox = if provider.dots { mailbox.replace('.', "") } else { mailbox.to_owned() };
    match provider.domains.first() {
        Some(domain) if !mailbox.is_empty() => format!("{mailbox}@{domain}"),
        _ => email.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Rules, canonical};

    #[test]
    fn spellings_of_a_mailbox_are_one_address() {
        for (written, mailbox) in [
            ("d.an.a+shop+x@gmail.com", "dana@gmail.com"),
            ("dana@googlemail.com", "dana@gmail.com"),
            ("d.ana+shop@outlook.com", "d.ana@outlook.com"),
            ("d.ana+shop@example.com", "d.ana+shop@example.com"),
            ("+shop@gmail.com", "+shop@gmail.com"),
            ("no address", "no address"),
        ] {
            assert_eq!(canonical(written, Rules::Providers), mailbox, "{written:?}");
            assert_eq!(canonical(mailbox, Rules::Providers), mailbox, "it stays {mailbox:?}");
            assert_eq!(canonical(written, Rules::AsWritten), written, "rules are off");
        }
    }
}

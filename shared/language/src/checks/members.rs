//! Members of values in texts that these values never have.

use crate::{
    checks::{
        Checked,
        texts::{self, Text},
    },
    problem::{Mark, Problem, Report},
    words::{listed, nearest, quote},
};

/// The members of the values that templates see beside the contact's.
const MEMBERS: [(&str, &[&str]); 5] = [
    ("shop", &["name", "url", "address"]),
    ("event", &["name", "data"]),
    ("answer", &["question", "value"]),
    ("mail", &["flow", "step", "link"]),
    (
        "order",
        &[
            "order_id",
            "shop",
            "status",
            "changed_at",
            "currency",
            "total",
            "items",
            "coupon",
            "runs_out",
        ],
    ),
];
/// What has no name in templates: what belongs to it stands by itself.
const NAMELESS: [&str; 2] = ["contact", "run"];

/// Reports the members that texts of a flow use and that are never there.
pub(super) fn check(checked: &Checked<'_>, report: &mut Report<'_>) -> Vec<Problem> {
    texts::each(checked, report, of_text)
}

fn of_text(text: Text<'_>, report: &mut Report<'_>) {
    for (path, at) in text.names("") {
        let Some((root, rest)) = path.split_once('.') else { continue };
        let member = rest.split('.').next().unwrap_or_default();
        if NAMELESS.contains(&root) {
            let message = format!("texts know no {}", quote(&path));
            report.add(at, "unknown-name", message).hint(format!(
                "what is known of the contact stands by its own name, such as {}",
                quote(rest)
            ));
        } else if let Some((_, members)) = MEMBERS.iter().find(|(name, _)| *name == root)
            && !members.contains(&member)
        {
            of_member(root, member, members, at, report);
        }
    }
}

fn of_member(root: &str, member: &str, members: &[&str], at: Mark, report: &mut Report<'_>) {
    let path = |member: &str| quote(&format!("{root}.{member}"));
    let hint = match nearest(member, members.iter().copied()) {
        Some(meant) => format!("did you mean {}?", path(meant)),
        None if root == "event" => {
            format!(
                "what came with the event stands in its data: {}",
                path(&format!("data.{member}"))
            )
        }
        None => format!("there are: {}", listed(members.iter().copied()).unwrap_or_default()),
    };
    report.add(at, "unknown-name", format!("there is never a {}", path(member))).hint(hint);
}

//! Which file is what: `shop.yaml`, `<flow>/flow.yaml`, `<flow>/templates/…`.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    files::Files,
    flow::Name,
    problem::{Mark, Problem, Report},
    shop,
    words::{is_language, quote},
};

/// The flow files: their folders, which end with `/`, and their texts.
pub(crate) fn flows(files: &Files) -> impl Iterator<Item = (&str, &str)> {
    files.iter().filter_map(|(path, text)| {
        let folder = path.strip_suffix("flow.yaml")?;
        (folder.matches('/').count() == 1 && folder.ends_with('/')).then_some((folder, text))
    })
}

/// Reports files that are not where, or not called what, they would be found as.
pub(crate) fn check(files: &Files, problems: &mut Vec<Problem>) {
    let mut told = BTreeSet::new();
    for (path, _) in files.iter() {
        let mut report = Report::new(path);
        let parts: Vec<&str> = path.split('/').collect();
        let name = parts.last().copied().unwrap_or_default();
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "flow.yaml" | "flow.yml" if name != "flow.yaml" || parts.len() != 2 => {
                misplaced(
                    &mut report,
                    "a flow is `flow.yaml` in a folder of its own, such as `welcome/flow.yaml`",
                );
            }
            "shop.yaml" | "shop.yml" if path != shop::FILE => {
                misplaced(&mut report, "the shop is `shop.yaml`, beside the folders of the flows");
            }
            _ => template(files, &parts, &mut told, &mut report),
        }
        problems.extend(report.into_problems());
    }
}

fn misplaced(report: &mut Report<'_>, hint: &str) {
    report.add(Mark::START, "misplaced-file", "this file would not be found here").hint(hint);
}

/// Reports a template that no flow would find.
fn template<'f>(
    files: &Files,
    parts: &[&'f str],
    told: &mut BTreeSet<&'f str>,
    report: &mut Report<'_>,
) {
    let hint = "templates are files in the folder `templates` beside `flow.yaml`";
    match parts {
        [flow, "templates", _] => orphan(files, flow, told, report),
        [_, "templates", .., _] => misplaced(report, hint),
        [.., name] if is_template(name) => misplaced(report, hint),
        _ => {}
    }
}

/// Reports a folder of templates without a flow, at the first of them.
fn orphan<'f>(files: &Files, flow: &'f str, told: &mut BTreeSet<&'f str>, report: &mut Report<'_>) {
    if !files.has(&format!("{flow}/flow.yaml")) && told.insert(flow) {
        let message = format!("there are templates in {} but no flow.yaml", quote(flow));
        report.add(Mark::START, "missing-file", message);
    }
}

/// Whether a file's name is that of a template.
fn is_template(name: &str) -> bool {
    let parts: Vec<&str> = name.split('.').collect();
    matches!(parts.as_slice(), [_, language, "html" | "txt"] if is_language(language))
}

/// Reports a name that another flow has already.
pub(crate) fn twice(name: &Name, first: &mut BTreeMap<String, String>) -> Vec<Problem> {
    let mut report = Report::new(&name.file);
    if let Some(other) = first.get(&name.text) {
        let message = format!("the flow {} stands in {} too", quote(&name.text), quote(other));
        report.add(name.at, "duplicate-flow", message);
    } else {
        first.insert(name.text.clone(), name.file.clone());
    }
    report.into_problems()
}

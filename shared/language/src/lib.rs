//! Journeys as people write them: reading, checking, flattening.
//!
//! [`Files`] holds the texts of a flows folder, [`read`] makes a [`Library`] of them or tells all
//! that is wrong, with file, line and column. What it returns is ready to be published: names are
//! resolved, every step has its id, and nothing in it needs to be checked again.

mod condition;
mod digest;
mod fields;
mod files;
mod flatten;
mod flow;
mod happening;
mod jinja;
mod layout;
mod problem;
mod shop;
mod steps;
mod tags;
mod template;
mod tests;
mod words;
mod yaml;

use std::collections::BTreeMap;

use masa_domain::{Flow, Form, ProductFacts, Shop};

pub use digest::digest;
pub use files::{Files, Refused};
pub use problem::Problem;
pub use tests::{Line, Test, TestStep, read_tests};

/// All that a flows folder says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Library {
    /// The journeys, in the order of their names.
    pub flows: Vec<Flow>,
    /// The forms that may be filled.
    pub forms: BTreeMap<String, Form>,
    /// Who sends.
    pub shop: Shop,
    /// What is known of products, by their ids.
    pub products: BTreeMap<String, ProductFacts>,
}

/// Reads and checks the files of a flows folder.
///
/// # Errors
/// All problems of all files, in the order of files, lines and columns.
pub fn read(files: &Files) -> Result<Library, Vec<Problem>> {
    let mut problems = files.unreadable().to_vec();
    layout::check(files, &mut problems);
    let shop = shop::read(files);
    problems.extend(shop.problems);
    let mut flows = BTreeMap::new();
    let mut first = BTreeMap::new();
    let mut named = Vec::new();
    for (folder, source) in layout::flows(files) {
        let outcome = flow::read(files, folder, source, shop.form_names.as_ref());
        problems.extend(outcome.problems);
        named.push((format!("{folder}flow.yaml"), outcome.named));
        if let Some(name) = outcome.name {
            problems.extend(layout::twice(&name, &mut first));
        }
        if let Some(flow) = outcome.flow {
            flows.insert(flow.name.clone(), flow);
        }
    }
    for (file, named) in &named {
        problems.extend(happening::unknown_flows(file, named, &first));
    }
    if problems.is_empty() {
        return Ok(Library {
            flows: flows.into_values().collect(),
            forms: shop.forms,
            shop: shop.shop,
            products: shop.products,
        });
    }
    problems.sort();
    Err(problems)
}

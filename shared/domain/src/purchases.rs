//! What a contact bought, summed up so that a decision need not read the orders.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::{
    condition::{Asked, Since},
    contact::{Seen, forget_oldest},
    fact::Order,
    run::Run,
    trigger::{Bought, Product},
};

/// How many products are remembered; the oldest purchase goes first.
const PRODUCTS_KEPT: usize = 200;
/// How many orders are remembered one by one.
const ORDERS_KEPT: usize = 30;
/// How many products of each.
const ITEMS_KEPT: usize = 20;

/// What a contact bought.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Purchases {
    /// How many orders.
    pub orders: u32,
    /// When the youngest was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Timestamp>,
    /// What was paid in all, in hundredths, whatever the currencies.
    pub spent: i64,
    /// How often and when last each product was bought.
    pub products: BTreeMap<String, Seen>,
    /// The youngest orders, oldest first.
    pub recent: Vec<Recent>,
}

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// When it was made.
    pub at: Timestamp,
    /// What was paid, in hundredths.
    pub paid: i64,
    /// The products.
    pub products: Vec<String>,
}

/// What is asked about purchases (C3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PurchaseTest {
    /// What.
    pub what: Product,
    /// Anything of this category of `shop.yaml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Since when.
    pub since: Since,
    /// How many orders at least. Within a time, the youngest 30 orders are known.
    #[serde(default = "once")]
    pub times: u32,
    /// What was paid for them at least, in the orders' currencies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Number>,
}

fn once() -> u32 {
    1
}

impl Purchases {
    pub(crate) fn add(&mut self, order: &Order, at: Timestamp) {
        let paid = order.paid();
        self.orders = self.orders.saturating_add(1);
        self.last_at = self.last_at.max(Some(at));
        self.spent = self.spent.saturating_add(paid);
        let mut products: Vec<String> = Vec::new();
        for item in &order.items {
            if !products.contains(&item.product_id) {
                products.push(item.product_id.clone());
            }
        }
        for product in &products {
            let seen = self.products.entry(product.clone());
            let seen = seen.or_insert(Seen { times: 0, last_at: at });
            *seen = Seen { times: seen.times.saturating_add(1), last_at: seen.last_at.max(at) };
        }
        forget_oldest(&mut self.products, PRODUCTS_KEPT, |seen| seen.last_at);
        products.truncate(ITEMS_KEPT);
        self.recent.push(Recent { at, paid, products });
        // Whatever the order in which they were told.
        self.recent.sort_by(|a, b| (a.at, &a.products, a.paid).cmp(&(b.at, &b.products, b.paid)));
        let surplus = self.recent.len().saturating_sub(ORDERS_KEPT);
        self.recent.drain(..surplus);
    }

    pub(crate) fn forget_half(&mut self) {
        let products = self.products.len();
        forget_oldest(&mut self.products, products / 2, |seen| seen.last_at);
        self.recent.drain(..self.recent.len() / 2);
    }
}

impl PurchaseTest {
    /// At least one order.
    pub fn once(what: Product, since: Since) -> Self {
        Self { what, category: None, since, times: 1, total: None }
    }

    pub(crate) fn holds(&self, asked: &Asked<'_>) -> bool {
        let purchases = &asked.contact.purchases;
        let category = |product: &str| match &self.category {
            None => true,
            Some(category) => {
                let facts = asked.known.catalogue.setup.products.get(product);
                facts.is_some_and(|facts| facts.category.as_ref() == Some(category))
            }
        };
        let meant = |product: &String| self.what.means(product, asked.run) && category(product);
        let anything = self.what == Product::Any && self.category.is_none();
        if self.since == Since::Ever {
            let times = match anything {
                true => purchases.orders,
                false => {
                    let own = purchases.products.iter().filter(|(product, _)| meant(product));
                    own.map(|(_, seen)| seen.times).fold(0, u32::saturating_add)
                }
            };
            if times < self.times {
                return false;
            }
            if anything || self.total.is_none() {
                return reaches(purchases.spent, self.total.as_ref());
            }
        }
        let own = purchases.recent.iter().filter(|order| {
            asked.is_since(order.at, self.since) && (anything || order.products.iter().any(meant))
        });
        let (times, paid) = own.fold((0_u32, 0_i64), |(times, paid), order| {
            (times.saturating_add(1), paid.saturating_add(order.paid))
        });
        times >= self.times && reaches(paid, self.total.as_ref())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a sum of money far below 2^52 hundredths")]
fn reaches(paid: i64, total: Option<&Number>) -> bool {
    total.and_then(Number::as_f64).is_none_or(|total| paid as f64 / 100.0 >= total)
}

impl Bought {
    /// Whether `order`, which `purchases` counts already, is one of these by a rule of `run`.
    #[expect(clippy::cast_precision_loss, reason = "a sum of money far below 2^52 hundredths")]
    pub(crate) fn is(
        &self,
        order: &Order,
        purchases: &Purchases,
        run: Option<&Run>,
        category: impl Fn(&str) -> Option<String>,
    ) -> bool {
        let item = order.items.iter().any(|item| {
            self.product.means(&item.product_id, run)
                && (self.category.is_none() || category(&item.product_id) == self.category)
        });
        let anything = self.product == Product::Any && self.category.is_none();
        (anything || item)
            && self.nth.is_none_or(|nth| purchases.orders == nth)
            && self.every.is_none_or(|every| purchases.orders.is_multiple_of(every))
            && self
                .over
                .as_ref()
                .and_then(Number::as_f64)
                .is_none_or(|over| order.paid() as f64 / 100.0 > over)
    }
}

impl Order {
    /// What was paid, in hundredths; nothing when the store wrote no decimal number.
    pub(crate) fn paid(&self) -> i64 {
        let total = self.total.as_deref().unwrap_or_default().trim();
        let (whole, part) = total.split_once('.').unwrap_or((total, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let hundredths: String = part.chars().chain("00".chars()).take(2).collect();
        match (whole.parse::<i64>(), hundredths.parse::<i64>()) {
            (Ok(whole), Ok(part)) if digits(whole_digits(total)) && digits(&hundredths) => {
                let part = if total.starts_with('-') { -part } else { part };
                whole.saturating_mul(100).saturating_add(part)
            }
            _ => 0,
        }
    }
}

fn whole_digits(total: &str) -> &str {
    let whole = total.split('.').next().unwrap_or_default();
    whole.strip_prefix('-').unwrap_or(whole)
}

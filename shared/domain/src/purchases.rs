//! What a contact bought, summed up so that a decision need not read the orders.
//!
//! Stores tell of an order again and again, late, twice and in any order. So the youngest orders are a
//! register: each stands there as its youngest version says, and the sums move by the difference. The
//! end is the same in whichever order the versions come, for up to thirty orders of a contact.

use std::{cmp::Reverse, collections::BTreeMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::{
    condition::{Asked, Since},
    contact::{Seen, forget_oldest},
    fact::{Order, OrderStatus, is_paid},
    run::Run,
    trigger::{Bought, Product},
};

/// How many products are remembered; the oldest purchase goes first.
const PRODUCTS_KEPT: usize = 200;
/// How many orders are remembered one by one.
const ORDERS_KEPT: usize = 30;
/// How many products of each; conditions know no more of them.
const ITEMS_KEPT: usize = 50;

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
    /// The youngest orders, also those that do not count, oldest first.
    pub recent: Vec<Recent>,
    /// When the youngest order was made that no longer is among `recent`. What is told of orders that
    /// are no younger changes nothing: it can't be known any more how they stand in the sums.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped_at: Option<Timestamp>,
}

/// One order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// Which ([`Order::key`]).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub order: String,
    /// When it was made.
    pub at: Timestamp,
    /// When the store changed it last; `at` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// How it stands. Only a paid one was bought.
    #[serde(default, skip_serializing_if = "is_paid")]
    pub status: OrderStatus,
    /// What was paid, in hundredths.
    pub paid: i64,
    /// The products, by the youngest version that told any: what tells of a refund may not.
    pub products: Vec<String>,
    /// As of when, if not of the order's own version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub products_at: Option<Timestamp>,
}

/// What an order came to be by a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turned {
    /// Paid: it is a purchase. Refunded: also if it was not wholly.
    pub to: OrderStatus,
    /// When.
    pub at: Timestamp,
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
    /// When something was ordered, or became of an order, as far as it is known.
    pub(crate) fn moments(&self) -> impl Iterator<Item = Timestamp> {
        let orders = self.recent.iter().flat_map(|order| [order.at, order.version()]);
        let products = self.products.values().map(|product| product.last_at);
        orders.chain(products).chain(self.last_at)
    }
}

impl Recent {
    fn new(order: &Order, at: Timestamp) -> Self {
        let mut products: Vec<String> = Vec::new();
        for item in &order.items {
            if products.len() < ITEMS_KEPT && !products.contains(&item.product_id) {
                products.push(item.product_id.clone());
            }
        }
        let (changed_at, status) = (order.changed_at, order.status);
        Self {
            order: order.key(),
            at,
            changed_at,
            status,
            paid: order.paid(),
            products,
            products_at: None,
        }
    }

    /// What stands when an order that is known is told of again.
    fn merged(&self, told: Self) -> Self {
        let lines = |of: &Self| {
            let at = of.products_at.unwrap_or(of.version());
            (!of.products.is_empty()).then(|| (at, of.products.clone()))
        };
        let products = lines(self).max(lines(&told));
        let mut stands = if self.rank() >= told.rank() { self.clone() } else { told };
        if let Some((at, products)) = products {
            stands.products_at = Some(at).filter(|at| *at != stands.version());
            stands.products = products;
        }
        stands
    }

    fn version(&self) -> Timestamp {
        self.changed_at.unwrap_or(self.at)
    }

    /// The greater of two versions of an order stands. Stores count seconds: of the same one the
    /// further status wins, then the one with more paid back.
    fn rank(&self) -> impl Ord {
        (self.version(), self.status, Reverse(self.paid), self.at)
    }

    fn is_bought(&self) -> bool {
        self.status == OrderStatus::Paid
    }

    /// What it came to be from what it was `before`, if it is something else now.
    fn turned(&self, before: Option<&Self>) -> Option<Turned> {
        let to = match before {
            Some(before) if before.status == self.status => {
                (self.is_bought() && self.paid < before.paid).then_some(OrderStatus::Refunded)
            }
            _ => Some(self.status),
        };
        // What is first heard of when it is paid may have been paid long before it was last changed.
        let first = before.is_none() && self.is_bought();
        to.map(|to| Turned { to, at: if first { self.at } else { self.version() } })
    }
}

impl Purchases {
    /// Takes over how an order stands that was made at `at`, and returns what it came to be. A version
    /// that is no younger than what is known changes nothing.
    ///
    /// An order that is no younger than one that was dropped from the register is passed over, for it
    /// may be in the sums already; unless it has no version: then it is told once, and counted.
    pub(crate) fn take(&mut self, order: &Order, at: Timestamp) -> Option<Turned> {
        let told = Recent::new(order, at);
        let is_known = self.recent.iter().any(|known| known.order == told.order);
        let may_be_counted = told.changed_at.is_some() || !told.is_bought();
        if !is_known && self.dropped_at >= Some(at) && may_be_counted {
            return None;
        }
        self.meet(told)
    }

    /// Puts an order into the register, and moves the sums.
    fn meet(&mut self, mut told: Recent) -> Option<Turned> {
        let known = self.recent.iter().position(|known| known.order == told.order);
        let before = known.map(|known| self.recent.remove(known));
        if let Some(before) = &before {
            told = before.merged(told);
        }
        let turned = told.turned(before.as_ref());
        if let Some(before) = before.as_ref().filter(|before| before.is_bought()) {
            self.uncount(before);
        }
        if told.is_bought() {
            self.count(&told);
        }
        self.recent.push(told);
        self.recent.sort_by(|a, b| (a.at, &a.order).cmp(&(b.at, &b.order)));
        self.drop_oldest(ORDERS_KEPT);
        turned
    }

    /// Takes in what another contact bought who turns out to be the same person. An order that both knew of
    /// counts once, as far as both remember it.
    pub(crate) fn take_in(&mut self, mut other: Self) {
        let recent = std::mem::take(&mut other.recent);
        for order in recent.iter().filter(|order| order.is_bought()) {
            other.uncount(order);
        }
        // What is left are the sums of orders that it remembers no more.
        self.orders = self.orders.saturating_add(other.orders);
        self.spent = self.spent.saturating_add(other.spent);
        self.last_at = self.last_at.max(other.last_at);
        for (product, theirs) in other.products {
            let own = self.products.entry(product).or_insert(Seen { times: 0, ..theirs });
            own.times = own.times.saturating_add(theirs.times);
            own.last_at = own.last_at.max(theirs.last_at);
        }
        self.dropped_at = self.dropped_at.max(other.dropped_at);
        for order in recent {
            self.meet(order);
        }
    }

    fn count(&mut self, order: &Recent) {
        self.orders = self.orders.saturating_add(1);
        self.last_at = self.last_at.max(Some(order.at));
        self.spent = self.spent.saturating_add(order.paid);
        for product in &order.products {
            let seen = self.products.entry(product.clone());
            let seen = seen.or_insert(Seen { times: 0, last_at: order.at });
            seen.times = seen.times.saturating_add(1);
            seen.last_at = seen.last_at.max(order.at);
        }
        forget_oldest(&mut self.products, PRODUCTS_KEPT, |seen| seen.last_at);
    }

    /// Takes an order back that was counted and is no longer among `recent`.
    fn uncount(&mut self, order: &Recent) {
        let bought = || self.recent.iter().filter(|order| order.is_bought());
        // Of what was dropped it is only known that it is no younger than this.
        let last = |own: Option<Timestamp>| own.or(self.dropped_at).unwrap_or(order.at);
        self.orders = self.orders.saturating_sub(1);
        self.spent = self.spent.saturating_sub(order.paid);
        self.last_at = match self.orders {
            0 => None,
            _ => Some(last(bought().map(|order| order.at).max())),
        };
        for product in &order.products {
            let Some(seen) = self.products.get(product) else { continue };
            let times = seen.times.saturating_sub(1);
            if times == 0 {
                self.products.remove(product);
                continue;
            }
            let own = bought().filter(|order| order.products.contains(product));
            let last_at = last(own.map(|order| order.at).max());
            self.products.insert(product.clone(), Seen { times, last_at });
        }
    }

    /// How many orders stand so since they were last changed at a moment that `counts`.
    pub(crate) fn standing(
        &self,
        status: OrderStatus,
        counts: impl Fn(Timestamp) -> bool,
    ) -> usize {
        let recent = self.recent.iter();
        recent.filter(|order| order.status == status && counts(order.version())).count()
    }

    fn drop_oldest(&mut self, kept: usize) {
        let surplus = self.recent.len().saturating_sub(kept);
        let dropped = self.recent.drain(..surplus).map(|order| order.at).max();
        self.dropped_at = self.dropped_at.max(dropped);
    }

    pub(crate) fn forget_half(&mut self) {
        let products = self.products.len();
        forget_oldest(&mut self.products, products / 2, |seen| seen.last_at);
        self.drop_oldest(self.recent.len().div_ceil(2));
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
            order.is_bought()
                && asked.is_since(order.at, self.since)
                && (anything || order.products.iter().any(meant))
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

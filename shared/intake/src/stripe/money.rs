//! Stripe's amounts: whole numbers of a currency's minor unit.

use masa_domain::Item;

use crate::{
    amount::Amount,
    platform::{self, Part},
    value,
};

/// Currencies whose minor unit is the unit itself
/// (<https://docs.stripe.com/currencies#zero-decimal>). UGX stands there too, but is told in
/// hundredths, as is ISK (<https://docs.stripe.com/currencies#special-cases>).
const ZERO_DECIMAL: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
];

/// Currencies of a thousand minor units (<https://docs.stripe.com/currencies#three-decimal>).
const THREE_DECIMAL: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

/// The amount under `name` in `currency`; `None` without a currency, for nobody knows its unit.
pub(super) fn amount(part: Part<'_>, name: &str, currency: Option<&str>) -> Option<Amount> {
    let told = part.get(name)?;
    let units = told.as_i64().or_else(|| told.as_str()?.parse().ok())?;
    let decimals = match currency? {
        currency if ZERO_DECIMAL.contains(&currency) => 0,
        currency if THREE_DECIMAL.contains(&currency) => 3,
        _ => 2,
    };
    Amount::minor(units.into(), decimals)
}

/// The lines of an invoice or of a session. Where a line tells its product and price depends on the
/// API's version (`pricing` from 2025-03-31 on).
pub(super) fn items(lines: Part<'_>, currency: Option<&str>) -> Vec<Item> {
    platform::items(lines.list("data"), |line| {
        let (price, pricing) = (line.object("price"), line.object("pricing"));
        let product = price.id("product").or_else(|| pricing.object("price_details").id("product"));
        let each = amount(price, "unit_amount", currency);
        let each = each.or_else(|| amount(pricing, "unit_amount_decimal", currency));
        Some(Item {
            product_id: product.or_else(|| line.id("id"))?,
            name: line.name("description"),
            quantity: line.quantity("quantity")?,
            price: each.and_then(Amount::text),
        })
    })
}

/// A product of a subscription's first item.
pub(super) fn product(item: Part<'_>) -> Option<String> {
    let plan = || item.object("plan").read("product", value::store_id);
    item.object("price").read("product", value::store_id).or_else(plan)
}

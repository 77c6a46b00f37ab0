//! Exact sums of money.

use std::fmt;

use serde_json::Value;

use crate::value;

/// The most decimals that an amount has ([`value::money`]).
const DECIMALS_MAX: u32 = 6;

/// Money, exact. It keeps as many decimals as it was written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Amount {
    /// In millionths.
    size: i128,
    decimals: u32,
}

impl Amount {
    /// What a text or a number tells; `None` when it is no amount.
    pub(crate) fn read(told: &Value) -> Option<Self> {
        let text = match told {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) if number.is_f64() => {
                // Shops divide: a third of a price has more decimals than money has.
                let text = format!("{:.6}", number.as_f64()?);
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let bare = value::money(text.strip_prefix('-').unwrap_or(&text)).ok()?;
        let decimals = bare.split_once('.').map_or(0, |(_, part)| part.len());
        Self::minor(text.replace('.', "").parse().ok()?, u32::try_from(decimals).ok()?)
    }

    /// `units` of which `10^decimals` make one of the currency.
    pub(crate) fn minor(units: i128, decimals: u32) -> Option<Self> {
        let missing = DECIMALS_MAX.checked_sub(decimals)?;
        Some(Self { size: units.checked_mul(10_i128.checked_pow(missing)?)?, decimals })
    }

    /// What is left of it when `other`, whatever its sign, was given back; never less than nothing.
    pub(crate) fn less(self, other: Self) -> Self {
        let size = self.size.saturating_sub(other.size.saturating_abs()).max(0);
        Self { size, decimals: self.decimals.max(other.decimals) }
    }

    /// As decimal text; `None` for what no order costs.
    pub(crate) fn text(self) -> Option<String> {
        value::money(&self.to_string()).ok()
    }

    /// As a number, for conditions on an event's data.
    pub(crate) fn number(self) -> Option<Value> {
        let text = self.text()?;
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        if part.bytes().all(|b| b == b'0') {
            return whole.parse::<u64>().ok().map(Value::from);
        }
        text.parse::<f64>().ok().map(Value::from)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.size < 0 { "-" } else { "" };
        let one = 10_u128.pow(DECIMALS_MAX);
        let size = self.size.unsigned_abs();
        let (whole, part) = (size / one, format!("{:06}", size % one));
        match part.get(..usize::try_from(self.decimals).unwrap_or_default()) {
            None | Some("") => write!(f, "{sign}{whole}"),
            Some(part) => write!(f, "{sign}{whole}.{part}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::Amount;

    fn text(told: &Value) -> Option<String> {
        Amount::read(told).and_then(Amount::text)
    }

    #[test]
    fn amounts_stay_as_they_were_written() {
        for (told, kept) in [
            (json!("129.90"), Some("129.90")),
            (json!(" 129 "), Some("129")),
            (json!("-10.5"), None),
            (json!(-10), None),
            (json!("-0.00"), Some("0.00")),
            (json!("0.000001"), Some("0.000001")),
            (json!("999999999999999.999999"), Some("999999999999999.999999")),
            (json!(48), Some("48")),
            (json!(48.5), Some("48.5")),
            (json!(33.333_333_333_333_336), Some("33.333333")),
            (json!(-0.0), Some("0")),
            (json!("1,200.00"), None),
            (json!("NaN"), None),
            (json!("--5"), None),
            (json!("1e3"), None),
            (json!(""), None),
            (json!(1e300), None),
            (json!(u64::MAX), None),
            (Value::Null, None),
            (json!([]), None),
        ] {
            assert_eq!(text(&told).as_deref(), kept, "{told}");
        }
    }

    #[test]
    fn minor_units_and_numbers() {
        let minor = |units, decimals| Amount::minor(units, decimals);
        assert_eq!(minor(27_880, 2).and_then(Amount::text).as_deref(), Some("278.80"));
        assert_eq!(minor(500, 0).and_then(Amount::text).as_deref(), Some("500"));
        assert_eq!(minor(5_120, 3).and_then(Amount::text).as_deref(), Some("5.120"));
        assert_eq!(minor(-1, 2).and_then(Amount::text), None, "nobody pays less than nothing");
        assert_eq!(minor(i128::MAX, 2), None);
        assert_eq!(minor(1, 7), None);
        assert_eq!(minor(0, 2).and_then(Amount::number), Some(json!(0)));
        assert_eq!(minor(8_400, 2).and_then(Amount::number), Some(json!(84)));
        assert_eq!(minor(8_450, 2).and_then(Amount::number), Some(json!(84.5)));
    }

    proptest! {
        #[test]
        fn what_is_taken_off_is_gone(
            (all, off) in (0..1_000_000_000_000_i128).prop_flat_map(|all| (Just(all), 0..=all)),
            decimals in 0..=6_u32,
        ) {
            let of = |units| Amount::minor(units, decimals).unwrap();
            prop_assert_eq!(of(all).less(of(off)), of(all - off));
            prop_assert_eq!(of(off).less(of(all)), of(0));
            let text = of(all).text().unwrap();
            prop_assert_eq!(Amount::read(&json!(text)), Some(of(all)));
        }
    }
}

//! What tokens cost, by class and by date. Whole nano-dollars only; an unknown price is no price at all, never none to pay.

use super::Usage;
use crate::{Timestamp, ids::DeploymentName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, ops::Add, str::FromStr};
use thiserror::Error;

/// Billionths of a US dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct NanoDollars(pub i64);

const DOLLAR: i64 = 1_000_000_000;
/// Prices are given for so many tokens, as providers do.
const PER_TOKENS: i128 = 1_000_000;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no price; write dollars like \"0.075\", with 9 places at most")]
pub struct BadPrice(String);

impl FromStr for NanoDollars {
    type Err = BadPrice;
    /// `"2.5"`: two and a half dollars. Never through a float.
    fn from_str(text: &str) -> Result<Self, BadPrice> {
        let bad = || BadPrice(text.chars().take(40).collect());
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let is_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || !is_digits(part) || part.len() > 9 {
            return Err(bad());
        }
        let whole: i64 = whole.parse().map_err(|_too_large| bad())?;
        let nanos: i64 = format!("{part:0<9}").parse().map_err(|_too_large| bad())?;
        whole.checked_mul(DOLLAR).and_then(|whole| whole.checked_add(nanos)).map(Self).ok_or_else(bad)
    }
}

impl fmt::Display for NanoDollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, nanos) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        write!(f, "{sign}${}.{:09}", nanos / DOLLAR.unsigned_abs(), nanos % DOLLAR.unsigned_abs())
    }
}

impl Add for NanoDollars {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// For a million tokens of each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Price {
    pub input: NanoDollars,
    pub cache_read: NanoDollars,
    pub cache_write: NanoDollars,
    pub output: NanoDollars,
    pub reasoning: NanoDollars,
}

impl Price {
    /// Rounded up to a whole nano-dollar.
    pub fn cost(&self, usage: &Usage) -> NanoDollars {
        let classes = [
            (self.input, usage.input),
            (self.cache_read, usage.cache_read),
            (self.cache_write, usage.cache_write),
            (self.output, usage.output),
            (self.reasoning, usage.reasoning),
        ];
        let exact: i128 = classes.iter().map(|(price, tokens)| i128::from(price.0) * i128::from(*tokens)).sum();
        let rounded = exact.div_euclid(PER_TOKENS) + i128::from(exact.rem_euclid(PER_TOKENS) != 0);
        NanoDollars(i64::try_from(rounded).unwrap_or(i64::MAX))
    }

    /// The most that so much input and output can cost, in whichever classes they are counted.
    pub fn most(&self, input: u64, output: u64) -> NanoDollars {
        let (in_price, out_price) = (self.input.max(self.cache_read).max(self.cache_write), self.output.max(self.reasoning));
        Self { input: in_price, output: out_price, ..Self::default() }.cost(&Usage { input, output, ..Usage::default() })
    }
}

/// A price from a day on. The day is its name in what is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceVersion {
    pub from: Timestamp,
    pub name: String,
    pub price: Price,
}

/// All prices, by deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PriceList(BTreeMap<DeploymentName, Vec<PriceVersion>>);

impl PriceList {
    pub fn add(&mut self, deployment: DeploymentName, version: PriceVersion) {
        let versions = self.0.entry(deployment).or_default();
        versions.push(version);
        versions.sort_by_key(|version| version.from);
    }
    /// The one in force. `None` where there is none yet: then the deployment is not used.
    pub fn at(&self, deployment: &DeploymentName, now: Timestamp) -> Option<&PriceVersion> {
        self.0.get(deployment)?.iter().rev().find(|version| version.from <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dollars(text: &str) -> NanoDollars {
        text.parse().unwrap()
    }

    #[test]
    fn a_price_is_read_to_the_last_place_and_nothing_else_is_one() {
        assert_eq!(dollars("0.075"), NanoDollars(75_000_000));
        assert_eq!(dollars("15").to_string(), "$15.000000000");
        for bad in ["", "-1", "1.", ".5", "1e3", "0.0000000001", "1,5", "99999999999999999999", "+1", " 1"] {
            assert!(bad.parse::<NanoDollars>().is_err(), "{bad}");
        }
    }

    #[test]
    fn each_class_has_its_own_price_and_fractions_are_rounded_up_once() {
        let price =
            Price { input: dollars("3"), cache_read: dollars("0.3"), cache_write: dollars("3.75"), output: dollars("15"), reasoning: dollars("15") };
        let usage = Usage { input: 1_000, cache_read: 10_000, cache_write: 100, output: 200, reasoning: 50 };
        assert_eq!(price.cost(&usage), dollars("0.010125"));
        let cheap = Price { input: NanoDollars(1), output: NanoDollars(1), ..Price::default() };
        assert_eq!(cheap.cost(&Usage { input: 1, output: 1, ..Usage::default() }), NanoDollars(1), "not two");
        assert_eq!(Price { input: NanoDollars(i64::MAX), ..Price::default() }.cost(&Usage { input: u64::MAX, ..Usage::default() }).0, i64::MAX);
    }

    #[test]
    fn the_price_in_force_is_the_newest_that_has_begun() {
        let (name, mut list): (DeploymentName, _) = ("a".parse().unwrap(), PriceList::default());
        for (from, text) in [(200, "2"), (100, "1")] {
            list.add(name.clone(), PriceVersion { from: Timestamp::from_secs(from), name: text.into(), price: Price::default() });
        }
        let at = |secs| list.at(&name, Timestamp::from_secs(secs)).map(|version| version.name.as_str());
        assert_eq!([at(99), at(100), at(199), at(200)], [None, Some("1"), Some("1"), Some("2")]);
    }

    proptest! {
        #[test]
        fn no_way_of_counting_costs_more_than_the_most(prices in proptest::array::uniform5(0i64..1_000_000_000_000), input in 0u64..1_000_000, output in 0u64..1_000_000, cached in 0u64..1_000_000, thought in 0u64..1_000_000) {
            let [a, b, c, d, e] = prices.map(NanoDollars);
            let price = Price { input: a, cache_read: b, cache_write: c, output: d, reasoning: e };
            let (cached, thought) = (cached.min(input), thought.min(output));
            let usage = Usage { input: input - cached, cache_read: cached / 2, cache_write: cached - cached / 2, output: output - thought, reasoning: thought };
            prop_assert!(price.cost(&usage) <= price.most(input, output));
            prop_assert_eq!(usage.total(), input + output);
        }
    }
}

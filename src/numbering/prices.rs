//! What one SMS costs: by prefix, by country, or by default.
//!
//! Must not know: which currency the figures are in.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use foldhash::fast::RandomState;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::domain::{Country, Money};
use crate::privacy::RawPhone;

/// Prices of one SMS. The longest prefix wins, then the country, then the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceTable {
    default: Money,
    countries: HashMap<Country, Money, RandomState>,
    prefixes: HashMap<u64, Money, RandomState>,
    /// Lengths of the prefixes, longest first.
    prefix_lengths: Vec<u32>,
}

/// What is wrong with a price table, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct PriceProblem {
    /// Line in the text, from 1.
    pub line: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl Default for PriceTable {
    /// The shipped figures: plain orders of magnitude in US dollars, to be replaced by the operator's own.
    fn default() -> Self {
        SHIPPED.clone()
    }
}

/// Read once: a reload needn't.
static SHIPPED: LazyLock<PriceTable> =
    LazyLock::new(|| PriceTable::parse(include_str!("prices.toml")).expect("the shipped prices are well-formed"));

impl PriceTable {
    /// Reads a table: `default = 0.05`, `[country]` with ISO codes, `[prefix]` with E.164 digits as keys. It replaces
    /// the shipped one as a whole, so `default` must be there.
    ///
    /// # Errors
    /// Every problem of the text at once, in the order of its lines.
    pub fn parse(text: &str) -> Result<Self, Vec<PriceProblem>> {
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut reader = Reader { text, problems: Vec::new() };
        for error in errors {
            reader.report(error.span().map_or(0, |span| span.start), error.message());
        }
        let table = reader.table(root.get_ref());
        let mut problems = reader.problems;
        problems.sort_by_key(|problem| problem.line);
        if problems.is_empty() { Ok(table) } else { Err(problems) }
    }

    /// The price of one SMS to this number.
    pub fn price(&self, phone: RawPhone, country: Option<Country>) -> Money {
        let digits = phone.expose_digits();
        let length = digits.checked_ilog10().unwrap_or(0) + 1;
        let by_prefix = self.prefix_lengths.iter().find_map(|prefix_length| {
            let cut = length.checked_sub(*prefix_length)?;
            self.prefixes.get(&(digits / 10_u64.pow(cut)))
        });
        let by_country = || country.and_then(|country| self.countries.get(&country));
        by_prefix.or_else(by_country).copied().unwrap_or(self.default)
    }
}

struct Reader<'a> {
    text: &'a str,
    problems: Vec<PriceProblem>,
}

impl Reader<'_> {
    fn table(&mut self, root: &DeTable<'_>) -> PriceTable {
        let mut table = PriceTable {
            default: Money::default(),
            countries: HashMap::default(),
            prefixes: HashMap::default(),
            prefix_lengths: Vec::new(),
        };
        let mut has_default = false;
        for (key, value) in root {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("default", _) => {
                    has_default = true;
                    table.default = self.money("default", value).unwrap_or_default();
                }
                ("country", DeValue::Table(rows)) => self.countries(rows, &mut table),
                ("prefix", DeValue::Table(rows)) => self.prefixes(rows, &mut table),
                (name @ ("country" | "prefix"), _) => {
                    self.report(
                        value.span().start,
                        format!("`{name}` must be a table: write [{name}] on its own line"),
                    );
                }
                (name, _) => self.report(
                    key.span().start,
                    format!("`{name}` is not known here; there are `default`, [country] and [prefix]"),
                ),
            }
        }
        if !has_default && self.problems.is_empty() {
            self.report(0, "`default` is missing: write `default = 0.05`, the price where nothing else fits");
        }
        table.prefix_lengths = table.prefixes.keys().map(|prefix| prefix.ilog10() + 1).collect();
        table.prefix_lengths.sort_unstable_by(|a, b| b.cmp(a));
        table.prefix_lengths.dedup();
        table
    }

    fn countries(&mut self, rows: &DeTable<'_>, table: &mut PriceTable) {
        for (key, value) in rows {
            let name = key.get_ref();
            let price = self.money(name, value);
            match Country::new(name) {
                None => self.report(
                    key.span().start,
                    format!("`{name}` is not a country; write its two-letter ISO 3166 code, such as GB"),
                ),
                Some(country) => {
                    if table.countries.insert(country, price.unwrap_or_default()).is_some() {
                        self.report(key.span().start, format!("{country} stands here twice"));
                    }
                }
            }
        }
    }

    fn prefixes(&mut self, rows: &DeTable<'_>, table: &mut PriceTable) {
        for (key, value) in rows {
            let name = key.get_ref();
            let price = self.money(name, value);
            match read_prefix(name) {
                None => self.report(
                    key.span().start,
                    format!(
                        "`{name}` is not a prefix; write the first 1 to 15 digits after the plus, such as \"4477\""
                    ),
                ),
                Some(prefix) => {
                    if table.prefixes.insert(prefix, price.unwrap_or_default()).is_some() {
                        self.report(key.span().start, format!("the prefix {prefix} stands here twice"));
                    }
                }
            }
        }
    }

    fn money(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Money> {
        let units = match value.get_ref() {
            DeValue::Float(float) => float.as_str().parse().ok(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
            _ => None,
        };
        let money = units.and_then(Money::from_units);
        if money.is_none() {
            let message = format!("the price of `{name}` must be a number from 0 to a billion, such as 0.05");
            self.report(value.span().start, message);
        }
        money
    }

    fn report(&mut self, at: usize, message: impl fmt::Display) {
        let line = self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        self.problems.push(PriceProblem { line, message: message.to_string() });
    }
}

fn read_prefix(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let plain = (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    // No calling code begins with 0.
    (plain && !digits.starts_with('0')).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(table: &PriceTable, digits: u64, country: &str) -> u64 {
        table.price(RawPhone::from_digits(digits).unwrap(), Country::new(country)).as_micros()
    }

    #[test]
    fn the_longest_prefix_wins_then_the_country_then_the_default() {
        let table = PriceTable::parse(
            "default = 0.05\n[country]\nGB = 0.04\nUS = 1\n[prefix]\n4477 = 0.06\n\"+44770\" = 0.07\n",
        )
        .unwrap();
        assert_eq!(price(&table, 447_702_417_171, "GB"), 70_000);
        assert_eq!(price(&table, 447_712_417_171, "GB"), 60_000);
        assert_eq!(price(&table, 447_402_417_171, "GB"), 40_000);
        assert_eq!(price(&table, 12_015_550_123, "US"), 1_000_000);
        assert_eq!(price(&table, 393_123_456_789, "IT"), 50_000);
        assert_eq!(price(&table, 881_612_345_678, "--"), 50_000);
    }

    #[test]
    fn all_problems_come_at_once_with_their_lines() {
        let text = "defalt = 0.05\n[country]\nGBR = 0.04\nUS = -1\nDE = \"x\"\ngb = 1\nGB = 1\n[prefix]\n0044 = 1\n12a = 1\n\
                    44 = nan\n\"+49\" = 1\n49 = 1\n";
        let problems = PriceTable::parse(text).unwrap_err();
        let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 3, 4, 5, 6, 9, 10, 11, 13], "{problems:#?}");
        let text = "default = 1\ncountry = 3\nprefix = [\n";
        assert_eq!(PriceTable::parse(text).unwrap_err()[0].line, 2);
        assert_eq!(PriceTable::parse("[country]\nGB = 1\n").unwrap_err()[0].line, 1, "no default");
    }

    #[test]
    fn the_shipped_table_has_every_country_and_plain_prices() {
        let table = PriceTable::default();
        for country in super::super::PLANS.countries() {
            let micros = table.countries.get(&country).unwrap_or_else(|| panic!("{country} is missing")).as_micros();
            assert!((1_000..=500_000).contains(&micros), "{country}");
        }
    }
}

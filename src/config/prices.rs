//! `currency` and `prices`: what an SMS costs.

use super::pending::PriceTable;
use super::reader::Section;
use super::source::Fault;

/// Reads the currency and the table of prices.
pub(super) fn read(root: &mut Section<'_>) -> (String, PriceTable) {
    let currency = root.parsed("currency", currency).unwrap_or("USD");
    let table = root
        .file("prices")
        .and_then(|file| PriceTable::load(&file).map_err(|error| root.error("prices", Fault::new(error))).ok());
    (currency.to_owned(), table.unwrap_or_default())
}

fn currency(text: &str) -> Result<&str, Fault> {
    if text.len() == 3 && text.chars().all(|c| c.is_ascii_uppercase()) {
        return Ok(text);
    }
    Err(Fault::new(format!("{text:?} is not a currency")).hint("write its three letters of ISO 4217, such as \"EUR\""))
}

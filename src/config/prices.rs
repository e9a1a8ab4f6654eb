//! `currency` and `prices`: what an SMS costs.

use std::fs;
use std::path::{Path, PathBuf};

use super::reader::Section;
use super::source::Fault;
use crate::numbering::{PriceProblem, PriceTable};

/// Of the prices that come with sendwall.
const SHIPPED_CURRENCY: &str = "USD";

/// Reads the currency and the table of prices, whose file is noted in `files`.
pub(super) fn read(root: &mut Section<'_>, files: &mut Vec<PathBuf>) -> (String, PriceTable) {
    let currency = root.parsed("currency", currency).unwrap_or(SHIPPED_CURRENCY);
    let file = root.file("prices");
    let table = file.as_ref().and_then(|file| table(root, file));
    files.extend(file);
    if !root.has("prices") && currency != SHIPPED_CURRENCY {
        let fault = Fault::new(format!("the shipped prices are in {SHIPPED_CURRENCY}, and there are no others"));
        root.warning("currency", fault.hint("name a table of your own in `prices`"));
    }
    (currency.to_owned(), table.unwrap_or_default())
}

fn table(root: &Section<'_>, file: &Path) -> Option<PriceTable> {
    let text = fs::read_to_string(file).map_err(|error| {
        root.error("prices", Fault::new(format!("cannot read {}: {error}", file.display())));
    });
    let problem = |problem: PriceProblem| root.error_in("prices", file, problem.line, Fault::new(problem.message));
    PriceTable::parse(&text.ok()?).map_err(|problems| problems.into_iter().for_each(problem)).ok()
}

fn currency(text: &str) -> Result<&str, Fault> {
    if text.len() == 3 && text.chars().all(|c| c.is_ascii_uppercase()) {
        return Ok(text);
    }
    Err(Fault::new(format!("{text:?} is not a currency")).hint("write its three letters of ISO 4217, such as \"EUR\""))
}

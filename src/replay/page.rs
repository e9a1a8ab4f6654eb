//! The result as a page.

use super::Report;

impl Report {
    /// The page.
    pub fn to_page(&self) -> String {
        String::new()
    }
}

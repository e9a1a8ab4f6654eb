//! The table of sendwall's own requests.

use super::reader::Section;
use super::source::Fault;
use super::{tls, values};
use crate::net::{Reach, Settings};

/// Reads `[outbound]`.
pub(super) fn read(root: &mut Section<'_>) -> Settings {
    root.table("outbound", |section| {
        let allow = section.list("allow", values::network).unwrap_or_default();
        if allow.iter().any(|network| network.prefix_len() == 0) {
            let fault = Fault::new("every address may be asked, those of this machine and its cloud's metadata too");
            section.warning("allow", fault.hint("name only the networks of receivers that you run yourself"));
        }
        let ca = section.file("ca");
        if let Some(Err(fault)) = ca.as_deref().map(tls::check_authorities) {
            section.error("ca", fault);
        }
        Settings { reach: Reach::and(allow), ca, ..Settings::default() }
    })
}

//! The table of the snapshot.

use std::path::PathBuf;

use super::reader::Section;
use super::source::Fault;
use crate::domain::Span;
use crate::state::Settings;

/// Reads `[snapshot]`; `None` where none is kept.
pub(super) fn read(root: &mut Section<'_>, state: Option<&PathBuf>) -> Option<Settings> {
    root.table("snapshot", |section| {
        let enabled = section.bool("enabled", true);
        let default = Settings::in_directory(state.cloned().unwrap_or_default());
        let interval = section.span("interval", Span::seconds(1)..=Span::hours(1)).unwrap_or(default.interval);
        if enabled && section.is_present() && state.is_none() {
            let fault = Fault::new("the snapshot has no directory");
            section.error("", fault.hint("set `state` at the top of the file"));
        }
        (enabled && state.is_some()).then_some(Settings { interval, ..default })
    })
}

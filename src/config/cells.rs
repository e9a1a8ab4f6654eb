//! `[cells]`: how large the evidence may grow, and how each kind of cell behaves.

use super::reader::Section;
use super::values::{GIB, MIB};
use crate::cells::{Kind, Kinds, Settings};
use crate::domain::Span;
use crate::gate::Endpoint;

/// Reads `[cells]` and a table for each kind. Every send of the longest verify window may be kept.
pub(super) fn read(root: &mut Section<'_>, sends: usize, endpoints: &[Endpoint]) -> (Settings, Kinds) {
    let keep = endpoints.iter().map(|endpoint| endpoint.verify_window).max().unwrap_or(Span::minutes(10));
    root.table("cells", |section| {
        let memory = section.bytes("memory", MIB..=64 * GIB, 64 * MIB);
        let mut kinds = Kinds::default();
        for kind in Kind::ALL {
            section.table(kind.name(), |section| read_kind(section, kind, &mut kinds));
        }
        (
            Settings { memory: usize::try_from(memory).unwrap_or(usize::MAX), sends, keep: keep.max(Span::minutes(3)) },
            kinds,
        )
    })
}

fn read_kind(section: &mut Section<'_>, kind: Kind, kinds: &mut Kinds) {
    let settings = kinds.of_mut(kind);
    settings.limit = section.number("limit", 0.5..=1000.0).unwrap_or(settings.limit);
    settings.half_life =
        section.span("half_life", Span::minutes(1)..=Span::hours(24 * 30)).unwrap_or(settings.half_life);
    settings.rate_floor = section.number("rate_floor", 0.1..=100_000.0).unwrap_or(settings.rate_floor);
    settings.open_floor = section.number("open_floor", 1.0..=100_000.0).unwrap_or(settings.open_floor);
}

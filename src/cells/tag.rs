//! What an entry of the table holds: a cell of a kind, or something else that is remembered in the same memory.

use super::cell::Cell;
use super::{Kind, Kinds, carriers, countries, pages, sequence, trust, unanswered};
use crate::domain::Timestamp;

/// What an entry holds.
#[derive(Clone, Copy)]
pub(super) enum Tag {
    Cell(Kind),
    Trust,
    Page,
    Sequence,
    Unanswered,
    Carrier,
    Country,
}

impl Tag {
    /// `None` where no entry is tagged so.
    pub(super) fn of(entry: &Cell) -> Option<Self> {
        Some(match entry.tag {
            trust::TAG..=trust::LAST_TAG => Self::Trust,
            pages::TAG => Self::Page,
            sequence::TAG => Self::Sequence,
            unanswered::TAG => Self::Unanswered,
            carriers::TAG => Self::Carrier,
            countries::TAG => Self::Country,
            kind => Self::Cell(*Kind::ALL.get(usize::from(kind))?),
        })
    }
}

/// What is lost if an entry goes.
pub(super) fn worth(kinds: &Kinds, entry: &Cell, now: Timestamp) -> f32 {
    match Tag::of(entry).unwrap_or(Tag::Cell(Kind::Phone)) {
        Tag::Cell(kind) => entry.worth(kind, kinds.of(kind), now),
        Tag::Trust => trust::worth(entry, now),
        Tag::Page => pages::WORTH,
        Tag::Sequence => sequence::worth(entry),
        Tag::Unanswered => unanswered::worth(entry, now),
        Tag::Carrier => carriers::worth(entry),
        Tag::Country => countries::WORTH,
    }
}

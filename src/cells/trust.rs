//! Trust: who verified before. It is earned by verifying, fades, and is lost by silence.

use super::Kind;
use super::aspects::Aspects;
use super::cell::Cell;
use super::table::Table;
use crate::domain::{Span, Timestamp, Trust};
use crate::limits::mix;

const HALF_LIFE: Span = Span::hours(30 * 24);
/// Trusted from here on.
const ENOUGH: f32 = 0.5;
/// More verifications than this give no more trust.
const MOST: f32 = 4.0;
/// What a code that was never verified takes away.
const LOST_BY_SILENCE: f32 = 0.5;

/// What trust stands for.
#[derive(Clone, Copy)]
enum Bond {
    Phone,
    Client,
    ClientPhone,
    NetworkPhone,
    PlacePhone,
}

pub(super) const TAG: u8 = 32;
/// Each bond has one from there on.
pub(super) const LAST_TAG: u8 = TAG + 7;

impl Bond {
    const ALL: [Self; 5] = [Self::Phone, Self::Client, Self::ClientPhone, Self::NetworkPhone, Self::PlacePhone];

    fn key(self, aspects: &Aspects) -> Option<u64> {
        let key = |kind| aspects.key(kind);
        let value = match self {
            Self::Phone => key(Kind::Phone)?,
            Self::Client => key(Kind::Client)?,
            Self::ClientPhone => mix([key(Kind::Client)?, key(Kind::Phone)?]),
            Self::NetworkPhone => mix([key(Kind::Network)?, key(Kind::Phone)?]),
            Self::PlacePhone => mix([key(Kind::System)?, key(Kind::Fingerprint)?, key(Kind::Phone)?]),
        };
        // Three parts: a cell's key has two at most, and the phone's trust must not be the phone's evidence.
        Some(mix([value, u64::from(self.tag()), u64::from(TAG)]))
    }

    const fn tag(self) -> u8 {
        TAG + self as u8
    }
}

/// The keys of all bonds of an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bonds([Option<u64>; Bond::ALL.len()]);

impl Bonds {
    pub(super) fn of(aspects: &Aspects) -> Self {
        Self(Bond::ALL.map(|bond| bond.key(aspects)))
    }

    pub(super) const fn keys(&self) -> [Option<u64>; Bond::ALL.len()] {
        self.0
    }

    /// What they show.
    pub(super) fn trust(&self, table: &Table, now: Timestamp) -> Trust {
        let trusted = |bond| self.holds(bond, table, now);
        if trusted(Bond::ClientPhone) || trusted(Bond::NetworkPhone) {
            Trust::Owner
        } else if trusted(Bond::Client) || trusted(Bond::PlacePhone) {
            Trust::KnownClient
        } else if trusted(Bond::Phone) {
            Trust::KnownPhone
        } else {
            Trust::Unknown
        }
    }

    /// Whether this very client verified this phone: in the same network there may be others.
    pub(super) fn is_own_phone(&self, table: &Table, now: Timestamp) -> bool {
        self.holds(Bond::ClientPhone, table, now)
    }

    fn holds(&self, bond: Bond, table: &Table, now: Timestamp) -> bool {
        let cell = self.0[bond as usize].and_then(|key| table.get(key));
        cell.is_some_and(|cell| cell.left(now, HALF_LIFE) >= ENOUGH)
    }
}

pub(super) fn verified(table: &Table, aspects: &Aspects, now: Timestamp) {
    for bond in Bond::ALL {
        let Some(key) = bond.key(aspects) else { continue };
        let fresh = Cell { tag: bond.tag(), at: now.unix_ms(), ..Cell::default() };
        table.upsert(
            key,
            fresh,
            |cell| worth(cell, now),
            |cell| cell.recount(now, HALF_LIFE, |verified| (verified + 1.0).min(MOST)),
        );
    }
}

pub(super) fn silent(table: &Table, aspects: &Aspects, now: Timestamp) {
    for bond in [Bond::Client, Bond::ClientPhone, Bond::NetworkPhone, Bond::PlacePhone] {
        let Some(key) = bond.key(aspects) else { continue };
        table.change(key, |cell| cell.recount(now, HALF_LIFE, |verified| (verified - LOST_BY_SILENCE).max(0.0)));
    }
}

/// A little more than a stranger's cell.
pub(super) fn worth(cell: &Cell, now: Timestamp) -> f32 {
    0.5 + cell.left(now, HALF_LIFE).min(1.0)
}

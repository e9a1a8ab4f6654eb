//! One cell: what became of the sends that share something. 64 bytes.
//!
//! Everything that fades is kept as it was at `at`, and is faded when the cell is next written or read.

use super::fade::{half, half_and_fade};
use super::kind::{Kind, KindSettings};
use crate::domain::{Span, Timestamp};

/// Two alternatives are held against real use: abuse that verifies almost nothing, and abuse that fakes half of it.
pub(super) const ALTERNATIVES: usize = 2;

/// Time constant of the rate that is called "the last minute".
const FAST: Span = Span::seconds(60);
/// Time constant of the verifications that explain the volume of the moment.
const RECENT: Span = Span::seconds(120);
/// Time constant within which an outage shows.
pub(super) const OUTAGE: Span = Span::minutes(6);
/// From the first of these shares of missing verifications on some of it is certainly an outage's, not the evening's; from
/// the second on all of it.
const CERTAIN: (f32, f32) = (0.2, 0.55);
/// The same where people who are known by the client that they ask with miss theirs too: those of the evening verify.
const CONFIRMED: (f32, f32) = (0.05, 0.25);
/// Fewer verifications promised within six minutes are too few for any to be missing.
pub(super) const PROMISED: f32 = 1.0;
/// Time constant of history.
const SLOW: Span = Span::hours(2);
/// History lasts up to so many times longer in an outage.
const HELD: f32 = 3.0;

/// By then every send that was open has passed the horizon.
const SETTLED: Span = Span::minutes(10);

/// Sends are weighted in 64ths.
pub(super) const WHOLE: i32 = 64;
/// Evidence of open sends is added and taken back exactly, so it is kept in 4096ths of a nat.
pub(super) const NAT: f32 = 4096.0;

/// A cell as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub(super) struct Cell {
    pub(super) tag: u8,
    /// When it was made, in milliseconds modulo 2^24; 0 where that is longer ago than any send is open.
    pub(super) born: u32,
    /// Silent sends younger than the horizon, in 64ths.
    pub(super) open: i32,
    pub(super) at: u64,
    /// Evidence of the sends younger than the horizon, in 4096ths of a nat.
    pub(super) window: [i32; ALTERNATIVES],
    /// Evidence of older sends, in nats, never below 0.
    pub(super) matured: [f32; ALTERNATIVES],
    /// Attempts, fading with a time constant of a minute: about those of the last minute.
    pub(super) fast: f32,
    /// Verifications, with two hours: history.
    pub(super) slow: f32,
    /// Verifications, with two minutes.
    pub(super) recent: f32,
    /// Verifications, with six minutes.
    pub(super) came: f32,
    /// Verifications that real use would have given, with six minutes.
    pub(super) due: f32,
    /// Sends, fading with the half-life of the kind: for reasons.
    pub(super) sent: f32,
    /// Verifications, likewise.
    pub(super) verified: f32,
    /// Times that a proof was asked for or the attempt was refused, fading with six minutes.
    pub(super) refused: f32,
}

pub(super) const WORDS: usize = 8;

impl Cell {
    pub(super) fn from_words(words: &[u64; WORDS]) -> Self {
        let [head, at, window, matured, rates, outage, counts, rest] = *words;
        let [window, matured] = [window, matured].map(halves);
        let [(fast, slow), (came, due), (sent, verified), (recent, refused)] =
            [rates, outage, counts, rest].map(|word| floats(halves(word)));
        #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "fields of a word")]
        Self {
            tag: head as u8,
            born: head as u32 >> 8,
            open: (head >> 32) as u32 as i32,
            at,
            window: [window.0 as i32, window.1 as i32],
            matured: floats(matured).into(),
            fast,
            slow,
            recent,
            came,
            due,
            sent,
            verified,
            refused,
        }
    }

    pub(super) fn to_words(self) -> [u64; WORDS] {
        #[expect(clippy::cast_sign_loss, reason = "fields of a word")]
        [
            u64::from(self.tag) | u64::from(self.born) << 8 | u64::from(self.open as u32) << 32,
            self.at,
            join(self.window[0] as u32, self.window[1] as u32),
            join(self.matured[0].to_bits(), self.matured[1].to_bits()),
            join(self.fast.to_bits(), self.slow.to_bits()),
            join(self.came.to_bits(), self.due.to_bits()),
            join(self.sent.to_bits(), self.verified.to_bits()),
            join(self.recent.to_bits(), self.refused.to_bits()),
        ]
    }

    /// A cell that is made now.
    pub(super) fn fresh(tag: u8, now: Timestamp) -> Self {
        Self { tag, at: now.unix_ms(), born: low_bits(now.unix_ms()).max(1), ..Self::default() }
    }

    /// Whether it is the cell that a send of that time was charged to. Another one had gone for lack of room: then this
    /// one never held what the send said, and must not give it back.
    pub(super) fn was_there(&self, sent: Timestamp) -> bool {
        self.born == 0 || self.at.saturating_sub(sent.unix_ms()) <= self.age()
    }

    fn age(&self) -> u64 {
        u64::from(low_bits(self.at.wrapping_sub(u64::from(self.born))))
    }

    /// Of an entry that counts verifications alone: those that have not faded by `now`. Nothing else of it fades.
    pub(super) fn left(&self, now: Timestamp, half_life: Span) -> f32 {
        self.matured[0] * half(now.unix_ms().saturating_sub(self.at), half_life)
    }

    /// Changes their number, as it is at `now`.
    pub(super) fn recount(&mut self, now: Timestamp, half_life: Span, change: impl FnOnce(f32) -> f32) {
        self.matured[0] = change(self.left(now, half_life));
        self.at = self.at.max(now.unix_ms());
    }

    /// Whether it is a place where hardly anybody verifies.
    pub(super) fn is_deserted(&self, kind: Kind) -> bool {
        kind.is_deserted(self.sent, self.verified)
    }

    /// The time in which its evidence halves as one of that kind. Until it is written again that stays the same.
    pub(super) fn half_life(&self, kind: Kind, settings: &KindSettings) -> Span {
        settings.fades_in(kind, self.sent, self.verified)
    }

    /// Brings everything that fades to `now`, as one of that kind. A time before the last one changes nothing.
    pub(super) fn fade_to(&mut self, now: Timestamp, kind: Kind, settings: &KindSettings) {
        self.fade(now, self.half_life(kind, settings), SLOW);
    }

    /// As it is at `now`.
    pub(super) fn faded(mut self, now: Timestamp, kind: Kind, settings: &KindSettings) -> Self {
        self.fade_to(now, kind, settings);
        self
    }

    /// The same where the share `outage` of verifications is missing: history fades the slower, or it would be forgotten
    /// before the outage is over, and the silence of the rest held against people.
    pub(super) fn fade_in_outage(&mut self, now: Timestamp, kind: Kind, settings: &KindSettings, outage: f32) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "hours"
        )]
        let history = Span::millis((SLOW.as_millis() as f32 * (1.0 + HELD * outage)) as u64);
        self.fade(now, self.half_life(kind, settings), history);
    }

    fn fade(&mut self, now: Timestamp, half_life: Span, history: Span) {
        let ms = now.unix_ms().saturating_sub(self.at);
        if ms == 0 {
            return;
        }
        self.at = now.unix_ms();
        if self.age() > SETTLED.as_millis() {
            self.born = 0;
        }
        let (kind, [fast, recent, outage, slow]) = half_and_fade(ms, half_life, [FAST, RECENT, OUTAGE, history]);
        self.matured = self.matured.map(|evidence| evidence * kind);
        self.sent *= kind;
        self.verified *= kind;
        self.fast *= fast;
        self.recent *= recent;
        self.came *= outage;
        self.due *= outage;
        self.refused *= outage;
        self.slow *= slow;
    }

    /// Evidence in nats, of the alternative that explains it best.
    pub(super) fn evidence(&self) -> f32 {
        self.evidence_with(&Self::default())
    }

    /// The same of what this cell and another hold together.
    pub(super) fn evidence_with(&self, other: &Self) -> f32 {
        let of = |index: usize| {
            let matured = self.matured[index] + other.matured[index];
            matured + nats(self.window[index].wrapping_add(other.window[index]))
        };
        of(0).max(of(1)).max(0.0)
    }

    /// Real attempts a minute that the verifications of two hours speak for.
    pub(super) fn history(&self, conversion: f32) -> f32 {
        self.slow / minutes(SLOW) / conversion
    }

    /// Real attempts a minute that the verifications of the last two minutes speak for.
    pub(super) fn explained_now(&self, conversion: f32) -> f32 {
        self.recent / minutes(RECENT) / conversion
    }

    /// How far the sends so far convert as real use does by now, 0 to 1: a crowd shows within seconds.
    pub(super) fn as_real(&self) -> f32 {
        if self.due < 2.0 { 0.0 } else { ((self.came / self.due - 0.6) / 0.3).clamp(0.0, 1.0) }
    }

    /// The share of verifications that real use would have given by now and that have not come, 0 to 1.
    pub(super) fn not_come(&self) -> f32 {
        if self.due > 0.0 { ((self.due - self.came) / self.due).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// How much of them is certainly missing, 0 to 1.
    pub(super) fn missing(&self) -> f32 {
        certain(self.not_come(), CERTAIN)
    }

    /// Verifications of six minutes, by those of the last hours.
    pub(super) fn promised(&self) -> f32 {
        self.slow * minutes(OUTAGE) / minutes(SLOW)
    }

    /// How much of the verifications that history promised is missing, 0 to 1, where those of the sends of the last ten
    /// minutes are missing too. Abuse on top of real use takes no verification away; an outage does, and so does the
    /// evening, unless it is `confirmed` that known clients miss theirs.
    pub(super) fn outage(&self, confirmed: bool) -> f32 {
        let promised = self.promised();
        if promised < PROMISED || self.due < 1.0 {
            return 0.0;
        }
        let of_history = (promised - self.came - promised.sqrt()) / promised;
        certain(of_history, if confirmed { CONFIRMED } else { CERTAIN }).min(self.missing())
    }

    /// What is lost if it goes: evidence and history above all.
    pub(super) fn worth(&self, kind: Kind, settings: &KindSettings, now: Timestamp) -> f32 {
        let faded = self.faded(now, kind, settings);
        let busy = if self.open != 0 || self.window != [0; ALTERNATIVES] { 4.0 } else { 0.0 };
        busy + 2.0 * faded.evidence() / settings.limit + faded.slow.min(1.0) + faded.fast.min(1.0)
    }
}

/// What of a missing share is certainly missing, between a share of which nothing is and one of which all is.
fn certain(share: f32, (nothing, all): (f32, f32)) -> f32 {
    ((share - nothing) / (all - nothing)).clamp(0.0, 1.0)
}

/// The last 24 bits.
const fn low_bits(ms: u64) -> u32 {
    (ms & 0xff_ffff) as u32
}

#[expect(clippy::cast_precision_loss, reason = "a bound far above any window")]
pub(super) fn nats(fixed: i32) -> f32 {
    fixed as f32 / NAT
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of hours")]
pub(super) fn minutes(span: Span) -> f32 {
    span.as_millis() as f32 / 60_000.0
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of a word")]
const fn halves(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}

fn floats((low, high): (u32, u32)) -> (f32, f32) {
    (f32::from_bits(low), f32::from_bits(high))
}

fn join(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

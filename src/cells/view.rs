//! What a cell shows at a moment: evidence, volume, and what its history explains of it.

use super::cell::{Cell, OUTAGE, WHOLE, minutes};
use super::kind::KindSettings;
use super::{Kind, RealUse};
use crate::domain::{Rung, Span, Timestamp};

/// A volume of up to so many times of what history explains is no surprise.
const SURPRISE: f32 = 3.0;
/// Pressure asks for a proof at so many times the evidence that would.
const PRESSURE_SCALE: f32 = 2.5;
/// The bound on silent sends grows by so many of what history explains.
pub(super) const OPEN_MULTIPLE: f32 = 3.0;

/// Part of the limit that is enough of those who solved a proof of work, or a captcha.
const PROVEN_POW: f32 = 0.5;
const PROVEN_CAPTCHA: f32 = 0.4;
/// Part of the limit that is enough where nobody verified lately, and the verifications that make it whole.
const NEW: f32 = 0.75;
const NEW_COUNTRY: f32 = 0.6;
/// Of an address: two silent codes are enough to ask for a proof of work, and two more after such proofs to ask for a captcha.
/// A bomber with a real browser gives itself away by no more than that, and hardly any real user meets it: quiet days ask
/// for 0.01 points more. At 0.3 they ask for twice as much, and the bomber's messages are hardly fewer.
const NEW_ADDRESS: f32 = 0.6;
const NEW_ADDRESS_PROVEN: f32 = 0.4;
const KNOWN: f32 = 10.0;

/// A cell at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// The aspect.
    pub kind: Kind,
    /// Evidence over the kind's limit; at 1 the rung closes.
    pub heat: f32,
    /// Volume that history does not explain, on the same scale; 0 above the first rung.
    pub pressure: f32,
    /// Silent sends of the last two minutes.
    pub open: f32,
    /// The most of them that the rung bears.
    pub bound: f32,
    /// Messages of a day to a phone that nobody answered, below the rung of captchas; else 0.
    pub unanswered: f32,
    /// The most of them.
    pub open_floor: f32,
    /// Evidence, in nats.
    pub evidence: f32,
    /// Sends, fading with the kind's half-life.
    pub sent: f32,
    /// Verifications of these.
    pub verified: f32,
    /// Attempts of about the last minute.
    pub rate: f32,
    /// Messages a minute of the last six minutes that were out long enough to be verified.
    pub went_out: f32,
    /// Attempts a minute that verifications speak for.
    pub explained: f32,
    /// Attempts a minute that the verifications of the last two hours speak for.
    pub history: f32,
    /// Of the country at the first rung: share of real verifications that are missing there for everyone, or at the phone's
    /// carrier; else 0.
    pub outage: f32,
    /// Whether verifications were seen lately, 0 to 1: where there were none, none can be missing.
    pub known: f32,
    /// Verifications of the last six minutes over those that real use would have given; before any were due 1, or, of
    /// what thousands of people share, the same over the half-life.
    pub health: f32,
    /// How surely a crowd of real people is behind it, 0 to 1, for many verify: evidence says that much less.
    pub crowd: f32,
    /// The half-life of what it remembers.
    pub half_life: Span,
    /// Proofs asked for and refusals of the last six minutes, fading.
    pub refused: f32,
}

/// Abuse that verifies part of its own numbers stays below this part of real verifications.
const FAKED: f32 = 0.7;
/// Codes of a half-life whose verifications tell how a cell is, where none were due lately.
const TELLING: f32 = 4.0;
/// So many times of what history explains is not the real users' doing.
const FOREIGN: f32 = 8.0;
/// What a few hundred people share, of whom nobody verifies any more, may be in an outage that shows nowhere else: so many
/// times what history explains may be theirs.
const EXCUSED: f32 = 4.0;
/// Attempts of the last minute count beyond so many standard deviations: one or two are chance.
const CHANCE: f32 = 2.0;
/// Proofs asked for and refusals of six minutes that make a siege of a place where nobody verified.
const BESIEGED: f32 = 3.0;
/// Part of real verifications below which nobody real is there to be hurt.
const UNHEALTHY: f32 = 0.3;
/// Real verifications that must have been due lately before a crowd behind an address shows: at so many nothing does, at
/// twice as many all.
const CROWD: f32 = 5.0;
/// Part of them that came: below the first it is no crowd, from the second on all of it is. Evidence takes every session
/// for one more witness, so where hundreds come who verify a little less or later than others it would grow without bound;
/// but nobody who harasses or pumps verifies half.
const CROWD_VERIFIES: (f32, f32) = (0.4, 0.55);

impl View {
    /// Whether abuse may be held against the cell as such at a rung. What thousands of people share may not be, as long as
    /// some of them verify; and what nearly everybody shares asks for a captcha then, but turns nobody away.
    pub fn is_to_blame(&self, rung: Rung) -> bool {
        let attempts = self.attempts(rung);
        let is_foreign = |times: f32| attempts > times * self.history;
        match self.kind {
            Kind::Phone | Kind::Client => true,
            Kind::Fingerprint | Kind::Endpoint if rung != Rung::Pow => false,
            // To turn everybody away whose number is one of a million takes as much as to turn a country away.
            kind if kind.is_wide() || (kind == Kind::WideRange && rung >= Rung::Captcha) => {
                is_foreign(FOREIGN) && self.health < FAKED
            }
            _ => is_foreign(EXCUSED) || self.health > UNHEALTHY || self.verified < KNOWN,
        }
    }

    /// Attempts a minute that are surely more than chance.
    fn attempts(&self, rung: Rung) -> f32 {
        let surely = (self.rate - CHANCE * self.rate.sqrt()).max(self.went_out);
        match rung {
            // Nearly all that come are stopped there by then, real ones too: that alone is not to keep it closed.
            Rung::None => surely,
            // What a narrower cell explains is hardly counted in the rate of this one, but is stopped at it.
            Rung::Pow | Rung::Captcha | Rung::Block => surely.max(self.refused / minutes(OUTAGE)),
        }
    }

    /// The evidence at which the rung closes, if it has any.
    pub(super) fn limit(&self) -> f32 {
        (1.0 - self.crowd) * self.evidence / self.heat
    }

    /// How little is known of the place that the message goes to, 0 to 1; 0 of what is no such place.
    pub fn novelty(&self) -> f32 {
        if self.kind.is_destination() { 1.0 - known(self.sent, self.verified) } else { 0.0 }
    }

    /// How surely abuse goes to a place at this moment, 0 to 1: much is stopped there, and hardly anybody verifies. It
    /// shows before any code could have been verified, and where those that are stopped were all stopped for their looks.
    pub fn besieged(&self) -> f32 {
        self.novelty() * self.stopping()
    }

    /// How much is stopped there at this moment, 0 to 1.
    pub fn stopping(&self) -> f32 {
        (self.refused / BESIEGED).min(1.0)
    }

    /// How long until a siege is over where nothing more is stopped: until less than one is left of what was.
    pub fn siege_ends_in(&self) -> Span {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "minutes of an hour"
        )]
        let minutes = (OUTAGE.as_millis() as f32 / 60_000.0 * self.refused.max(1.0).ln()).ceil() as u64;
        Span::minutes(minutes)
    }

    /// Whether too many messages wait for an answer, for whom so many times the bound is borne.
    pub fn is_overfull(&self, tolerance: f32) -> bool {
        self.open >= self.bound * tolerance || self.is_unanswered()
    }

    /// Whether too many messages of a day went unanswered.
    pub fn is_unanswered(&self) -> bool {
        self.unanswered >= self.open_floor
    }

    /// What a cell shows at the first rung; `beyond` is one that adds its evidence.
    pub(super) fn of(
        (cell, beyond): (&Cell, Option<&Cell>),
        kind: Kind,
        settings: &KindSettings,
        (real, now): (&RealUse, Timestamp),
    ) -> Self {
        let half_life = cell.half_life(kind, settings);
        let cell = cell.faded(now, kind, settings);
        #[expect(clippy::cast_possible_truncation, reason = "a share")]
        let conversion = real.conversion as f32;
        let explained = cell.history(conversion).max(cell.explained_now(conversion));
        let explained = if is_origin(kind) { explained.max(cell.fast * cell.as_real()) } else { explained };
        let evidence = match beyond {
            Some(beyond) => cell.evidence_with(&beyond.faded(now, kind, settings)),
            None => cell.evidence(),
        };
        let crowd = if is_origin(kind) { crowd(&cell) } else { 0.0 };
        Self {
            kind,
            heat: (1.0 - crowd) * evidence / limit(kind, Rung::None, (cell.sent, cell.verified), settings),
            pressure: pressure(cell.fast, explained, settings),
            open: sends(cell.open),
            bound: bound(Rung::None, explained, settings),
            unanswered: 0.0,
            open_floor: settings.open_floor,
            evidence,
            sent: cell.sent,
            verified: cell.verified,
            rate: cell.fast,
            went_out: cell.due / conversion / minutes(OUTAGE),
            explained,
            history: cell.history(conversion),
            outage: 0.0,
            known: ((cell.slow + cell.verified) / 3.0).min(1.0),
            health: health(&cell, kind, conversion),
            crowd,
            half_life,
            refused: cell.refused,
        }
    }

    /// What is shown at a rung above: the volume is that of the first, evidence and silent sends are those of the rung's
    /// `own` cell, where it has one.
    pub(super) fn at(&self, rung: Rung, own: Option<&Cell>, settings: &KindSettings, now: Timestamp) -> Self {
        let (evidence, open) = own.map_or((self.evidence, self.open), |own| {
            let own = own.faded(now, self.kind, settings);
            (own.evidence(), sends(own.open))
        });
        Self {
            heat: (1.0 - self.crowd) * evidence / limit(self.kind, rung, (self.sent, self.verified), settings),
            pressure: 0.0,
            open,
            bound: bound(rung, self.explained, settings),
            evidence,
            outage: 0.0,
            ..*self
        }
    }

    /// The attempts a minute below which its pressure is less than `pressure`, which it is not now.
    pub fn rate_below(&self, pressure: f32, settings: &KindSettings) -> f32 {
        let (mut low, mut high) = (0.0, self.rate);
        for _ in 0..f32::MANTISSA_DIGITS {
            let rate = f32::midpoint(low, high);
            if self::pressure(rate, self.explained, settings) < pressure { low = rate } else { high = rate }
        }
        low
    }
}

/// Who had to prove something is likelier to be abuse, so less evidence is enough; and so it is where nobody has ever
/// verified: abuse of a range or a country begins with numbers that nobody has seen.
pub(super) fn limit(kind: Kind, rung: Rung, (sent, verified): (f32, f32), settings: &KindSettings) -> f32 {
    let proven = match rung {
        Rung::None => 1.0,
        Rung::Pow => PROVEN_POW,
        Rung::Captcha | Rung::Block => PROVEN_CAPTCHA,
    };
    let new = match (kind, rung) {
        (Kind::Range | Kind::WideRange, _) => NEW * proven,
        (Kind::Pair | Kind::Country | Kind::NewCountries, _) => NEW_COUNTRY * proven,
        (Kind::Address, Rung::None) => NEW_ADDRESS,
        (Kind::Address, _) => NEW_ADDRESS_PROVEN,
        _ => return settings.limit,
    };
    settings.limit * (new + (1.0 - new) * known(sent, verified))
}

/// How well a place that messages go to is known by those who verified there, 0 to 1. Abuse that verifies some of its own
/// numbers doesn't make it known.
fn known(sent: f32, verified: f32) -> f32 {
    let share = (verified / sent.max(1.0) - 0.4) / 0.2;
    (verified / KNOWN).min(1.0) * share.clamp(0.0, 1.0)
}

/// Abuse that sends a few codes an hour leaves too few due within minutes to tell anything.
fn health(cell: &Cell, kind: Kind, conversion: f32) -> f32 {
    if cell.due >= 1.0 {
        cell.came / cell.due
    } else if kind.is_wide() && cell.sent >= TELLING {
        (cell.verified / (cell.sent * conversion)).min(1.0)
    } else {
        1.0
    }
}

fn crowd(cell: &Cell) -> f32 {
    let (none, all) = CROWD_VERIFIES;
    let verifies = (cell.came / cell.due.max(CROWD) - none) / (all - none);
    ((cell.due - CROWD) / CROWD).clamp(0.0, 1.0) * verifies.clamp(0.0, 1.0)
}

const fn is_origin(kind: Kind) -> bool {
    matches!(kind, Kind::Address | Kind::Network)
}

/// The silent sends that a cell bears, of which verifications explain so many attempts a minute.
fn bound(rung: Rung, explained: f32, settings: &KindSettings) -> f32 {
    (settings.open_floor + OPEN_MULTIPLE * explained) * larger(rung)
}

/// The bounds on silent sends grow with the proof: who paid for a step may be heard a little longer.
pub(super) const fn larger(rung: Rung) -> f32 {
    match rung {
        Rung::None => 1.0,
        Rung::Pow => 2.0,
        Rung::Captcha | Rung::Block => 3.0,
    }
}

/// `x ln(x/m) - (x - m)`, the evidence of a Poisson rate `x` against `m`, over 2.5 times the limit, where `x > 3 m`.
fn pressure(rate: f32, explained: f32, settings: &KindSettings) -> f32 {
    let expected = settings.rate_floor.max(explained);
    if rate <= SURPRISE * expected {
        return 0.0;
    }
    (rate * (rate / expected).ln() - (rate - expected)) / (PRESSURE_SCALE * settings.limit)
}

#[expect(clippy::cast_precision_loss, reason = "a count of sends")]
fn sends(weighted: i32) -> f32 {
    weighted.max(0) as f32 / WHOLE as f32
}

#[cfg(test)]
mod tests {
    use super::super::Kinds;
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);

    /// What `cell` shows as one of each of two kinds, one that thousands of people share and one that hundreds do.
    fn wide_and_narrow(cell: Cell) -> [View; 2] {
        let (kinds, real) = (Kinds::default(), RealUse::default());
        let cell = Cell { at: NOW.unix_ms(), ..cell };
        [Kind::Country, Kind::Range].map(|kind| View::of((&cell, None), kind, kinds.of(kind), (&real, NOW)))
    }

    #[test]
    fn a_place_is_to_blame_for_what_is_stopped_there_too() {
        // One real attempt a minute, and of a hundred stopped ones hardly any counts in the rate: a narrower cell explains them.
        let real = Cell { slow: 96.0, verified: 60.0, sent: 90.0, due: 20.0, came: 8.0, fast: 3.0, ..Cell::default() };
        for (stopped, health, to_blame) in [(600.0, 8.0, true), (600.0, 18.0, false), (30.0, 8.0, false)] {
            let [wide, _] = wide_and_narrow(Cell { refused: stopped, came: health, ..real });
            assert!(!wide.is_to_blame(Rung::None), "nobody would get through there to show otherwise");
            assert_eq!(wide.is_to_blame(Rung::Pow), to_blame, "{stopped} stopped, {health} of 20 came");
        }
    }

    #[test]
    fn one_attempt_that_nobodys_history_explains_is_chance() {
        let real = Cell { slow: 1.0, verified: 20.0, sent: 30.0, due: 1.0, fast: 1.0, ..Cell::default() };
        for (rate, went_out, to_blame) in [(1.0, 0.0, false), (4.0, 0.0, false), (30.0, 0.0, true), (1.0, 9.0, true)] {
            let [wide, narrow] = wide_and_narrow(real);
            for view in [wide, narrow] {
                let view = View { rate, went_out, ..view };
                assert_eq!(
                    view.is_to_blame(Rung::Captcha),
                    to_blame,
                    "{rate} a minute, {went_out} of six: {:?}",
                    view.kind
                );
            }
        }
    }

    #[test]
    fn a_million_numbers_are_turned_away_for_no_less_than_a_country() {
        let [wide, _] =
            wide_and_narrow(Cell { slow: 96.0, verified: 60.0, sent: 90.0, due: 20.0, came: 7.0, ..Cell::default() });
        // Seven times what history explains, and a third verifies: hot, it asks everybody for a captcha.
        let some = View { kind: Kind::WideRange, went_out: 7.0 * wide.history, ..wide };
        assert!(some.is_to_blame(Rung::Pow) && !some.is_to_blame(Rung::Captcha));
        let flooded = View { went_out: 9.0 * some.history, ..some };
        assert!(flooded.is_to_blame(Rung::Captcha));
    }

    #[test]
    fn a_crowd_behind_an_address_answers_for_what_it_leaves_silent() {
        let (kinds, real) = (Kinds::default(), RealUse::default());
        for (kind, due, came, heat) in [
            (Kind::Address, 40.0, 24.0, 0.0),
            (Kind::Address, 40.0, 16.0, 3.0),
            (Kind::Address, 40.0, 19.0, 1.5),
            (Kind::Address, 5.0, 5.0, 3.0),
            (Kind::Network, 40.0, 24.0, 0.0),
            (Kind::Range, 40.0, 24.0, 3.0),
        ] {
            let settings = kinds.of(kind);
            let limit = limit(kind, Rung::None, (0.0, 0.0), settings);
            let cell = Cell { at: NOW.unix_ms(), due, came, matured: [3.0 * limit; 2], ..Cell::default() };
            let view = View::of((&cell, None), kind, settings, (&real, NOW));
            assert!((view.heat - heat).abs() < 1e-3, "{kind:?}, {came} of {due}: {}", view.heat);
        }
    }

    #[test]
    fn abuse_of_a_few_codes_an_hour_shows_in_those_of_a_half_life() {
        let slow = Cell { sent: 15.0, verified: 2.0, due: 0.4, fast: 0.5, ..Cell::default() };
        let [wide, narrow] = wide_and_narrow(slow);
        assert!((wide.health - 2.0 / (15.0 * 0.8)).abs() < 1e-6, "{}", wide.health);
        assert!(wide.is_to_blame(Rung::Pow));
        assert!((narrow.health - 1.0).abs() < 1e-6, "of a range that would say that its people can't verify");
        let [few, _] = wide_and_narrow(Cell { sent: 3.0, verified: 0.0, ..slow });
        assert!((few.health - 1.0).abs() < 1e-6, "three codes tell nothing");
        let [lately, _] = wide_and_narrow(Cell { due: 4.0, came: 3.0, ..slow });
        assert!((lately.health - 0.75).abs() < 1e-6, "what was due lately counts where it was enough");
    }
}

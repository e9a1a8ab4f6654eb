//! What a cell shows at a moment: evidence, volume, and what its history explains of it.

use super::cell::{Cell, OUTAGE, WHOLE};
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
    /// Attempts a minute that verifications speak for.
    pub explained: f32,
    /// Attempts a minute that the verifications of the last two hours speak for.
    pub history: f32,
    /// Of the country at the first rung: share of real verifications that are missing there for everyone, or at the phone's
    /// carrier; else 0.
    pub outage: f32,
    /// Whether verifications were seen lately, 0 to 1: where there were none, none can be missing.
    pub known: f32,
    /// Verifications of the last six minutes over those that real use would have given; 1 before any were due.
    pub health: f32,
    /// The kind's half-life.
    pub half_life: Span,
    /// Proofs asked for and refusals of the last six minutes, fading.
    pub refused: f32,
}

/// Abuse that verifies part of its own numbers stays below this part of real verifications.
const FAKED: f32 = 0.7;
/// So many times of what history explains is not the real users' doing.
const FOREIGN: f32 = 8.0;
/// Proofs asked for and refusals of six minutes that make a siege of a place where nobody verified.
const BESIEGED: f32 = 3.0;
/// Part of real verifications below which nobody real is there to be hurt.
const UNHEALTHY: f32 = 0.3;

impl View {
    /// Whether abuse may be held against the cell as such. What thousands of people share may not be, as long as some of
    /// them verify.
    pub fn is_to_blame(&self) -> bool {
        match self.kind {
            Kind::Fingerprint | Kind::Endpoint => false,
            Kind::Phone | Kind::Client => true,
            kind => {
                let foreign = self.rate > FOREIGN * self.history;
                if kind.is_wide() {
                    foreign && self.health < FAKED
                } else {
                    foreign || self.health > UNHEALTHY || self.verified < KNOWN
                }
            }
        }
    }

    /// How little is known of the place that the message goes to, 0 to 1; 0 of what is no such place.
    pub fn novelty(&self) -> f32 {
        if is_destination(self.kind) { 1.0 - known(self.sent, self.verified) } else { 0.0 }
    }

    /// How surely abuse goes to a place at this moment, 0 to 1: much is stopped there, and hardly anybody verifies. It
    /// shows before any code could have been verified, and where those that are stopped were all stopped for their looks.
    pub fn besieged(&self) -> f32 {
        self.novelty() * (self.refused / BESIEGED).min(1.0)
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
        let cell = cell.faded(now, settings.half_life);
        #[expect(clippy::cast_possible_truncation, reason = "a share")]
        let conversion = real.conversion as f32;
        let explained = cell.history(conversion).max(cell.explained_now(conversion));
        let explained = if is_origin(kind) { explained.max(cell.fast * cell.as_real()) } else { explained };
        let evidence = match beyond {
            Some(beyond) => cell.evidence_with(&beyond.faded(now, settings.half_life)),
            None => cell.evidence(),
        };
        Self {
            kind,
            heat: evidence / limit(kind, Rung::None, (cell.sent, cell.verified), settings),
            pressure: pressure(cell.fast, explained, settings),
            open: sends(cell.open),
            bound: bound(Rung::None, explained, settings),
            unanswered: 0.0,
            open_floor: settings.open_floor,
            evidence,
            sent: cell.sent,
            verified: cell.verified,
            rate: cell.fast,
            explained,
            history: cell.history(conversion),
            outage: 0.0,
            known: ((cell.slow + cell.verified) / 3.0).min(1.0),
            health: if cell.due < 1.0 { 1.0 } else { cell.came / cell.due },
            half_life: settings.half_life,
            refused: cell.refused,
        }
    }

    /// What is shown at a rung above: the volume is that of the first, evidence and silent sends are those of the rung's
    /// `own` cell, where it has one.
    pub(super) fn at(&self, rung: Rung, own: Option<&Cell>, settings: &KindSettings, now: Timestamp) -> Self {
        let (evidence, open) = own.map_or((self.evidence, self.open), |own| {
            let own = own.faded(now, settings.half_life);
            (own.evidence(), sends(own.open))
        });
        Self {
            heat: evidence / limit(self.kind, rung, (self.sent, self.verified), settings),
            pressure: 0.0,
            open,
            bound: bound(rung, self.explained, settings),
            evidence,
            outage: 0.0,
            ..*self
        }
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
        (Kind::Pair | Kind::Country, _) => NEW_COUNTRY * proven,
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

const fn is_origin(kind: Kind) -> bool {
    matches!(kind, Kind::Address | Kind::Network)
}

const fn is_destination(kind: Kind) -> bool {
    matches!(kind, Kind::Range | Kind::WideRange | Kind::Pair | Kind::Country)
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

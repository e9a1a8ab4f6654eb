//! What attempts share, from the narrowest aspect to the widest, and how much evidence each kind of cell bears.

use crate::domain::Span;

/// An aspect that attempts share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The phone.
    Phone,
    /// Cookie or device.
    Client,
    /// IPv4, or IPv6 /64.
    Address,
    /// The number less its last four digits.
    Range,
    /// /24, or IPv6 /48.
    Network,
    /// The number less its last six digits.
    WideRange,
    /// Header names in order, agent without versions, JA4.
    Fingerprint,
    /// Autonomous system of the address.
    System,
    /// Country of the phone with country of the address.
    Pair,
    /// Country of the phone.
    Country,
    /// All countries of phones where hardly anybody has verified yet, together; see [`countries`](super::countries).
    NewCountries,
    /// The endpoint.
    Endpoint,
}

impl Kind {
    /// Every kind, the narrowest first: the order in which sends are charged.
    pub const ALL: [Self; 12] = [
        Self::Phone,
        Self::Client,
        Self::Address,
        Self::Range,
        Self::Network,
        Self::WideRange,
        Self::Fingerprint,
        Self::System,
        Self::Pair,
        Self::Country,
        Self::NewCountries,
        Self::Endpoint,
    ];

    /// The name in configuration, reasons and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Client => "client",
            Self::Address => "address",
            Self::Range => "range",
            Self::Network => "network",
            Self::WideRange => "wide_range",
            Self::Fingerprint => "fingerprint",
            Self::System => "system",
            Self::Pair => "pair",
            Self::Country => "country",
            Self::NewCountries => "new_countries",
            Self::Endpoint => "endpoint",
        }
    }

    /// Whether thousands of people share it.
    pub const fn is_wide(self) -> bool {
        matches!(
            self,
            Self::Fingerprint | Self::System | Self::Pair | Self::Country | Self::NewCountries | Self::Endpoint
        )
    }

    /// Whether it is a place that messages go to.
    pub const fn is_destination(self) -> bool {
        matches!(self, Self::Range | Self::WideRange | Self::Pair | Self::Country | Self::NewCountries)
    }

    /// Whether it is one person's, or those of one household.
    pub(super) const fn is_personal(self) -> bool {
        matches!(self, Self::Phone | Self::Client | Self::Address)
    }

    /// Whether clients that verified before have a cell of their own, which abuse by strangers never touches.
    pub const fn split_by_trust(self) -> bool {
        !matches!(self, Self::Client)
    }
}

/// How a kind of cell behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KindSettings {
    /// Evidence at which a rung closes, in nats (natural log-likelihood ratio).
    pub limit: f32,
    /// Evidence halves in this time; see [`KindSettings::fades_in`].
    pub half_life: Span,
    /// Attempts a minute that need no history: the floor of what volume is held against.
    pub rate_floor: f32,
    /// Silent sends of the last two minutes that need no history. To a phone: messages of a day that nobody answered, from
    /// which on a captcha is asked for; up to 8.
    pub open_floor: f32,
}

/// A place that messages go to where hardly anybody verifies is forgotten so many times slower. Of abuse that goes on for
/// days nearly all that gets through are the messages that show again, each time a cell has faded, that it hasn't ended.
/// Hardly anybody real is there to be asked in the meantime, and the first few who verify end it.
const DESERTED: u64 = 4;
/// Part of a place's codes of which that is too few.
const HARDLY_ANY: f32 = 0.1;

impl Kind {
    /// Whether it is a place of which hardly any of so many codes are verified.
    pub(super) fn is_deserted(self, sent: f32, verified: f32) -> bool {
        self.is_destination() && verified < HARDLY_ANY * sent
    }
}

impl KindSettings {
    /// The time in which the evidence of a cell halves that remembers so many codes and verifications.
    pub(super) fn fades_in(&self, kind: Kind, sent: f32, verified: f32) -> Span {
        let times = if kind.is_deserted(sent, verified) { DESERTED } else { 1 };
        Span::millis(self.half_life.as_millis() * times)
    }
}

/// The settings of every kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Kinds([KindSettings; Kind::ALL.len()]);

impl Kinds {
    /// The settings of one kind.
    pub fn of(&self, kind: Kind) -> &KindSettings {
        &self.0[kind as usize]
    }

    /// To change the settings of one kind.
    pub fn of_mut(&mut self, kind: Kind) -> &mut KindSettings {
        &mut self.0[kind as usize]
    }
}

impl Default for Kinds {
    fn default() -> Self {
        const fn kind(limit: f32, half_life: Span, rate_floor: f32, open_floor: f32) -> KindSettings {
            KindSettings { limit, half_life, rate_floor, open_floor }
        }
        let (minutes, hours) = (Span::minutes, Span::hours);
        Self([
            kind(2.6, hours(24), 1.0, 3.0),
            kind(3.7, hours(12), 1.0, 4.0),
            kind(5.0, hours(8), 2.0, 10.0),
            kind(7.2, hours(24), 1.0, 10.0),
            kind(7.7, hours(3), 1.5, 15.0),
            kind(9.6, hours(6), 1.5, 15.0),
            kind(12.0, minutes(30), 4.0, 40.0),
            kind(10.0, minutes(45), 3.0, 25.0),
            kind(10.0, minutes(45), 3.0, 25.0),
            kind(10.0, minutes(45), 3.0, 25.0),
            kind(10.0, minutes(45), 3.0, 25.0),
            kind(13.0, minutes(20), 6.0, 50.0),
        ])
    }
}

//! A phone as everything past `numbering` sees it: a pseudonym and what may be shown.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{Country, Money};
use crate::privacy::Pseudonym;

/// A phone without its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phone {
    /// Keyed name.
    pub id: Pseudonym,
    /// Where the number is from; `None` for ranges of no country (satellite, international networks).
    pub country: Option<Country>,
    /// E.164 country calling code, such as 44.
    pub calling_code: u16,
    /// E.164 less four digits.
    pub range: Range,
    /// The last two digits.
    pub last_two: u8,
    /// Mobile, fixed line, premium rate and so on.
    pub kind: NumberKind,
    /// How far the number fits its country's plan.
    pub validity: Validity,
    /// What one SMS to it costs by the price table.
    pub price: Money,
}

impl Phone {
    /// For people: `+44 7402 41••71`.
    pub fn masked(&self) -> MaskedPhone {
        MaskedPhone { calling_code: self.calling_code, range: self.range, last_two: self.last_two }
    }
}

/// E.164 less its last four digits: `+44740241`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Range(u64);

impl Range {
    /// From the digits that are left.
    pub const fn new(digits: u64) -> Self {
        Self(digits)
    }

    /// The digits, for tables.
    pub const fn digits(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Range {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How a phone shows: country code, range in groups of four, two dots, last two digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskedPhone {
    calling_code: u16,
    range: Range,
    last_two: u8,
}

impl MaskedPhone {
    /// The country calling code and the last two digits of a masked phone that was written down.
    pub fn parts(text: &str) -> Option<(u16, u8)> {
        let (range, last_two) = text.strip_prefix('+')?.split_once("••")?;
        let code = range.split(' ').next()?;
        Some((code.parse().ok()?, last_two.parse().ok()?))
    }

    /// Reads what [`Display`](fmt::Display) writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (calling_code, last_two) = Self::parts(text)?;
        let range = text.strip_prefix('+')?.split_once("••")?.0.replace(' ', "").parse().ok()?;
        Some(Self { calling_code, range: Range::new(range), last_two })
    }
}

impl fmt::Display for MaskedPhone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.range.0.to_string();
        let national = digits.strip_prefix(&self.calling_code.to_string()).unwrap_or_default();
        write!(f, "+{}", self.calling_code)?;
        for (index, digit) in national.chars().enumerate() {
            if index % 4 == 0 {
                f.write_str(" ")?;
            }
            write!(f, "{digit}")?;
        }
        write!(f, "••{:02}", self.last_two)
    }
}

impl Serialize for MaskedPhone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a numbering plan says a number is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberKind {
    /// A mobile phone.
    Mobile,
    /// A fixed line.
    FixedLine,
    /// The plan doesn't tell mobile and fixed apart (US, CA).
    FixedOrMobile,
    /// Internet telephony.
    Voip,
    /// Costs the caller more than usual.
    PremiumRate,
    /// Cost shared between caller and called.
    SharedCost,
    /// Free to call.
    TollFree,
    /// A personal number that follows its owner.
    Personal,
    /// A pager.
    Pager,
    /// A company's universal access number.
    Uan,
    /// Reaches a voice mailbox.
    Voicemail,
    /// None of these.
    Unknown,
}

impl NumberKind {
    /// Whether it is, or may be, a mobile phone.
    pub const fn is_mobile(self) -> bool {
        matches!(self, Self::Mobile | Self::FixedOrMobile)
    }

    /// Every kind, for configuration and documentation.
    pub const ALL: [Self; 12] = [
        Self::Mobile,
        Self::FixedLine,
        Self::FixedOrMobile,
        Self::Voip,
        Self::PremiumRate,
        Self::SharedCost,
        Self::TollFree,
        Self::Personal,
        Self::Pager,
        Self::Uan,
        Self::Voicemail,
        Self::Unknown,
    ];

    /// The name in configuration, logs and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::FixedLine => "fixed_line",
            Self::FixedOrMobile => "fixed_or_mobile",
            Self::Voip => "voip",
            Self::PremiumRate => "premium_rate",
            Self::SharedCost => "shared_cost",
            Self::TollFree => "toll_free",
            Self::Personal => "personal",
            Self::Pager => "pager",
            Self::Uan => "uan",
            Self::Voicemail => "voicemail",
            Self::Unknown => "unknown",
        }
    }
}

/// How far a number fits its country's plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// In an assigned range.
    Valid,
    /// A possible length, but in no range that the plan assigns (plans grow faster than libraries).
    Possible,
    /// Too long or too short for its country.
    Impossible,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_phone_shows_range_and_last_two() {
        let masked = MaskedPhone { calling_code: 44, range: Range::new(44_740_241), last_two: 71 };
        assert_eq!(masked.to_string(), "+44 7402 41••71");
        assert_eq!(MaskedPhone::parts("+44 7402 41••71"), Some((44, 71)));
        assert_eq!(MaskedPhone::parse("+44 7402 41••71"), Some(masked));
        let short = MaskedPhone { calling_code: 7, range: Range::new(79_123), last_two: 5 };
        assert_eq!(short.to_string(), "+7 9123••05");
    }

    #[test]
    fn names_agree_with_serde() {
        for kind in NumberKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}

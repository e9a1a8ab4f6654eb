//! Points in time and lengths of time, in whole milliseconds. Nothing here reads a clock.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Later than any other.
    pub const MAX: Self = Self(u64::MAX);

    /// From Unix milliseconds.
    pub const fn from_unix_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// As Unix milliseconds.
    pub const fn unix_ms(self) -> u64 {
        self.0
    }

    /// As whole Unix seconds.
    pub const fn unix_s(self) -> u64 {
        self.0 / 1000
    }

    /// Time from `earlier` to `self`; zero where the clock went backwards.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// Reads RFC 3339, with any offset; `None` for anything else and for years before 1970.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        u64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok().map(Self)
    }
}

/// Length of `2026-11-20T18:10:02.000Z`.
const TEXT_LEN: usize = 24;

impl Timestamp {
    /// RFC 3339 in UTC with milliseconds; times after the year 9999 show as its last moment. By hand, because each
    /// line of the decision log holds several and the general formatting took a fifth of its time.
    fn text(self, text: &mut [u8; TEXT_LEN]) -> &str {
        *text = *b"9999-12-31T23:59:59.999Z";
        let seconds = i64::try_from(self.0 / 1000).unwrap_or(i64::MAX);
        if let Ok(at) = OffsetDateTime::from_unix_timestamp(seconds) {
            let (date, clock) = (at.date(), at.time());
            let ms = u32::try_from(self.0 % 1000).unwrap_or(0);
            for (end, digits, value) in [
                (4, 4, date.year().unsigned_abs()),
                (7, 2, u32::from(u8::from(date.month()))),
                (10, 2, u32::from(date.day())),
                (13, 2, u32::from(clock.hour())),
                (16, 2, u32::from(clock.minute())),
                (19, 2, u32::from(clock.second())),
                (23, 3, ms),
            ] {
                let place = text.get_mut(end - digits..end).unwrap_or_default();
                place.iter_mut().rev().fold(value, |rest, digit| {
                    *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
                    rest / 10
                });
            }
        }
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    /// `2026-11-20T18:10:02.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(&mut [0; TEXT_LEN]))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text(&mut [0; TEXT_LEN]))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::from_rfc3339(&text).ok_or_else(|| serde::de::Error::custom("this is no time in RFC 3339"))
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

/// A length of time in milliseconds. Written `500ms`, `60s`, `5m`, `24h`, `7d`.
///
/// ```
/// use sendwall::domain::Span;
///
/// assert_eq!("90s".parse(), Ok(Span::seconds(90)));
/// assert!("90".parse::<Span>().is_err(), "a number needs its unit");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(u64);

impl Span {
    /// Whole milliseconds.
    pub const fn millis(ms: u64) -> Self {
        Self(ms)
    }

    /// Whole seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds * 1000)
    }

    /// Whole minutes.
    pub const fn minutes(minutes: u64) -> Self {
        Self::seconds(minutes * 60)
    }

    /// Whole hours.
    pub const fn hours(hours: u64) -> Self {
        Self::minutes(hours * 60)
    }

    /// The length in milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The length in seconds, rounded up: for `Retry-After`, which must not invite too early.
    pub const fn as_seconds_up(self) -> u64 {
        self.0.div_ceil(1000)
    }

    /// For timers.
    pub const fn to_duration(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0)
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Why a text is no length of time.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a length of time; write a whole number and a unit: 500ms, 60s, 5m, 24h or 7d")]
pub struct SpanError(String);

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let error = || SpanError(text.to_owned());
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(error)?;
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_not_a_number| error())?;
        let unit_ms = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(error()),
        };
        number.checked_mul(unit_ms).map(Self).ok_or_else(error)
    }
}

impl fmt::Display for Span {
    /// The largest unit that leaves no rest: `24h`, not `1440m`; days only from two on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0;
        match ms {
            0 => f.write_str("0s"),
            _ if ms.is_multiple_of(86_400_000) && ms > 86_400_000 => write!(f, "{}d", ms / 86_400_000),
            _ if ms.is_multiple_of(3_600_000) => write!(f, "{}h", ms / 3_600_000),
            _ if ms.is_multiple_of(60_000) && ms > 60_000 => write!(f, "{}m", ms / 60_000),
            _ if ms.is_multiple_of(1000) => write!(f, "{}s", ms / 1000),
            _ => write!(f, "{ms}ms"),
        }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_and_print() {
        for (text, ms, printed) in [
            ("500ms", 500, "500ms"),
            ("60s", 60_000, "60s"),
            ("5m", 300_000, "5m"),
            ("24h", 86_400_000, "24h"),
            ("1d", 86_400_000, "24h"),
            ("7d", 604_800_000, "7d"),
            ("90s", 90_000, "90s"),
            ("0s", 0, "0s"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!((span.as_millis(), span.to_string().as_str()), (ms, printed), "{text}");
        }
        for bad in ["", "5", "s", "5 s", "-5s", "1.5h", "5w", "99999999999999999999s", "9999999999999999d"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }

    #[test]
    fn times_read_and_print() {
        let at = Timestamp::from_rfc3339("2026-11-20T19:10:02.5+01:00").unwrap();
        assert_eq!(at.to_string(), "2026-11-20T18:10:02.500Z");
        assert_eq!(Timestamp::from_rfc3339(&at.to_string()), Some(at));
        assert_eq!(Timestamp::from_rfc3339("yesterday"), None);
        assert_eq!(Timestamp::from_rfc3339("1960-01-01T00:00:00Z"), None);
        assert_eq!(at.since(at + Span::seconds(1)), Span::default());
    }
}

//! A phone number in clear.

/// A phone number in clear, as the digits of its E.164 form without `+`.
///
/// It implements neither `Debug`, `Display` nor `Serialize`, so it can't reach a log, a metric, a file or an answer
/// by accident. It lives in the adapters that receive one (`extract`, `numbering`, outcome and list input) and is
/// turned into a [`Pseudonym`](super::Pseudonym) there.
#[derive(Clone, Copy, PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "a raw number must not be printable")]
pub struct RawPhone(u64);

impl RawPhone {
    /// Longest E.164 number, in digits (ITU-T E.164, 6.2.1).
    pub const MAX_DIGITS: u32 = 15;

    /// From the digits of an E.164 number; `None` above 15 digits or below 5, where no subscriber number exists.
    pub fn from_digits(digits: u64) -> Option<Self> {
        (10_000..10_u64.pow(Self::MAX_DIGITS)).contains(&digits).then_some(Self(digits))
    }

    /// All digits: for the pseudonym and for number intelligence, never for output.
    pub fn expose_digits(self) -> u64 {
        self.0
    }

    /// E.164 less its last four digits: the block that is leased, priced and abused as one.
    pub fn range(self) -> u64 {
        self.0 / 10_000
    }

    /// The last two digits, the only ones of the subscriber part that are ever shown.
    pub fn last_two(self) -> u8 {
        u8::try_from(self.0 % 100).unwrap_or(0)
    }
}

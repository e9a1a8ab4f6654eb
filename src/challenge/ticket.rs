//! What a challenge and a pass carry: which attempt asked, which rung is proven, and, blinded, for whom it is good.
//!
//! A client gets no pseudonym of a phone to see: one who may ask for many phones could else name those in a decision log.

use super::Asker;
use super::binding::{Bearer, Bound};
use super::seal::{Label, Part, Seals};
use crate::domain::{ChallengeKind, DecisionId, Pass, PassCode, Timestamp};
use crate::privacy::Pseudonym;

/// What is signed of a challenge or a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The decision that asked.
    pub attempt: DecisionId,
    /// What is to be solved, or was.
    pub kind: ChallengeKind,
    /// When it was issued.
    pub issued: Timestamp,
    /// From then on it is worth nothing.
    pub expires: Timestamp,
    /// Its name, also in the store of what is spent. A pass has its challenge's.
    pub nonce: u128,
    /// How hot who asked was: the work of a proof of work follows from it.
    pub score: u8,
    pub(super) endpoint: u64,
    /// `None`: any phone.
    pub(super) phone: Option<u64>,
    /// `None`: any client.
    pub(super) client: Option<u64>,
}

/// Label, kind, flags, score, three times, the decision's random part, nonce, and what it is bound to.
const BYTES: usize = 1 + 1 + 1 + 1 + 3 * 8 + 8 + 16 + 3 * 8;
const BOUND_TO_PHONE: u8 = 1;
const BOUND_TO_CLIENT: u8 = 2;

impl Ticket {
    pub(super) fn new(
        seals: &Seals,
        asker: &Asker,
        kind: ChallengeKind,
        nonce: u128,
        (issued, expires): (Timestamp, Timestamp),
    ) -> Self {
        let Asker { binding, score, .. } = asker;
        let blind = |part, value: &[u8]| seals.blind(nonce, part, value).next().unwrap_or_default();
        let name = |part, name: Option<Pseudonym>| blind(part, &bytes_of(name));
        Self {
            attempt: binding.attempt,
            kind,
            issued,
            expires,
            nonce,
            score: *score,
            endpoint: blind(Part::Endpoint, binding.endpoint.as_bytes()),
            phone: match binding.phone {
                Bound::Any => None,
                Bound::To(phone) => Some(name(Part::Phone, phone)),
            },
            client: binding.client.map(|client| name(Part::Client, Some(client))),
        }
    }

    /// Whether it is good for an attempt of `bearer`.
    pub(super) fn fits(&self, seals: &Seals, bearer: &Bearer<'_>) -> Result<(), PassCode> {
        let is = |part, value: &[u8], bound: u64| seals.blind(self.nonce, part, value).any(|blind| blind == bound);
        let named = |part, name: Option<Pseudonym>, bound| is(part, &bytes_of(name), bound);
        if !is(Part::Endpoint, bearer.endpoint.as_bytes(), self.endpoint) {
            return Err(PassCode::OtherEndpoint);
        }
        if self.phone.is_some_and(|bound| !named(Part::Phone, bearer.phone, bound)) {
            return Err(PassCode::OtherPhone);
        }
        if self.client.is_some_and(|bound| !named(Part::Client, bearer.client, bound)) {
            return Err(PassCode::OtherClient);
        }
        Ok(())
    }

    /// Whether it is one of this endpoint's.
    pub(super) fn is_of(&self, seals: &Seals, endpoint: &str) -> bool {
        seals.blind(self.nonce, Part::Endpoint, endpoint.as_bytes()).any(|blind| blind == self.endpoint)
    }

    /// Whether it is for this phone and no other.
    pub(super) fn is_to(&self, seals: &Seals, phone: Pseudonym) -> bool {
        let phone = bytes_of(Some(phone));
        self.phone.is_some_and(|bound| seals.blind(self.nonce, Part::Phone, &phone).any(|blind| blind == bound))
    }

    /// What it proves.
    pub(super) fn proof(&self) -> Pass {
        let unbound = self.phone.is_none().then_some(self.score);
        Pass { attempt: self.attempt, rung: self.kind.rung(), unbound }
    }

    pub(super) fn seal(&self, label: Label, seals: &Seals) -> String {
        let kind = match self.kind {
            ChallengeKind::Pow => 1,
            ChallengeKind::Captcha => 2,
        };
        let flag = |bound: Option<u64>, flag| if bound.is_some() { flag } else { 0 };
        let mut bytes = Vec::with_capacity(BYTES);
        let flags = flag(self.phone, BOUND_TO_PHONE) | flag(self.client, BOUND_TO_CLIENT);
        bytes.extend([label as u8, kind, flags, self.score]);
        for time in [self.attempt.at(), self.issued, self.expires] {
            bytes.extend(time.unix_ms().to_be_bytes());
        }
        bytes.extend(self.attempt.random().to_be_bytes());
        bytes.extend(self.nonce.to_be_bytes());
        for bound in [self.endpoint, self.phone.unwrap_or_default(), self.client.unwrap_or_default()] {
            bytes.extend(bound.to_be_bytes());
        }
        seals.seal(&bytes)
    }

    pub(super) fn open(text: &str, label: Label, seals: &Seals) -> Option<Self> {
        let bytes = seals.open::<BYTES>(text)?;
        let (head, rest) = bytes.split_first_chunk::<4>()?;
        let (words, _) = rest.as_chunks::<8>();
        let words: [u64; 9] = words.iter().map(|word| u64::from_be_bytes(*word)).collect::<Vec<_>>().try_into().ok()?;
        let [attempt_at, issued, expires, attempt, nonce_high, nonce_low, endpoint, phone, client] = words;
        let [found, kind, flags, score] = *head;
        if found != label as u8 {
            return None;
        }
        Some(Self {
            attempt: DecisionId::new(Timestamp::from_unix_ms(attempt_at), attempt),
            kind: match kind {
                1 => ChallengeKind::Pow,
                2 => ChallengeKind::Captcha,
                _ => return None,
            },
            issued: Timestamp::from_unix_ms(issued),
            expires: Timestamp::from_unix_ms(expires),
            nonce: u128::from(nonce_high) << 64 | u128::from(nonce_low),
            score,
            endpoint,
            phone: (flags & BOUND_TO_PHONE != 0).then_some(phone),
            client: (flags & BOUND_TO_CLIENT != 0).then_some(client),
        })
    }
}

/// Empty where there is none.
fn bytes_of(name: Option<Pseudonym>) -> Vec<u8> {
    name.map_or_else(Vec::new, |name| name.to_bits().to_be_bytes().to_vec())
}

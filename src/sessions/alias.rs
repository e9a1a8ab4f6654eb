//! The names under which a session is found.

use crate::domain::DecisionId;
use crate::pack::{Malformed, Pack};
use crate::privacy::Pseudonym;

/// A name under which a session is found: what kind it is in the two lowest bits, and 126 bits of what it names. A table
/// of a million holds the same name for two things with a chance of 2^-87.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Alias(u128);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AliasKind {
    Phone,
    Client,
    Exchange,
    Decision,
}

const KIND_BITS: u128 = 0b11;

impl Alias {
    /// The phone, at one endpoint.
    pub fn phone(endpoint: &str, phone: Pseudonym) -> Self {
        Self::at(endpoint, phone, AliasKind::Phone)
    }

    /// The client, at one endpoint: the latest session it began there.
    pub fn client(endpoint: &str, client: Pseudonym) -> Self {
        Self::at(endpoint, client, AliasKind::Client)
    }

    /// An id from the app's answer to the send, at one endpoint.
    pub fn exchange(endpoint: &str, id: Pseudonym) -> Self {
        Self::at(endpoint, id, AliasKind::Exchange)
    }

    /// A decision.
    pub fn decision(id: DecisionId) -> Self {
        Self::new((u128::from(id.random()) << 64) | u128::from(id.at().unix_ms() << 2), AliasKind::Decision)
    }

    /// Whether it names this decision.
    pub fn is_of(self, decision: DecisionId) -> bool {
        self == Self::decision(decision)
    }

    /// Whether it names a decision.
    pub fn is_decision(self) -> bool {
        self.kind() == AliasKind::Decision
    }

    /// Whether it names who asked or whose phone it is, rather than one exchange.
    pub fn is_of_person(self) -> bool {
        matches!(self.kind(), AliasKind::Phone | AliasKind::Client)
    }

    pub(super) fn kind(self) -> AliasKind {
        match self.0 & KIND_BITS {
            0 => AliasKind::Phone,
            1 => AliasKind::Client,
            2 => AliasKind::Exchange,
            _ => AliasKind::Decision,
        }
    }

    /// A pseudonym's bits are as good as random, so to tell endpoints apart it is enough to flip some of them.
    fn at(endpoint: &str, name: Pseudonym, kind: AliasKind) -> Self {
        Self::new(name.to_bits() ^ fnv(endpoint), kind)
    }

    fn new(bits: u128, kind: AliasKind) -> Self {
        Self((bits & !KIND_BITS) | kind as u128)
    }
}

impl Pack for Alias {
    fn pack(&self, out: &mut Vec<u8>) {
        self.0.pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        u128::unpack(from).map(Self)
    }
}

/// FNV-1a with 128 bits (Fowler, Noll, Vo): short, and the same in every process.
fn fnv(text: &str) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = (1 << 88) + 0x13b;
    text.bytes().fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::privacy::Pseudonyms;

    #[test]
    fn kinds_endpoints_and_values_stay_apart() {
        let names = Pseudonyms::new(&[1; 32]);
        let mut all = vec![];
        for value in [b"one", b"two"] {
            let name = names.client(value);
            for endpoint in ["login", "logim", "nigol", ""] {
                all.extend([Alias::phone(endpoint, name), Alias::client(endpoint, name)]);
                all.push(Alias::exchange(endpoint, name));
            }
        }
        for ms in [1, 2, 1_795_197_600_000] {
            all.extend([7, 8].map(|random| Alias::decision(DecisionId::new(Timestamp::from_unix_ms(ms), random))));
        }
        let different: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert_eq!(Alias::client("login", names.client(b"one")).kind(), AliasKind::Client);
        assert_eq!(all.pop().map(Alias::kind), Some(AliasKind::Decision));
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv("foobar"), 0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18);
    }
}

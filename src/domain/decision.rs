//! What sendwall decided about one attempt, and why.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::{ChallengeKind, Divert, PageCode, PassCode, Reason, RuleHit, Rung, Timestamp, Trust};

/// A decision with everything that explains it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Unique; the client and the upstream get it as `sendwall-decision`.
    pub id: DecisionId,
    /// When it was made.
    pub at: Timestamp,
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// The configuration that decided.
    pub revision: RevisionId,
    /// What should happen. In monitor mode the request is forwarded all the same.
    pub verdict: Verdict,
    /// What its client had shown before.
    pub trust: Trust,
    /// What the attempt had proven when it was judged.
    pub proven: Rung,
    /// What the pass was worth that came with it; `None` where there was none.
    pub pass: Option<PassCode>,
    /// What the page's token was worth that came with it; `None` where the endpoint wants none.
    pub page: Option<PageCode>,
    /// Whether its address loaded any page lately.
    pub page_seen: bool,
    /// Whether the verdict is carried out.
    pub mode: Mode,
    /// 0 to 100; 50 is where the first refusal begins for a stranger.
    pub score: u8,
    /// Who had the last word.
    pub decided_by: DecidedBy,
    /// In words and numbers, the decisive one first.
    pub reasons: Vec<Reason>,
    /// Rules that held, in the order in which they were asked.
    pub rules: Vec<RuleHit>,
    /// Of enforced rules that held.
    pub tags: Vec<Arc<str>>,
    /// The way that the app is to take in place of an SMS.
    pub divert: Option<Divert>,
}

impl Decision {
    /// Whether the request goes to the upstream.
    pub fn forwards(&self) -> bool {
        self.verdict == Verdict::Forward || self.mode == Mode::Monitor
    }

    /// Where the ladder left the attempt; `None` where something else refused it.
    pub fn rung(&self) -> Option<Rung> {
        match (self.verdict, self.decided_by) {
            (Verdict::Forward, _) => Some(self.proven),
            (Verdict::Challenge(kind), DecidedBy::Engine | DecidedBy::Budget) => Some(kind.rung()),
            (_, DecidedBy::Limit | DecidedBy::Rule | DecidedBy::Budget | DecidedBy::List) => None,
            (Verdict::Cooldown { .. } | Verdict::Block | Verdict::Reject | Verdict::Repeat, DecidedBy::Engine) => {
                Some(Rung::Block)
            }
        }
    }
}

/// Names a decision: the time in milliseconds and 64 random bits, in Crockford's base 32, so that ids sort by time
/// and are read out without mistakes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DecisionId {
    at_ms: u64,
    random: u64,
}

const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TIME_DIGITS: usize = 10;
const RANDOM_DIGITS: usize = 13;

impl DecisionId {
    /// From its two parts.
    pub const fn new(at: Timestamp, random: u64) -> Self {
        Self { at_ms: at.unix_ms() & ((1 << 50) - 1), random }
    }

    /// When the decision was made.
    pub const fn at(self) -> Timestamp {
        Timestamp::from_unix_ms(self.at_ms)
    }

    /// Its random part.
    pub const fn random(self) -> u64 {
        self.random
    }
}

impl fmt::Display for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(&mut [0; TIME_DIGITS + RANDOM_DIGITS]))
    }
}

impl DecisionId {
    fn text(self, text: &mut [u8; TIME_DIGITS + RANDOM_DIGITS]) -> &str {
        let (time, random) = text.split_at_mut(TIME_DIGITS);
        for (digits, mut value) in [(time, self.at_ms), (random, self.random)] {
            for digit in digits.iter_mut().rev() {
                *digit = CROCKFORD.get((value & 31) as usize).copied().unwrap_or(b'0');
                value >>= 5;
            }
        }
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl fmt::Debug for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no decision id.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decision id: it has 23 letters and digits, as in the answer's sendwall-decision header")]
pub struct DecisionIdError;

impl FromStr for DecisionId {
    type Err = DecisionIdError;

    fn from_str(text: &str) -> Result<Self, DecisionIdError> {
        if text.len() != TIME_DIGITS + RANDOM_DIGITS {
            return Err(DecisionIdError);
        }
        let mut parts = [0_u64; 2];
        for (index, byte) in text.bytes().enumerate() {
            let digit = CROCKFORD.iter().position(|c| *c == byte.to_ascii_lowercase()).ok_or(DecisionIdError)?;
            let part = &mut parts[usize::from(index >= TIME_DIGITS)];
            *part = (*part << 5) | digit as u64;
        }
        Ok(Self { at_ms: parts[0], random: parts[1] })
    }
}

impl Serialize for DecisionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text(&mut [0; TIME_DIGITS + RANDOM_DIGITS]))
    }
}

/// Names a configuration as it was compiled: how many came before it in this process, and the first 32 bits of its
/// text's hash: `r3-9f2c11ab`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RevisionId {
    /// 1 for the configuration of the start.
    pub number: u32,
    /// Hash of the text.
    pub hash: u32,
}

impl fmt::Display for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}-{:08x}", self.number, self.hash)
    }
}

impl fmt::Debug for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for RevisionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What should happen to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes to the app.
    Forward,
    /// Not without a proof.
    Challenge(ChallengeKind),
    /// Not now: a limit is used up until then.
    Cooldown {
        /// The first moment at which the same attempt would pass.
        until: Timestamp,
    },
    /// No.
    Block,
    /// It can't be read as the app would read it, so it can't be judged.
    Reject,
    /// The last good answer comes again, and no second message goes out.
    Repeat,
}

impl Verdict {
    /// The name in logs, metrics and headers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Challenge(_) => "challenge",
            Self::Cooldown { .. } => "cooldown",
            Self::Block => "block",
            Self::Reject => "reject",
            Self::Repeat => "repeat",
        }
    }

    /// Every name.
    pub const NAMES: [&str; 6] = ["forward", "challenge", "cooldown", "block", "reject", "repeat"];
}

/// Whether verdicts are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Everything is forwarded, and what would have happened is told.
    #[default]
    Monitor,
    /// Verdicts are carried out.
    Enforce,
}

impl Mode {
    /// The name in configuration, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Monitor => "monitor",
            Self::Enforce => "enforce",
        }
    }
}

/// Who had the last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    /// Nothing spoke against it.
    Engine,
    /// A limit.
    Limit,
    /// A rule, or what the endpoint accepts: countries, number types, readable requests.
    Rule,
    /// A budget.
    Budget,
    /// A list that people fill by hand.
    List,
}

impl DecidedBy {
    /// The name in logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Limit => "limit",
            Self::Rule => "rule",
            Self::Budget => "budget",
            Self::List => "list",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_ids_read_back_and_sort_by_time() {
        let early = DecisionId::new(Timestamp::from_unix_ms(1_795_197_600_000), u64::MAX);
        let late = DecisionId::new(Timestamp::from_unix_ms(1_795_197_600_001), 0);
        assert_eq!(early.to_string().parse(), Ok(early));
        assert_eq!(early.to_string().to_uppercase().parse(), Ok(early));
        assert!(early.to_string() < late.to_string());
        assert_eq!(early.at(), Timestamp::from_unix_ms(1_795_197_600_000));
        assert_eq!("nonsense".parse::<DecisionId>(), Err(DecisionIdError));
        assert_eq!("u".repeat(23).parse::<DecisionId>(), Err(DecisionIdError));
    }
}

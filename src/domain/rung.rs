//! The ladder of proofs.

use serde::{Deserialize, Serialize};

use super::DecisionId;

/// A rung of the ladder: what an attempt has to prove, or has proven, before its message goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// Nothing.
    #[default]
    None,
    /// An invisible proof of work.
    Pow,
    /// A captcha.
    Captcha,
    /// There is no proof that would do.
    Block,
}

impl Rung {
    /// The name in logs, metrics and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pow => "pow",
            Self::Captcha => "captcha",
            Self::Block => "block",
        }
    }
}

/// A solved challenge. The request that carries it continues the attempt that was challenged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The decision that asked for the proof.
    pub attempt: DecisionId,
    /// The rung that was reached.
    pub rung: Rung,
    /// The score that its work was for, where it was asked for before the attempt was known.
    pub unbound: Option<u8>,
}

/// Something that a client is asked to solve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChallengeKind {
    /// An invisible proof of work.
    Pow,
    /// A captcha.
    Captcha,
}

impl ChallengeKind {
    /// The rung that a solution reaches.
    pub const fn rung(self) -> Rung {
        match self {
            Self::Pow => Rung::Pow,
            Self::Captcha => Rung::Captcha,
        }
    }

    /// The name in answers, logs and reports.
    pub const fn name(self) -> &'static str {
        self.rung().name()
    }
}

//! What an endpoint accepts, as the operator set it.

use std::sync::Arc;

use crate::domain::{Country, Mode, NumberKind};
use crate::model::Model;

/// The part of an endpoint's configuration that decisions read.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Whether its verdicts are carried out.
    pub mode: Mode,
    /// A request without any number.
    pub on_no_phone: OnMissing,
    /// A request that can't be read with certainty.
    pub on_unreadable: OnMissing,
    /// How its clients answer a challenge.
    pub challenge: ChallengeBy,
    /// Whether its requests bring a page's token.
    pub page_token: PageToken,
    /// Countries that it sends to; empty means all.
    pub countries: Vec<Country>,
    /// Number types that it doesn't send to.
    pub refuse_types: Vec<NumberKind>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            mode: Mode::Monitor,
            on_no_phone: OnMissing::Forward,
            on_unreadable: OnMissing::Refuse,
            challenge: ChallengeBy::default(),
            page_token: PageToken::default(),
            countries: Vec::new(),
            refuse_types: super::REFUSED_TYPES.to_vec(),
        }
    }
}

/// How the clients of an app answer a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ChallengeBy {
    /// A form post is answered with a page that solves it.
    #[default]
    Page,
    /// A script on the app's page solves it.
    Script,
    /// The app itself knows the contract.
    Contract,
    /// Not at all: they wait instead.
    None,
}

/// Whether requests for codes bring the token of a page that was loaded for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PageToken {
    /// It is not asked for.
    #[default]
    Off,
    /// A missing or bad one speaks against a request.
    Signal,
    /// A request without a good one is refused.
    Require,
}

/// What happens to a request that lacks something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnMissing {
    /// It is judged without.
    Forward,
    /// It is refused.
    Refuse,
}

/// What the look of a client is judged by.
#[derive(Clone, Debug, Default)]
pub enum Prior {
    /// It isn't.
    None,
    /// Plain weights on what it says.
    #[default]
    Weights,
    /// A trained model.
    Model(Arc<Model>),
}

impl Prior {
    /// The model, where there is one.
    pub const fn model(&self) -> Option<&Arc<Model>> {
        match self {
            Self::Model(model) => Some(model),
            Self::None | Self::Weights => None,
        }
    }
}

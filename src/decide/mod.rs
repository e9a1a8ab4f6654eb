//! Facts, and what the limits hold, to a decision. (Its function follows when limits answer.)

mod policy;

pub use policy::{OnMissing, Policy};

use crate::domain::NumberKind;

/// Number types that no code is sent to unless the operator says otherwise: none of them takes an SMS, and some of
/// them pay whoever owns them.
pub const REFUSED_TYPES: [NumberKind; 6] = [
    NumberKind::PremiumRate,
    NumberKind::SharedCost,
    NumberKind::TollFree,
    NumberKind::Pager,
    NumberKind::Uan,
    NumberKind::Voicemail,
];

//! What a pass was worth to the request that brought it.

use serde::Serialize;

/// What became of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PassCode {
    /// It counts.
    Counts,
    /// It is too old.
    Expired,
    /// It was used, or another request is using it.
    Spent,
    /// It was made out to another phone.
    OtherPhone,
    /// It was made out at another endpoint.
    OtherEndpoint,
    /// It was made out to another client.
    OtherClient,
    /// Its work was asked for before the attempt was known, and is clearly less than the attempt is asked for.
    Light,
    /// It is none of ours.
    Invalid,
}

impl PassCode {
    /// Every code.
    pub const ALL: [Self; 8] = [
        Self::Counts,
        Self::Expired,
        Self::Spent,
        Self::OtherPhone,
        Self::OtherEndpoint,
        Self::OtherClient,
        Self::Light,
        Self::Invalid,
    ];

    /// The name in logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::Expired => "expired",
            Self::Spent => "spent",
            Self::OtherPhone => "other_phone",
            Self::OtherEndpoint => "other_endpoint",
            Self::OtherClient => "other_client",
            Self::Light => "light",
            Self::Invalid => "invalid",
        }
    }

    /// The code of the answer that asks for another proof, and a sentence.
    pub const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Counts => ("challenge_required", "solve the challenge and send the request again"),
            Self::Expired => ("pass_expired", "the pass has expired; solve the challenge and send the request again"),
            Self::Spent => ("pass_spent", "the pass was used already; solve the challenge and send the request again"),
            Self::OtherPhone => {
                ("pass_other_phone", "the pass is for another phone; solve the challenge and send the request again")
            }
            Self::OtherEndpoint => (
                "pass_other_endpoint",
                "the pass is for another endpoint; solve the challenge and send the request again",
            ),
            Self::OtherClient => {
                ("pass_other_client", "the pass is for another client; solve the challenge and send the request again")
            }
            Self::Light => {
                ("pass_light", "this request needs more work; solve the challenge and send the request again")
            }
            Self::Invalid => {
                ("pass_invalid", "this is no pass of ours; solve the challenge and send the request again")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_agree_with_serde_and_with_what_is_told() {
        for code in PassCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
            assert!(code == PassCode::Counts || code.told().0 == format!("pass_{}", code.name()));
        }
    }
}

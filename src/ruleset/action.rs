//! What a rule asks for.

use crate::domain::{ChallengeKind, Divert, Span};

/// What a rule asks for where its condition holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Passes everything but the deny list, limits and hard budgets.
    Allow,
    /// Asks for a proof; one that was shown already is enough, and the ladder still has its say.
    Challenge(ChallengeKind),
    /// Refuses for good.
    Block,
    /// Refuses for a time.
    Cooldown(Span),
    /// Adds to the heat of the rungs below the captcha.
    Weigh(f32),
    /// Puts the rule's tags on the decision.
    Tag,
    /// Repeats the last good answer to the same client and phone, if there is one of this time.
    SameAnswer(Span),
    /// Tells the app to take another way than SMS.
    Divert(Divert),
    /// Tells an operator.
    Alert,
}

/// An action as the reference page shows it.
#[derive(Clone, Copy, Debug)]
pub struct Documented {
    /// As `then` has it.
    pub name: &'static str,
    /// The key that says more, with an example.
    pub parameter: Option<(&'static str, &'static str)>,
    /// Whether it ends the reading.
    pub ends: bool,
    /// What it does.
    pub doc: &'static str,
}

impl Action {
    /// Every action, in the order of the documentation.
    pub const DOCUMENTED: [Documented; 9] = [
        Documented {
            name: "allow",
            parameter: None,
            ends: true,
            doc: "Forwards. It passes the countries and number types that the endpoint accepts, later rules and the \
                  ladder; never the deny list, limits, hard budgets, or a request that can't be read.",
        },
        Documented {
            name: "challenge",
            parameter: Some(("rung", "\"pow\"")),
            ends: true,
            doc: "Asks for a proof: `pow` (an invisible proof of work, the default) or `captcha`. Whoever brings that \
                  proof goes on to the ladder, which may ask for more. Where an endpoint has no challenges it is a wait.",
        },
        Documented { name: "block", parameter: None, ends: true, doc: "Refuses: 403, or the endpoint's own answer." },
        Documented {
            name: "cooldown",
            parameter: Some(("wait", "\"10m\"")),
            ends: true,
            doc: "Refuses for so long: 429 with `Retry-After`.",
        },
        Documented {
            name: "weigh",
            parameter: Some(("weight", "0.4")),
            ends: false,
            doc: "Adds to the heat at the rungs `none` and `pow` (-5 to 5; 1 closes them to a stranger), never at the \
                  captcha: weights alone ask for proofs and refuse nobody.",
        },
        Documented {
            name: "tag",
            parameter: None,
            ends: false,
            doc: "Puts the rule's `tags` on the decision and, for the app, into the header `sendwall-tags`. Rules with \
                  another action do so too.",
        },
        Documented {
            name: "same_answer",
            parameter: Some(("within", "\"60s\"")),
            ends: true,
            doc: "Where the same client (by cookie or device) was answered well about the same phone within this time, \
                  repeats that answer without its cookies, and no second message goes out. Else reading goes on.",
        },
        Documented {
            name: "divert",
            parameter: Some(("to", "\"voice\"")),
            ends: false,
            doc: "Adds the header `sendwall-divert: voice` (`flash`, `push`, `mail`) for the app: take this way in place \
                  of an SMS. The first such rule wins.",
        },
        Documented {
            name: "alert",
            parameter: None,
            ends: false,
            doc: "Tells it in the log and in the metric `sendwall_rule_alerts_total`.",
        },
    ];

    /// As `then` has it, and as decisions name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Challenge(_) => "challenge",
            Self::Block => "block",
            Self::Cooldown(_) => "cooldown",
            Self::Weigh(_) => "weigh",
            Self::Tag => "tag",
            Self::SameAnswer(_) => "same_answer",
            Self::Divert(_) => "divert",
            Self::Alert => "alert",
        }
    }

    /// Whether nothing after it is asked.
    pub const fn ends(self) -> bool {
        match self {
            Self::Allow | Self::Challenge(_) | Self::Block | Self::Cooldown(_) | Self::SameAnswer(_) => true,
            Self::Weigh(_) | Self::Tag | Self::Divert(_) | Self::Alert => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_is_about_these_actions() {
        let all = [
            Action::Allow,
            Action::Challenge(ChallengeKind::Pow),
            Action::Block,
            Action::Cooldown(Span::seconds(1)),
            Action::Weigh(1.0),
            Action::Tag,
            Action::SameAnswer(Span::seconds(1)),
            Action::Divert(Divert::Voice),
            Action::Alert,
        ];
        for (action, documented) in all.into_iter().zip(Action::DOCUMENTED) {
            assert_eq!((action.name(), action.ends()), (documented.name, documented.ends));
        }
    }
}

//! Cases: facts in, rules and verdict out.

use std::sync::Arc;

use super::{Action, Origin, RuleSet, Spoken};
use crate::privacy::{Pseudonyms, RawPhone};
use crate::rules::{Frame, Value};

/// One `[[case]]`.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "holds a raw number")]
pub struct Case {
    /// What it shows, for people.
    pub name: Arc<str>,
    /// The endpoint whose rules are asked, which is among the facts too; `None`: all rules.
    pub endpoint: Option<Arc<str>>,
    /// Names with their values; anything else is missing.
    pub facts: Vec<(Arc<str>, Value<'static>)>,
    /// What lists of numbers are asked for.
    pub phone: Option<RawPhone>,
    /// What limits have counted.
    pub counts: Vec<(Arc<str>, u32)>,
    /// Whether there is an answer that could be repeated.
    pub answered: bool,
    /// What the rules must ask for.
    pub verdict: Option<CaseVerdict>,
    /// The rules that must speak, and no others.
    pub rules: Option<Vec<Arc<str>>>,
    /// Where it was written.
    pub origin: Origin,
}

/// What rules by themselves make of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseVerdict {
    /// Nothing ends it: the ladder decides.
    Forward,
    /// `allow`.
    Allow,
    /// `challenge` with `rung = "pow"`.
    Pow,
    /// `challenge` with `rung = "captcha"`.
    Captcha,
    /// `cooldown`.
    Cooldown,
    /// `block`.
    Block,
    /// `same_answer`.
    Repeat,
}

impl CaseVerdict {
    /// Every verdict with its name in a case.
    pub const ALL: [(&'static str, Self); 7] = [
        ("forward", Self::Forward),
        ("allow", Self::Allow),
        ("pow", Self::Pow),
        ("captcha", Self::Captcha),
        ("cooldown", Self::Cooldown),
        ("block", Self::Block),
        ("repeat", Self::Repeat),
    ];

    /// The name in a case.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, verdict)| *verdict == self).map_or("", |(name, _)| name)
    }

    fn of(spoken: &Spoken) -> Self {
        use crate::domain::ChallengeKind;
        match spoken.ending.as_ref().map(|ending| ending.action) {
            Some(Action::Allow) => Self::Allow,
            Some(Action::Challenge(ChallengeKind::Pow)) => Self::Pow,
            Some(Action::Challenge(ChallengeKind::Captcha)) => Self::Captcha,
            Some(Action::Block) => Self::Block,
            Some(Action::Cooldown(_)) => Self::Cooldown,
            Some(Action::SameAnswer(_)) => Self::Repeat,
            Some(Action::Weigh(_) | Action::Tag | Action::Divert(_) | Action::Alert) | None => Self::Forward,
        }
    }
}

/// How a case came out otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Another verdict.
    #[error("the verdict is {}, not {}", found.name(), wanted.name())]
    Verdict {
        /// What the case says.
        wanted: CaseVerdict,
        /// What the rules make of it.
        found: CaseVerdict,
    },
    /// Other rules.
    #[error("{}, not {}", speak(found), listed(wanted))]
    Rules {
        /// What the case says.
        wanted: Vec<Arc<str>>,
        /// What the rules make of it.
        found: Vec<Arc<str>>,
    },
}

fn speak(rules: &[Arc<str>]) -> String {
    match rules {
        [] => "no rule speaks".to_owned(),
        [one] => format!("{one} speaks"),
        several => format!("{} speak", listed(several)),
    }
}

fn listed(rules: &[Arc<str>]) -> String {
    if rules.is_empty() { "none".to_owned() } else { rules.join(", ") }
}

impl RuleSet {
    /// Tries a case. Gives the rules that spoke, or how it came out otherwise.
    pub fn try_case(&self, case: &Case, names: &Pseudonyms) -> (Vec<Arc<str>>, Result<(), Mismatch>) {
        let mut frame = Frame::given();
        for (name, value) in &case.facts {
            frame.give(name, value.clone());
        }
        if let Some(phone) = case.phone {
            frame.give_phone(names.phone(phone));
        }
        for (limit, count) in &case.counts {
            if let Some(place) = self.counts().iter().position(|known| known == limit) {
                frame.give_count(place, *count);
            }
        }
        let spoken = self.ask_given(frame, case.endpoint.as_deref(), case.answered);
        let found: Vec<_> = spoken.hits.iter().map(|hit| Arc::clone(&hit.rule)).collect();
        let verdict = CaseVerdict::of(&spoken);
        let result = match (case.verdict, &case.rules) {
            (Some(wanted), _) if wanted != verdict => Err(Mismatch::Verdict { wanted, found: verdict }),
            (_, Some(wanted)) if *wanted != found => {
                Err(Mismatch::Rules { wanted: wanted.clone(), found: found.clone() })
            }
            _ => Ok(()),
        };
        (found, result)
    }
}

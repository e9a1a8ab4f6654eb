//! All rules of a configuration, and what they say of an attempt.

use std::sync::Arc;

use super::{Action, Rule};
use crate::domain::{Divert, Facts, Mode, Reason, RuleHit, Timestamp};
use crate::privacy::Pseudonyms;
use crate::rules::{Condition, Conditions, Frame, List, Signals, Situation, Value, Zone};

/// Rules that are ready to be asked.
#[derive(Debug, Default)]
pub struct RuleSet {
    conditions: Conditions,
    rules: Vec<Ready>,
    /// For each endpoint the rules that hold for it, in the order in which they are asked.
    of_endpoint: Vec<Vec<usize>>,
    zone: Zone,
}

#[derive(Debug)]
struct Ready {
    rule: Rule,
    condition: Condition,
}

/// An attempt, as far as rules ask about it.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// What it says.
    pub facts: &'a Facts,
    /// What the engine thinks of it.
    pub signals: Signals,
    /// What limits have counted, in the order of [`RuleSet::counts`].
    pub counts: &'a [Option<u32>],
    /// When the same client was last answered well about the same phone here.
    pub answered: Option<Timestamp>,
}

/// What rules said.
#[derive(Clone, Debug, Default)]
pub struct Spoken {
    /// The one that ended it.
    pub ending: Option<Ending>,
    /// What is added to the heat.
    pub weight: f32,
    /// Why: of the rules that weigh.
    pub weighed: Vec<Reason>,
    /// Every rule that held, in the order in which they were asked.
    pub hits: Vec<RuleHit>,
    /// Of enforced rules that held.
    pub tags: Vec<Arc<str>>,
    /// The way that the app is to take.
    pub divert: Option<Divert>,
}

/// The rule that had the last word.
#[derive(Clone, Debug)]
pub struct Ending {
    /// What it asks for.
    pub action: Action,
    /// Why.
    pub reason: Reason,
}

/// What one rule came to, for people.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its id.
    pub rule: Arc<str>,
    /// What it asks for.
    pub action: &'static str,
    /// Where it was written: `rules/own.toml:12`.
    pub origin: String,
    /// What came of it.
    pub state: ToldState,
    /// Every part of its condition with its value, outermost first.
    pub steps: Vec<(String, Value<'static>)>,
}

/// What came of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldState {
    /// Its condition doesn't hold.
    Silent,
    /// It held, and said what it asks for.
    Spoke,
    /// It held, and ended the reading.
    Ended,
    /// It held, and only tells: it is in shadow mode, or this phone is outside of its rollout.
    Shadow,
    /// It held, but there is no earlier answer that could be repeated.
    NoAnswer,
    /// Another rule had ended the reading.
    NotAsked,
    /// Its time is over.
    Expired,
}

impl ToldState {
    /// The name in `explain`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Spoke => "spoke",
            Self::Ended => "ended",
            Self::Shadow => "shadow",
            Self::NoAnswer => "no answer to repeat",
            Self::NotAsked => "not asked",
            Self::Expired => "expired",
        }
    }
}

impl RuleSet {
    /// Of these rules, for these endpoints, with these lists.
    pub fn new(mut rules: Vec<Rule>, lists: &[List], names: &Pseudonyms, endpoints: &[Arc<str>], zone: Zone) -> Self {
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.priority));
        let lists = lists.iter().map(|list| list.named(names)).collect();
        let conditions = Conditions::new(rules.iter().map(|rule| &rule.when), lists);
        let rules: Vec<_> =
            rules.into_iter().map(|rule| Ready { condition: conditions.lower(&rule.when), rule }).collect();
        let holds_for = |endpoint: &Arc<str>| {
            let of = rules.iter().enumerate().filter(|(_, ready)| ready.rule.holds_for(endpoint));
            of.map(|(index, _)| index).collect()
        };
        let of_endpoint = endpoints.iter().map(holds_for).collect();
        Self { conditions, rules, of_endpoint, zone }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Every rule, in the order in which they are asked.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|ready| &ready.rule)
    }

    /// Whether any is asked at the endpoint of this index.
    pub fn speaks_at(&self, endpoint: usize) -> bool {
        self.of_endpoint.get(endpoint).is_some_and(|rules| !rules.is_empty())
    }

    /// Whether answers at this endpoint have to be kept, to be repeated.
    pub fn repeats_at(&self, endpoint: usize) -> bool {
        self.at(endpoint).any(|ready| matches!(ready.rule.action, Action::SameAnswer(_)))
    }

    /// Limits whose counts are asked for.
    pub fn counts(&self) -> &[Arc<str>] {
        self.conditions.counts()
    }

    /// What the rules of an endpoint say.
    pub fn ask(&self, endpoint: usize, attempt: &Attempt<'_>) -> Spoken {
        let mut spoken = Spoken::default();
        if !self.speaks_at(endpoint) {
            return spoken;
        }
        let frame = self.frame(attempt);
        for ready in self.at(endpoint) {
            if !ready.condition.holds(&self.conditions, &frame) {
                continue;
            }
            match ready.rule.state(attempt.facts, attempt.answered) {
                ToldState::Spoke => spoken.hear(&ready.rule, true),
                ToldState::Shadow => spoken.hear(&ready.rule, false),
                ToldState::Ended => {
                    spoken.hear(&ready.rule, true);
                    break;
                }
                ToldState::Silent | ToldState::NoAnswer | ToldState::NotAsked | ToldState::Expired => {}
            }
        }
        spoken
    }

    /// [`Self::ask`] with everything that there is to tell of each rule.
    pub fn explain(&self, endpoint: usize, attempt: &Attempt<'_>) -> Vec<Told> {
        let frame = self.frame(attempt);
        let mut ended = false;
        let told = |ready: &Ready| {
            let rule = &ready.rule;
            let steps = ready.condition.explain(&self.conditions, &frame);
            let state = match rule.state(attempt.facts, attempt.answered) {
                _ if ended => ToldState::NotAsked,
                ToldState::Expired => ToldState::Expired,
                _ if !ready.condition.holds(&self.conditions, &frame) => ToldState::Silent,
                state => state,
            };
            ended |= state == ToldState::Ended;
            let (id, action) = (Arc::clone(&rule.id), rule.action.name());
            let steps = steps.into_iter().map(|step| (step.text.to_owned(), step.value)).collect();
            Told { rule: id, action, origin: rule.origin.to_string(), state, steps }
        };
        self.at(endpoint).map(told).collect()
    }

    fn at(&self, endpoint: usize) -> impl Iterator<Item = &Ready> {
        let rules = self.of_endpoint.get(endpoint).map(Vec::as_slice).unwrap_or_default();
        rules.iter().filter_map(|index| self.rules.get(*index))
    }

    fn frame<'a>(&self, attempt: &Attempt<'a>) -> Frame<'a> {
        let Attempt { facts, signals, counts, .. } = *attempt;
        self.conditions.frame(&Situation { facts, signals, zone: self.zone, counts })
    }

    /// What the rules say of given values: those of a case. All rules hold for it, whoever its phone is and whatever the
    /// time.
    pub(super) fn ask_given(&self, frame: Frame<'_>, endpoint: Option<&str>, answered: bool) -> Spoken {
        let frame = self.conditions.numbered(frame);
        let mut spoken = Spoken::default();
        let asked = |ready: &&Ready| endpoint.is_none_or(|endpoint| ready.rule.holds_for(endpoint));
        for ready in self.rules.iter().filter(asked) {
            let rule = &ready.rule;
            let repeats = matches!(rule.action, Action::SameAnswer(_));
            if !ready.condition.holds(&self.conditions, &frame) || (repeats && !answered) {
                continue;
            }
            let enforced = rule.mode == Mode::Enforce;
            spoken.hear(rule, enforced);
            if enforced && rule.action.ends() {
                break;
            }
        }
        spoken
    }
}

impl Rule {
    fn holds_for(&self, endpoint: &str) -> bool {
        self.endpoints.is_empty() || self.endpoints.iter().any(|name| **name == *endpoint)
    }

    /// What comes of it where its condition holds.
    fn state(&self, facts: &Facts, answered: Option<Timestamp>) -> ToldState {
        if self.expires.is_some_and(|expires| facts.at >= expires) {
            return ToldState::Expired;
        }
        if let Action::SameAnswer(within) = self.action
            && answered.is_none_or(|answered| facts.at.since(answered) > within)
        {
            return ToldState::NoAnswer;
        }
        if self.mode == Mode::Monitor || !self.rollout.takes_in(&self.id, facts) {
            return ToldState::Shadow;
        }
        if self.action.ends() { ToldState::Ended } else { ToldState::Spoke }
    }

    fn reason(&self) -> Reason {
        let (rule, says) = (Arc::clone(&self.id), self.reason.clone());
        Reason::Rule { rule, action: self.action.name(), says }
    }
}

impl Spoken {
    fn hear(&mut self, rule: &Rule, enforced: bool) {
        self.hits.push(RuleHit { rule: Arc::clone(&rule.id), action: rule.action.name(), enforced });
        if !enforced {
            return;
        }
        for tag in &rule.tags {
            if !self.tags.contains(tag) {
                self.tags.push(Arc::clone(tag));
            }
        }
        match rule.action {
            Action::Weigh(weight) => {
                self.weight += weight;
                self.weighed.push(rule.reason());
            }
            Action::Divert(way) => self.divert = self.divert.or(Some(way)),
            Action::Tag | Action::Alert => {}
            action @ (Action::Allow
            | Action::Challenge(_)
            | Action::Block
            | Action::Cooldown(_)
            | Action::SameAnswer(_)) => self.ending = Some(Ending { action, reason: rule.reason() }),
        }
    }
}

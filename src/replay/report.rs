//! The result as JSON, with a stable order of keys.
//!
//! ```text
//! { "version": 1, "revision", "currency", "as_configured", "delivery_feed", "from", "to", "pages", "sends",
//!   "scenarios": [ { "scenario", MEASURES, "before_first_refusal": { "sms", "money", "ms" },
//!                    "verdicts", "rungs", "decided_by", "classes": [ { "class", MEASURES } ] } ],
//!   "total": { MEASURES, "verdicts", "rungs", "decided_by" } }
//! ```
//!
//! `MEASURES`: `attack_sends`, `leaked_sends`, `leaked` (a share), `attack_money`, `leaked_money`, `leaked_money_share`,
//! `attack_challenged`, `attack_solved`, `legit_sends`, `lost_sends`, `lost` (a share), `challenged_sends`, `challenged`
//! (a share), `challenged_solved`. A share is null where it is over nothing. Scenarios and classes are in the order of
//! their names; `ms` of the first refusal is the time from the first attack send to it, null where none was refused.
//! `verdicts`, `rungs` and `decided_by` hold `[legit, attack]`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Options;
use super::names::Names;
use super::score::{Counts, FirstRefusal, RUNGS, Scenario, Score, VERDICTS};
use crate::domain::{Money, RevisionId, Timestamp};

/// The result of a replay.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub version: u32,
    pub revision: RevisionId,
    pub currency: String,
    pub as_configured: bool,
    pub delivery_feed: bool,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub pages: u64,
    pub sends: u64,
    pub scenarios: Vec<ScenarioReport>,
    pub total: TotalReport,
}

/// One scenario.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScenarioReport {
    pub scenario: String,
    #[serde(flatten)]
    pub measures: Measures,
    pub before_first_refusal: BeforeFirstRefusal,
    #[serde(flatten)]
    pub counted: Counted,
    pub classes: Vec<ClassReport>,
}

/// One kind of user or attacker.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassReport {
    pub class: String,
    #[serde(flatten)]
    pub measures: Measures,
}

/// All scenarios together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TotalReport {
    #[serde(flatten)]
    pub measures: Measures,
    #[serde(flatten)]
    pub counted: Counted,
}

/// The measures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measures {
    pub attack_sends: u64,
    pub leaked_sends: u64,
    pub leaked: Option<f64>,
    pub attack_money: Money,
    pub leaked_money: Money,
    pub leaked_money_share: Option<f64>,
    pub attack_challenged: u64,
    pub attack_solved: u64,
    pub legit_sends: u64,
    pub lost_sends: u64,
    pub lost: Option<f64>,
    pub challenged_sends: u64,
    pub challenged: Option<f64>,
    pub challenged_solved: u64,
}

/// What an attack got before anything of it was refused.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BeforeFirstRefusal {
    pub sms: u64,
    pub money: Money,
    pub ms: Option<u64>,
}

type LegitAndAttack = BTreeMap<&'static str, [u64; 2]>;

/// First answers, ends, and who had the last word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Counted {
    pub verdicts: LegitAndAttack,
    pub rungs: LegitAndAttack,
    pub decided_by: LegitAndAttack,
}

impl Report {
    pub(super) fn new(
        score: &Score,
        names: &Names,
        options: &Options,
        revision: RevisionId,
        span: Option<(Timestamp, Timestamp)>,
        pages: u64,
    ) -> Self {
        let mut scenarios: Vec<_> = score
            .scenarios
            .iter()
            .map(|(name, scenario)| ScenarioReport::new(names.text(*name), scenario, names))
            .collect();
        scenarios.sort_by(|one, other| one.scenario.cmp(&other.scenario));
        Self {
            version: 1,
            revision,
            currency: options.currency.clone(),
            as_configured: options.as_configured,
            delivery_feed: options.delivery_feed,
            from: span.map(|(first, _)| first),
            to: span.map(|(_, last)| last),
            pages,
            sends: score.total.attack.sends + score.total.legit.sends,
            scenarios,
            total: TotalReport { measures: Measures::of(&score.total), counted: Counted::of(&score.total) },
        }
    }
}

impl ScenarioReport {
    fn new(name: &str, scenario: &Scenario, names: &Names) -> Self {
        let class = |(name, counts): (_, &Counts)| ClassReport {
            class: names.text(name).to_owned(),
            measures: Measures::of(counts),
        };
        let mut classes: Vec<_> = scenario.classes.iter().map(|(name, counts)| class((*name, counts))).collect();
        classes.sort_by(|one, other| one.class.cmp(&other.class));
        Self {
            scenario: name.to_owned(),
            measures: Measures::of(&scenario.all),
            before_first_refusal: BeforeFirstRefusal::of(&scenario.first_refusal),
            counted: Counted::of(&scenario.all),
            classes,
        }
    }
}

impl Measures {
    fn of(counts: &Counts) -> Self {
        let Counts { attack, legit, lost } = counts;
        Self {
            attack_sends: attack.sends,
            leaked_sends: attack.sms,
            leaked: share(attack.sms, attack.sends),
            attack_money: attack.money,
            leaked_money: attack.sms_money,
            leaked_money_share: share(attack.sms_money.as_micros(), attack.money.as_micros()),
            attack_challenged: attack.challenged,
            attack_solved: attack.solved,
            legit_sends: legit.sends,
            lost_sends: *lost,
            lost: share(*lost, legit.sends),
            challenged_sends: legit.challenged,
            challenged: share(legit.challenged, legit.sends),
            challenged_solved: legit.solved,
        }
    }
}

impl BeforeFirstRefusal {
    fn of(first: &FirstRefusal) -> Self {
        let ms = first.at.zip(first.began).map(|(at, began)| at.since(began).as_millis());
        Self { sms: first.sms, money: first.money, ms }
    }
}

impl Counted {
    fn of(counts: &Counts) -> Self {
        let (legit, attack) = (&counts.legit, &counts.attack);
        let pairs = |names: Vec<&'static str>, legit: &[u64], attack: &[u64]| {
            names.into_iter().zip(legit.iter().zip(attack).map(|(legit, attack)| [*legit, *attack])).collect()
        };
        let deciders: BTreeSet<_> = legit.decided_by.keys().chain(attack.decided_by.keys()).copied().collect();
        let by = |name| [&legit.decided_by, &attack.decided_by].map(|counts| counts.get(name).copied().unwrap_or(0));
        Self {
            verdicts: pairs(VERDICTS.to_vec(), &legit.verdicts, &attack.verdicts),
            rungs: pairs(RUNGS.map(|rung| rung.name()).to_vec(), &legit.rungs, &attack.rungs),
            decided_by: deciders.into_iter().map(|name| (name, by(name))).collect(),
        }
    }
}

/// `part` of `whole`; `None` of nothing.
#[expect(clippy::cast_precision_loss, reason = "exact to 2^53")]
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

//! The result as JSON, with a stable order of keys.
//!
//! ```text
//! { "version": 1, "revision", "currency", "as_configured", "delivery_feed", "from", "to", "pages", "sends",
//!   "scenarios": [ { "scenario", MEASURES, "before_first_refusal": { "sms", "money", "ms" },
//!                    "legit": COUNTS, "attack": COUNTS, "classes": [ { "class", MEASURES } ] } ],
//!   "total": { MEASURES, "legit": COUNTS, "attack": COUNTS },
//!   "against": null or { "revision", "scenarios": [ { "scenario", MEASURES } ], "total": MEASURES, "changes": CHANGES },
//!   "log": null or { "changes": CHANGES, "imputed_outcomes", "imputed_solutions", "not_sent", "torn",
//!                    "foreign", "not_replayable": [..] },
//!   "alerts": { "incidents", "quiet", "messages", "listed": [ { "at", "incident", "status", "severity", "rule",
//!                                                                   "summary" } ] } }
//! ```
//!
//! - MEASURES: `attack_sends`, `leaked_sends`, `leaked` (a share), `attack_money`, `leaked_money`,
//!   `leaked_money_share`, `legit_sends`, `lost_sends`, `lost` (a share), `challenged_sends`, `challenged` (a share).
//!   A share is null where it is over nothing.
//! - `before_first_refusal.ms`: from the first attack send to the first one without an SMS, null where there is none.
//! - Each scenario also has `before_first_alert`, of the same form: attack SMS before on-call people would have been told.
//! - `alerts`: incidents, those of them that began while no attack was under way (`quiet`), messages, and the first
//!   hundred messages.
//! - COUNTS: `sends`, `sms`, `challenged`, `solved`, and by name `verdicts` (first answers), `rungs` (where attempts
//!   ended) and `decided_by`.
//! - CHANGES: `compared`, and for each of `refused`, `sent`, `challenged`, `unchallenged` (only now, against before)
//!   `requests`, `legit`, `attack`, `phones`, `money` and up to ten `examples`. Phones are told apart up to a million.
//!
//! Scenarios and classes are in the order of their names. `total` is over everything that a label is known of.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::alarm::{First, Told};
use super::changes::Changes;
use super::names::{Name, Names};
use super::run::{Against, LogResult, Replay};
use super::score::{Counts, FirstRefusal, RUNGS, Scenario, Score, Side, VERDICTS};
use super::timeline::Timeline;
use crate::alerts::{Alert, Severity, Status};
use crate::domain::{Money, RevisionId, Rung, Span, Timestamp};

/// The result of a replay.
#[derive(Debug, Serialize)]
pub struct Report {
    pub(super) version: u32,
    pub(super) revision: Option<RevisionId>,
    pub(super) currency: String,
    pub(super) as_configured: bool,
    pub(super) delivery_feed: bool,
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    pub(super) pages: u64,
    pub(super) sends: u64,
    pub(super) scenarios: Vec<ScenarioReport>,
    pub(super) total: TotalReport,
    pub(super) against: Option<AgainstReport>,
    pub(super) log: Option<LogReport>,
    pub(super) alerts: AlertsReport,
    #[serde(skip)]
    pub(super) names: Names,
    #[serde(skip)]
    pub(super) timeline: Timeline,
}

#[derive(Debug, Serialize)]
pub(super) struct ScenarioReport {
    pub(super) scenario: String,
    #[serde(flatten)]
    pub(super) measures: Measures,
    pub(super) before_first_refusal: BeforeFirstRefusal,
    pub(super) before_first_alert: BeforeFirstRefusal,
    pub(super) legit: Counted,
    pub(super) attack: Counted,
    pub(super) classes: Vec<ClassReport>,
}

#[derive(Debug, Serialize)]
pub(super) struct ClassReport {
    class: String,
    #[serde(flatten)]
    measures: Measures,
}

#[derive(Debug, Serialize)]
pub(super) struct TotalReport {
    #[serde(flatten)]
    pub(super) measures: Measures,
    pub(super) legit: Counted,
    pub(super) attack: Counted,
}

#[derive(Debug, Serialize)]
pub(super) struct AgainstReport {
    pub(super) revision: RevisionId,
    pub(super) scenarios: Vec<AgainstScenario>,
    pub(super) total: Measures,
    pub(super) changes: Changes,
}

#[derive(Debug, Serialize)]
pub(super) struct AgainstScenario {
    pub(super) scenario: String,
    #[serde(flatten)]
    pub(super) measures: Measures,
}

#[derive(Debug, Serialize)]
pub(super) struct LogReport {
    pub(super) changes: Changes,
    pub(super) imputed_outcomes: u64,
    pub(super) imputed_solutions: u64,
    pub(super) not_sent: u64,
    pub(super) torn: u64,
    pub(super) foreign: u64,
    pub(super) not_replayable: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Measures {
    pub(super) attack_sends: u64,
    pub(super) leaked_sends: u64,
    pub(super) leaked: Option<f64>,
    pub(super) attack_money: Money,
    pub(super) leaked_money: Money,
    pub(super) leaked_money_share: Option<f64>,
    pub(super) legit_sends: u64,
    pub(super) lost_sends: u64,
    pub(super) lost: Option<f64>,
    pub(super) challenged_sends: u64,
    pub(super) challenged: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct BeforeFirstRefusal {
    pub(super) sms: u64,
    pub(super) money: Money,
    pub(super) ms: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Counted {
    pub(super) sends: u64,
    pub(super) sms: u64,
    pub(super) challenged: u64,
    pub(super) solved: u64,
    pub(super) verdicts: ByName,
    pub(super) rungs: ByName,
    pub(super) decided_by: ByName,
}

/// Counts by name, in an order that means something.
#[derive(Debug)]
pub(super) struct ByName(pub(super) Vec<(&'static str, u64)>);

impl Serialize for ByName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, count)| (name, count)))
    }
}

impl Report {
    /// The result of everything that was replayed.
    pub fn new(replay: Replay<'_>) -> Self {
        let names = replay.names.with(std::mem::take);
        let score = &replay.score;
        let mut scenarios: Vec<_> = score
            .scenarios
            .iter()
            .map(|(name, scenario)| ScenarioReport::new(*name, scenario, &replay.told, &names))
            .collect();
        scenarios.sort_by(|one, other| one.scenario.cmp(&other.scenario));
        let Counts { attack, legit, .. } = &score.total;
        Self {
            version: 1,
            revision: replay.revision,
            currency: replay.options.currency.clone(),
            as_configured: replay.options.as_configured,
            delivery_feed: replay.options.delivery_feed,
            from: replay.span.map(|(first, _)| first),
            to: replay.span.map(|(_, last)| last),
            pages: replay.pages,
            sends: replay.sends,
            scenarios,
            total: TotalReport {
                measures: Measures::of(&score.total),
                legit: Counted::of(legit),
                attack: Counted::of(attack),
            },
            against: replay.against.map(|against| AgainstReport::new(against, &names)),
            log: replay.log.map(LogReport::new),
            alerts: AlertsReport::of(replay.told),
            names,
            timeline: replay.timeline.unwrap_or_default(),
        }
    }

    /// As JSON, one key a line.
    pub fn to_json(&self) -> String {
        // Nothing in it can fail to be written as JSON.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl AgainstReport {
    fn new(against: Against, names: &Names) -> Self {
        let Against { revision, score: Score { scenarios, total, .. }, changes } = against;
        let measures: BTreeMap<_, _> =
            scenarios.iter().map(|(name, scenario)| (names.text(*name), Measures::of(&scenario.all))).collect();
        let scenario = |(name, measures): (&str, _)| AgainstScenario { scenario: name.to_owned(), measures };
        let scenarios = measures.into_iter().map(scenario).collect();
        Self { revision, scenarios, total: Measures::of(&total), changes }
    }
}

impl LogReport {
    fn new(log: LogResult) -> Self {
        let LogResult { changes, imputed_outcomes, imputed_solutions, not_sent, torn, foreign, not_replayable } = log;
        Self { changes, imputed_outcomes, imputed_solutions, not_sent, torn, foreign, not_replayable }
    }
}

impl ScenarioReport {
    fn new(name: Name, scenario: &Scenario, told: &Told, names: &Names) -> Self {
        let class = |(name, counts): (&Name, &Counts)| ClassReport {
            class: names.text(*name).to_owned(),
            measures: Measures::of(counts),
        };
        let mut classes: Vec<_> = scenario.classes.iter().map(class).collect();
        classes.sort_by(|one, other| one.class.cmp(&other.class));
        Self {
            scenario: names.text(name).to_owned(),
            measures: Measures::of(&scenario.all),
            before_first_refusal: BeforeFirstRefusal::of(&scenario.first_refusal),
            before_first_alert: BeforeFirstRefusal::of_alert(told.attacks.get(&name)),
            legit: Counted::of(&scenario.all.legit),
            attack: Counted::of(&scenario.all.attack),
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
            legit_sends: legit.sends,
            lost_sends: *lost,
            lost: share(*lost, legit.sends),
            challenged_sends: legit.challenged,
            challenged: share(legit.challenged, legit.sends),
        }
    }
}

/// What on-call people would have been told.
#[derive(Debug, Serialize)]
pub(super) struct AlertsReport {
    pub(super) incidents: u64,
    /// Incidents that began while no attack was under way.
    pub(super) quiet: u64,
    pub(super) messages: u64,
    pub(super) listed: Vec<AlertLine>,
}

#[derive(Debug, Serialize)]
pub(super) struct AlertLine {
    pub(super) at: Timestamp,
    pub(super) incident: String,
    pub(super) status: Status,
    pub(super) severity: Severity,
    pub(super) rule: String,
    pub(super) summary: String,
}

impl AlertsReport {
    fn of(told: Told) -> Self {
        let line = |alert: Alert| AlertLine {
            at: alert.at,
            incident: alert.incident.to_string(),
            status: alert.status,
            severity: alert.severity,
            rule: alert.rule,
            summary: alert.summary,
        };
        let Told { incidents, quiet, count, messages, .. } = told;
        Self { incidents, quiet, messages: count, listed: messages.into_iter().map(line).collect() }
    }
}

impl BeforeFirstRefusal {
    fn of_alert(first: Option<&First>) -> Self {
        let Some(first) = first else { return Self { sms: 0, money: Money::default(), ms: None } };
        let ms = first.after.filter(|_| !first.never).map(Span::as_millis);
        Self { sms: first.sms, money: first.money, ms }
    }

    fn of(first: &FirstRefusal) -> Self {
        let ms = first.after.filter(|_| !first.never).map(Span::as_millis);
        Self { sms: first.sms, money: first.money, ms }
    }
}

impl Counted {
    fn of(side: &Side) -> Self {
        let by = |names: [&'static str; 4], counts: &[u64; 4]| ByName(names.into_iter().zip(*counts).collect());
        Self {
            sends: side.sends,
            sms: side.sms,
            challenged: side.challenged,
            solved: side.solved,
            verdicts: by(VERDICTS, &side.verdicts),
            rungs: by(RUNGS.map(Rung::name), &side.rungs),
            decided_by: ByName(side.decided_by.iter().map(|(name, count)| (*name, *count)).collect()),
        }
    }
}

/// `part` of `whole`; `None` of nothing.
#[expect(clippy::cast_precision_loss, reason = "exact to 2^53")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

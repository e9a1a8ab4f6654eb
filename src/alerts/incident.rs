//! An incident: all alerts of one trouble, from the first to the last, with what is known of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::detect::{Finding, sentence};
use super::evidence::{Evidence, RangeRow, Sums};
use super::key::Key;
use super::{Alert, AlertKind, IncidentId, Severity, Status, Value, counted};
use crate::domain::{Money, Timestamp};

/// Moments of a timeline that are kept: the first half of them stays, of the rest the latest.
const MOMENTS: usize = 200;
/// Rows of a table that a message shows.
const SHOWN: usize = 5;

/// All alerts of one trouble.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its name.
    pub id: IncidentId,
    /// What its leading alert is about.
    pub kind: AlertKind,
    /// The rule that spoke first.
    pub rule: String,
    /// The worst of its alerts so far.
    pub severity: Severity,
    /// What its alerts have in common.
    #[serde(rename = "labels")]
    pub(super) of: Key,
    /// When its first alert began.
    pub started: Timestamp,
    /// When its last alert ended.
    pub ended: Option<Timestamp>,
    /// Who looks after it.
    pub acknowledged: Option<Acknowledged>,
    /// Whether a silence holds its messages back.
    pub silenced: bool,
    /// Its alerts.
    pub alerts: Vec<Row>,
    /// What happened when.
    pub timeline: Vec<Moment>,
    /// What an attack left.
    pub evidence: Evidence,
    /// Messages that were made.
    pub messages: u32,
    /// Size, time and severity of the last of them.
    pub(super) told: Option<(f64, Timestamp, Severity)>,
    /// The sums of its attack when the tables of `evidence` were taken, and when that was.
    #[serde(skip)]
    pub(super) look: Option<(Sums, Timestamp)>,
}

/// One alert of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its rule.
    pub rule: String,
    /// What it is about.
    pub kind: AlertKind,
    /// What was measured.
    #[serde(rename = "labels")]
    pub(super) of: Key,
    /// The worst so far.
    pub severity: Severity,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The latest value.
    pub value: Value,
    /// The largest (of conversion: smallest) value.
    pub peak: f64,
    /// Whether a wider alert of the same kind says it already.
    pub inhibited: bool,
    /// What is wrong, where the value doesn't say it.
    pub text: Option<String>,
}

/// Who looks after an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// Since when.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What they say.
    pub note: String,
}

impl Acknowledged {
    /// With what was said before, where this says nothing of it.
    pub(super) fn after(self, before: Option<Self>) -> Self {
        let Some(before) = before else { return self };
        let kept = |now: String, before: String| if now.is_empty() { before } else { now };
        Self { at: self.at, by: kept(self.by, before.by), note: kept(self.note, before.note) }
    }
}

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: String,
}

impl Row {
    pub(super) fn of(finding: &Finding, inhibited: bool, now: Timestamp) -> Self {
        Self {
            rule: finding.rule.to_string(),
            kind: finding.kind,
            of: finding.key.clone(),
            severity: finding.severity,
            started: now,
            ended: None,
            value: finding.value,
            peak: finding.value.value,
            inhibited,
            text: finding.text.clone(),
        }
    }

    pub(super) fn is(&self, finding: &Finding) -> bool {
        self.rule == *finding.rule && self.of == finding.key
    }

    fn sentence(&self) -> String {
        self.text.clone().unwrap_or_else(|| sentence(self.kind, &self.of, &self.value))
    }
}

impl Incident {
    pub(super) fn open(id: IncidentId, finding: &Finding, now: Timestamp) -> Self {
        Self {
            id,
            kind: finding.kind,
            rule: finding.rule.to_string(),
            severity: finding.severity,
            of: finding.key.clone(),
            started: now,
            ended: None,
            acknowledged: None,
            silenced: false,
            alerts: Vec::new(),
            timeline: Vec::new(),
            evidence: Evidence::default(),
            messages: 0,
            told: None,
            look: None,
        }
    }

    /// Whether it goes on.
    pub fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// What its alerts have in common, as labels.
    pub fn labels(&self) -> BTreeMap<String, String> {
        self.of.labels()
    }

    /// What a silence may match.
    pub fn names(&self) -> BTreeMap<String, String> {
        let mut names = self.labels();
        names.insert("rule".to_owned(), self.rule.clone());
        names.insert("kind".to_owned(), self.kind.name().to_owned());
        names.insert("severity".to_owned(), self.severity.name().to_owned());
        names
    }

    /// Writes a line into the timeline.
    pub(super) fn note(&mut self, at: Timestamp, what: String) {
        if self.timeline.len() >= MOMENTS {
            self.timeline.remove(MOMENTS / 2);
        }
        self.timeline.push(Moment { at, what });
    }

    pub(super) fn add(&mut self, finding: &Finding, inhibited: bool, now: Timestamp) {
        let row = Row::of(finding, inhibited, now);
        self.note(now, format!("{} {}: {}", row.severity.name(), row.rule, row.sentence()));
        // A wider alert says that there is trouble, but not how bad it is here.
        self.severity = self.severity.max(finding.severity);
        // What an attack and a threshold say is one thing: the attack says more.
        if finding.kind == AlertKind::Attack && self.kind != AlertKind::Attack && !inhibited {
            (self.kind, self.rule) = (finding.kind, finding.rule.to_string());
        }
        let ended = self.alerts.iter().position(|known| known.is(finding) && known.ended.is_some());
        match ended.and_then(|index| self.alerts.get_mut(index)) {
            Some(known) => *known = Row { started: known.started, ..row },
            None => self.alerts.push(row),
        }
        self.of = Key::common(self.alerts.iter().map(|row| &row.of));
    }

    /// The alert that speaks for it: the worst of its kind, and of alike ones one that no wider one says already.
    fn leading(&self) -> Option<&Row> {
        let of_kind = self.alerts.iter().filter(|row| row.kind == self.kind);
        of_kind.max_by_key(|row| (row.ended.is_none(), row.severity, !row.inhibited)).or_else(|| self.alerts.first())
    }

    /// How large it is, to see whether it grows.
    pub(super) fn size(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count")]
        let size = self.evidence.size() as f64;
        let value = self.leading().map_or(0.0, |row| if row.kind == AlertKind::Conversion { 0.0 } else { row.peak });
        if size > 0.0 { size } else { value }
    }

    /// The message that tells of it at `now`.
    pub(super) fn message(&mut self, status: Status, currency: &str, now: Timestamp) -> Alert {
        self.messages += 1;
        self.told = Some((self.size(), now, self.severity));
        let leading = self.leading();
        let summary = self.summary(status, currency);
        let alert = Alert {
            id: format!("{}.{}", self.id, self.messages),
            incident: self.id.clone(),
            sequence: self.messages,
            kind: self.kind,
            rule: self.rule.clone(),
            severity: self.severity,
            status,
            labels: self.labels(),
            started: self.started,
            ended: self.ended,
            at: now,
            value: leading.map_or(Value::NOTHING, |row| row.value),
            summary,
            details: self.details(currency),
            test: false,
        };
        self.note(now, format!("told: {}", alert.status.name()));
        alert
    }

    /// One sentence.
    pub fn summary(&self, status: Status, currency: &str) -> String {
        let lead = match status {
            Status::Firing => "",
            Status::Updated => "Grows: ",
            Status::Resolved => "Over: ",
        };
        if self.kind == AlertKind::Attack {
            let of = &self.of;
            let Evidence { sent, verified, cost_micros, .. } = &self.evidence;
            let (stopped, sent) = (self.evidence.stopped(), counted(sent, "message"));
            let cost = Money::micros(*cost_micros);
            return format!(
                "{lead}attack on {of}: {stopped}; {sent} to its ranges went out, {verified} of them verified, for {cost} \
                 {currency}"
            );
        }
        let sentence = self.leading().map(Row::sentence).unwrap_or_default();
        format!("{lead}{sentence}")
    }

    fn details(&self, currency: &str) -> Vec<String> {
        let mut lines = Vec::new();
        let Evidence { phones, addresses, .. } = &self.evidence;
        if *phones > 0 {
            lines.push(format!("{}, {}", counted(phones, "phone"), counted(addresses, "address")));
            lines.push(format!("ranges: {}", self.evidence.top_ranges(currency)));
            for (what, rows) in [
                ("countries", &self.evidence.countries),
                ("networks", &self.evidence.networks),
                ("systems", &self.evidence.systems),
                ("hot", &self.evidence.cells),
            ] {
                if !rows.is_empty() {
                    lines.push(format!("{what}: {}", top(rows)));
                }
            }
        }
        for row in self.alerts.iter().filter(|row| row.ended.is_none()).take(SHOWN) {
            lines.push(format!("{} {}: {}", row.severity.name(), row.rule, row.sentence()));
        }
        lines.push(format!("look: sendwall incident show {}", self.id));
        lines
    }
}

impl Evidence {
    fn top_ranges(&self, currency: &str) -> String {
        let mut rows: Vec<(&String, &RangeRow)> = self.ranges.iter().collect();
        rows.sort_by_key(|(name, row)| (std::cmp::Reverse((row.sent, row.stopped)), *name));
        let (mut text, word) = (String::new(), self.stopped_word());
        for (name, row) in rows.iter().take(SHOWN) {
            let cost = Money::micros(row.cost_micros);
            _ = write!(text, "{name} ({} sent, {cost} {currency}, {} {word}), ", row.sent, row.stopped);
        }
        let more = self.ranges.len().saturating_sub(SHOWN);
        if more > 0 {
            _ = write!(text, "and {more} more");
        }
        text.trim_end_matches(", ").to_owned()
    }
}

fn top(rows: &BTreeMap<String, u64>) -> String {
    let mut sorted: Vec<_> = rows.iter().collect();
    sorted.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
    let shown = sorted.iter().take(SHOWN).map(|(name, count)| format!("{name} ({count})"));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if rows.len() > SHOWN {
        _ = write!(text, " and {} more", rows.len() - SHOWN);
    }
    text
}

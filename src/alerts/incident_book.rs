//! Findings to incidents: alerts of one trouble are put together, told once, told again when it grows, and told to be over.

use serde::{Deserialize, Serialize};

use super::detect::Finding;
use super::detect_attack::Footprints;
use super::incident::{Acknowledged, Incident, Row};
use super::key::Key;
use super::settings::Settings;
use super::silence::Silence;
use super::threshold::Change;
use super::{Alert, AlertKind, IncidentId, Severity, Status};
use crate::domain::{Span, Timestamp};

/// Incidents of one family that are told apart at the same time; what comes on top belongs to the latest of them.
const APART: usize = 4;
/// Growth is told at most so often; a worse severity at once.
const PACE: Span = Span::minutes(1);
/// Tables and examples of an attack are taken anew for a message, when it ends, and for who looks, but then at most so often.
const LOOK: Span = Span::minutes(1);
/// Silences that are kept at the same time.
const SILENCES: usize = 100;

/// Every incident that is remembered, and every silence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Book {
    /// Incidents that there ever were.
    next: u64,
    incidents: Vec<Incident>,
    silences: Vec<Silence>,
    #[serde(skip)]
    changes: u64,
}

/// Alerts of one family may be one trouble.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Traffic,
    Delivery,
    Own,
}

const fn family(kind: AlertKind) -> Family {
    match kind {
        AlertKind::Undelivered => Family::Delivery,
        AlertKind::Trouble => Family::Own,
        AlertKind::Attack
        | AlertKind::Messages
        | AlertKind::Money
        | AlertKind::Conversion
        | AlertKind::Refused
        | AlertKind::Budget => Family::Traffic,
    }
}

impl Book {
    /// Takes what was found at `now` and gives what is to be told. `attacks` knows what they left.
    pub(super) fn take(
        &mut self,
        settings: &Settings,
        findings: &[Finding],
        attacks: &mut Footprints,
        now: Timestamp,
    ) -> Vec<Alert> {
        // Wide ones first, so that narrow ones of the same cause find them.
        let mut findings: Vec<&Finding> = findings.iter().collect();
        findings.sort_by_key(|finding| finding.key.depth());
        for finding in findings {
            match finding.change {
                Change::Fired => self.fired(finding, now),
                Change::Worse | Change::Still => self.goes_on(finding, now),
                Change::Cleared => self.cleared(finding, now),
                Change::Quiet => {}
            }
        }
        let mut told = Vec::new();
        self.silences.retain(|silence| now < silence.until);
        let silences = self.silences.clone();
        for incident in self.incidents.iter_mut().filter(|incident| incident.is_open()) {
            incident.silenced = !silences.is_empty() && {
                let names = incident.names();
                silences.iter().any(|silence| silence.holds(&names, now))
            };
            let attack = attack(incident, now);
            if let Some(attack) = &attack {
                take_sums(incident, attacks, attack);
            }
            if incident.alerts.iter().all(|row| row.ended.is_some()) {
                incident.ended = Some(now);
                incident.note(now, "over".to_owned());
            }
            let due = due(incident, settings.grow, now);
            let is_last = || incident.alerts.iter().any(|row| row.kind == AlertKind::Attack && row.ended == Some(now));
            if let Some(attack) = attack.filter(|_| due.is_some() || is_last()) {
                take_tables(incident, attacks, &attack, now);
            }
            let message = due.map(|status| incident.message(status, &settings.currency, now));
            self.changes += u64::from(message.is_some() || incident.ended.is_some());
            told.extend(message);
        }
        self.settle(attacks, now);
        self.forget(settings.incidents);
        told
    }

    /// What an attack left is told with its incident, and with no other.
    fn settle(&self, attacks: &mut Footprints, now: Timestamp) {
        let attacks_of = |fits: fn(&Incident, Timestamp) -> bool| -> Vec<Key> {
            let rows =
                self.incidents.iter().filter(|incident| fits(incident, now)).flat_map(|incident| &incident.alerts);
            rows.filter(|row| row.kind == AlertKind::Attack).map(|row| row.of.clone()).collect()
        };
        let open = attacks_of(|incident, _| incident.is_open());
        let over = attacks_of(|incident, now| incident.ended == Some(now));
        attacks.settle(&open, &over, now);
    }

    /// Takes the tables and examples of attacks anew for whoever may look at them between messages, now and then: all
    /// decisions wait meanwhile.
    pub(super) fn look(&mut self, attacks: &Footprints, now: Timestamp) {
        let is_old = |incident: &Incident| incident.look.is_none_or(|(_, at)| now.since(at) >= LOOK);
        for incident in self.open_mut().filter(|incident| is_old(incident)) {
            if let Some(attack) = attack(incident, now) {
                take_tables(incident, attacks, &attack, now);
            }
        }
    }

    fn fired(&mut self, finding: &Finding, now: Timestamp) {
        self.changes += 1;
        let inhibitor = self.open().position(|incident| {
            incident.alerts.iter().any(|row| {
                let wider = row.of != finding.key && row.of.covers(&finding.key);
                row.ended.is_none() && row.kind == finding.kind && wider
            })
        });
        if let Some(incident) = inhibitor.and_then(|index| self.open_mut().nth(index)) {
            return incident.add(finding, true, now);
        }
        if let Some(incident) = self.joined(finding).and_then(|index| self.open_mut().nth(index)) {
            return incident.add(finding, false, now);
        }
        self.next += 1;
        let mut incident = Incident::open(IncidentId::new(now, self.next), finding, now);
        incident.add(finding, false, now);
        self.incidents.push(incident);
    }

    /// The open incident that a new alert belongs to: of the same family, with nothing that contradicts.
    fn joined(&self, finding: &Finding) -> Option<usize> {
        let fits = |incident: &Incident| {
            let (theirs, mine) = (&incident.of, &finding.key);
            let agrees = |one: bool, other: bool, same: bool| !one || !other || same;
            agrees(theirs.country.is_some(), mine.country.is_some(), theirs.country == mine.country)
                && agrees(theirs.endpoint.is_some(), mine.endpoint.is_some(), theirs.endpoint == mine.endpoint)
                && theirs.part == mine.part
        };
        let is_like = |incident: &Incident| family(incident.kind) == family(finding.kind);
        // Codes that don't arrive aren't verified: no trouble of its own.
        let explains = |incident: &Incident| {
            finding.kind == AlertKind::Conversion && family(incident.kind) == Family::Delivery && fits(incident)
        };
        let like = self.open().enumerate().filter(|(_, incident)| is_like(incident));
        let fitting = like.clone().find(|(_, incident)| fits(incident));
        let crowded = family(finding.kind) == Family::Traffic && like.clone().count() >= APART;
        let explained = self.open().enumerate().find(|(_, incident)| explains(incident));
        let last = like.last().filter(|_| crowded);
        explained.or(fitting).or(last).map(|(index, _)| index)
    }

    fn goes_on(&mut self, finding: &Finding, now: Timestamp) {
        for incident in self.incidents.iter_mut().filter(|incident| incident.is_open()) {
            let Some(row) = incident.alerts.iter_mut().find(|row| row.is(finding) && row.ended.is_none()) else {
                continue;
            };
            let lower_is_worse = row.kind == AlertKind::Conversion;
            let value = finding.value.value;
            row.peak = if lower_is_worse { row.peak.min(value) } else { row.peak.max(value) };
            row.value = finding.value;
            // What is well again says nothing of what was wrong.
            if finding.text.is_some() {
                row.text.clone_from(&finding.text);
            }
            if row.severity < finding.severity {
                row.severity = finding.severity;
                incident.severity = incident.severity.max(finding.severity);
                incident.note(now, format!("{} {}", finding.severity.name(), finding.rule));
                self.changes += 1;
            }
            return;
        }
        // Told before a restart, and its incident is gone: it begins again.
        self.fired(finding, now);
    }

    fn cleared(&mut self, finding: &Finding, now: Timestamp) {
        self.changes += 1;
        for incident in self.open_mut() {
            if let Some(row) = incident.alerts.iter_mut().find(|row| row.is(finding) && row.ended.is_none()) {
                row.ended = Some(now);
                incident.note(now, format!("well again: {} of {}", finding.rule, finding.key));
                return;
            }
        }
    }

    fn open(&self) -> impl Iterator<Item = &Incident> + Clone {
        self.incidents.iter().filter(|incident| incident.is_open())
    }

    fn open_mut(&mut self) -> impl Iterator<Item = &mut Incident> {
        self.incidents.iter_mut().filter(|incident| incident.is_open())
    }

    /// The oldest that is over goes first; where all are open, the oldest.
    fn forget(&mut self, keep: usize) {
        while self.incidents.len() > keep.max(1) {
            let over = self.incidents.iter().position(|incident| !incident.is_open());
            self.incidents.remove(over.unwrap_or(0));
        }
    }

    /// Every alert that fires, as it was told: what detection goes on with after a restart.
    pub(super) fn firing(&self) -> Vec<(String, Key, Severity)> {
        let rows = self.open().flat_map(|incident| &incident.alerts).filter(|row| row.ended.is_none());
        rows.map(|row| (row.rule.clone(), row.of.clone(), row.severity)).collect()
    }

    /// Another number than before where there is something new to save.
    pub(super) const fn changes(&self) -> u64 {
        self.changes
    }

    /// Every incident, the latest first.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.iter().rev()
    }

    /// One incident.
    pub fn incident(&self, id: &IncidentId) -> Option<&Incident> {
        self.incidents.iter().find(|incident| incident.id == *id)
    }

    /// Somebody looks after it; what they don't say stays as it was. `None`: there is no such incident.
    pub(super) fn acknowledge(&mut self, id: &IncidentId, acknowledged: Acknowledged) -> Option<Incident> {
        let incident = self.incidents.iter_mut().find(|incident| incident.id == *id)?;
        let acknowledged = acknowledged.after(incident.acknowledged.take());
        let by = if acknowledged.by.is_empty() { String::new() } else { format!(" by {}", acknowledged.by) };
        incident.note(acknowledged.at, format!("acknowledged{by}"));
        incident.acknowledged = Some(acknowledged);
        self.changes += 1;
        Some(incident.clone())
    }

    /// Every silence that holds at `now`.
    pub fn silences(&self, now: Timestamp) -> impl Iterator<Item = &Silence> {
        self.silences.iter().filter(move |silence| now < silence.until)
    }

    /// Begins a silence; the number that it brings is replaced. `None`: there are too many.
    pub(super) fn silence(&mut self, silence: Silence) -> Option<Silence> {
        self.silences.retain(|known| silence.from < known.until);
        if self.silences.len() >= SILENCES {
            return None;
        }
        let id = self.silences.iter().map(|known| known.id).max().unwrap_or_default() + 1;
        self.changes += 1;
        self.silences.push(Silence { id, ..silence });
        self.silences.last().cloned()
    }

    /// Ends a silence. False: there is none of that number.
    pub(super) fn unsilence(&mut self, id: u64) -> bool {
        let before = self.silences.len();
        self.silences.retain(|silence| silence.id != id);
        self.changes += 1;
        self.silences.len() < before
    }
}

/// What is to be told of an incident now.
fn due(incident: &Incident, grow: f64, now: Timestamp) -> Option<Status> {
    match (incident.told, incident.is_open()) {
        // Whoever was told of it waits for its end.
        (Some(_), false) => Some(Status::Resolved),
        _ if incident.silenced => None,
        // What was over before anybody heard of it is no news.
        (None, open) => open.then_some(Status::Firing),
        (Some((.., severity)), true) if severity < incident.severity => Some(Status::Updated),
        (Some((size, at, _)), true) => {
            let has_grown = incident.size() >= size.max(1.0) * grow && now.since(at) >= PACE;
            has_grown.then_some(Status::Updated)
        }
    }
}

/// What the incident's attack alerts measure, those that end now among them.
fn attack(incident: &Incident, now: Timestamp) -> Option<Key> {
    let goes_on = |row: &&Row| row.kind == AlertKind::Attack && row.ended.is_none_or(|at| at == now);
    // The widest alert's evidence holds the others'.
    incident.alerts.iter().filter(goes_on).min_by_key(|row| row.of.depth()).map(|row| row.of.clone())
}

/// Takes in the sums of an attack. Those of a process that has just started are smaller than what is known already.
fn take_sums(incident: &mut Incident, attacks: &Footprints, attack: &Key) {
    let sums = attacks.sums(attack);
    if sums.size() >= incident.evidence.size() {
        incident.evidence.set_sums(&sums);
    }
}

/// Takes in its tables and examples, where it has gone on since they were taken.
fn take_tables(incident: &mut Incident, attacks: &Footprints, attack: &Key, now: Timestamp) {
    let sums = attacks.sums(attack);
    if sums.size() >= incident.evidence.size() && incident.look.is_none_or(|(then, _)| then != sums) {
        incident.evidence = attacks.evidence(attack);
        incident.look = Some((sums, now));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::alerts::{Unit, Value};
    use crate::domain::Country;

    const START: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);
    const WARN: Severity = Severity::Warn;
    const CRITICAL: Severity = Severity::Critical;

    /// A book with a minute between one look and the next.
    struct Stage {
        book: Book,
        now: Timestamp,
    }

    impl Stage {
        fn new() -> Self {
            Self { book: Book::default(), now: START }
        }

        /// What is told of these findings, as status, severity and summary.
        fn take(&mut self, findings: &[Finding]) -> Vec<(Status, Severity, String)> {
            self.now = self.now + Span::minutes(1);
            let told = self.book.take(&Settings::default(), findings, &mut Footprints::default(), self.now);
            told.into_iter().map(|alert| (alert.status, alert.severity, alert.summary)).collect()
        }

        fn statuses(&mut self, findings: &[Finding]) -> Vec<(Status, Severity)> {
            self.take(findings).into_iter().map(|(status, severity, _)| (status, severity)).collect()
        }

        fn silence(&mut self, country: &str, span: Span) {
            let matches = BTreeMap::from([("country".to_owned(), country.to_owned())]);
            let (from, until) = (self.now, self.now + span);
            let silence = Silence { id: 0, matches, from, until, by: String::new(), note: String::new() };
            assert!(self.book.silence(silence).is_some());
        }
    }

    /// `login` is an endpoint, `login UZ` a country there, `UZ` one everywhere.
    fn key(text: &str) -> Key {
        let (countries, endpoints): (Vec<_>, Vec<_>) =
            text.split_whitespace().partition(|word| word.chars().all(char::is_uppercase));
        Key {
            endpoint: endpoints.first().map(|name| (*name).into()),
            country: countries.first().and_then(|name| Country::new(name)),
            ..Key::default()
        }
    }

    fn finding(kind: AlertKind, of: &str, severity: Severity, change: Change) -> Finding {
        let (key, value) = (key(of), Value { value: 90.0, limit: 40.0, unit: Unit::Requests, per_ms: 900_000 });
        let rule = format!("{}-{:?}", kind.name(), key.by()).into();
        Finding { rule, kind, key, severity, change, value, text: None }
    }

    fn attack(of: &str, severity: Severity, change: Change) -> Finding {
        finding(AlertKind::Attack, of, severity, change)
    }

    #[test]
    fn a_narrower_alert_makes_no_incident_of_its_own_and_is_told_where_it_is_worse() {
        use Change::{Fired, Worse};
        for (then, told) in [
            (vec![attack("login UZ", WARN, Fired)], vec![]),
            (vec![attack("login UZ", CRITICAL, Fired)], vec![(Status::Updated, CRITICAL)]),
            (
                vec![attack("login UZ", WARN, Fired), attack("login UZ", CRITICAL, Worse)],
                vec![(Status::Updated, CRITICAL)],
            ),
        ] {
            let mut stage = Stage::new();
            assert_eq!(stage.statuses(&[attack("login", WARN, Fired)]), [(Status::Firing, WARN)]);
            let mut all: Vec<_> =
                then.iter().flat_map(|finding| stage.statuses(std::slice::from_ref(finding))).collect();
            all.extend(stage.statuses(&[attack("login KG", WARN, Fired)]));
            assert_eq!((all, stage.book.incidents.len()), (told, 1), "{then:?}");
        }
        let mut stage = Stage::new();
        let messages = |of, severity| finding(AlertKind::Messages, of, severity, Fired);
        stage.take(&[messages("login", WARN)]);
        let (_, _, summary) = stage.take(&[messages("login UZ", CRITICAL)]).remove(0);
        assert!(summary.contains("messages of UZ, login"), "the worst speaks: {summary}");
    }

    #[test]
    fn an_incident_is_of_what_its_alerts_have_in_common() {
        for (alerts, of) in [
            (&["login GG"][..], "GG, login"),
            (&["login GG", "login"], "GG, login"),
            (&["login", "GG"], "GG, login"),
            (&["login GG", "login", "login LK"], "login"),
            (&["login GG", "login", "login LK", "login GG"], "login"),
            (&["login GG", "login", "login LK", "login UZ", "login"], "login"),
        ] {
            let mut stage = Stage::new();
            for of in alerts {
                stage.take(&[attack(of, WARN, Change::Fired)]);
            }
            let told: Vec<_> = stage.book.incidents().map(|incident| incident.of.to_string()).collect();
            assert_eq!(told, [of], "{alerts:?}");
        }
    }

    #[test]
    fn a_silence_of_one_country_holds_no_attack_on_another_back() {
        let mut stage = Stage::new();
        stage.silence("GG", Span::hours(1));
        assert_eq!(stage.statuses(&[attack("login GG", WARN, Change::Fired)]), []);
        assert_eq!(stage.statuses(&[attack("login", WARN, Change::Fired)]), []);
        assert_eq!(stage.statuses(&[attack("login LK", CRITICAL, Change::Fired)]), [(Status::Firing, CRITICAL)]);
    }

    #[test]
    fn who_was_told_of_an_incident_hears_of_its_end_through_a_silence_and_nobody_else_does() {
        let (fired, cleared) = (attack("login UZ", WARN, Change::Fired), attack("login UZ", WARN, Change::Cleared));
        for (first, told) in [("LK", vec![(Status::Firing, WARN), (Status::Resolved, WARN)]), ("UZ", vec![])] {
            let mut stage = Stage::new();
            stage.silence(first, Span::hours(1));
            let mut all = stage.statuses(std::slice::from_ref(&fired));
            stage.silence("UZ", Span::hours(1));
            all.extend(stage.statuses(std::slice::from_ref(&cleared)));
            assert_eq!(all, told, "silenced before: {first}");
        }
    }

    #[test]
    fn what_is_over_says_what_it_was() {
        let mut stage = Stage::new();
        let trouble = |change, text: Option<&str>| Finding {
            key: Key::part("upstream"),
            text: text.map(str::to_owned),
            ..finding(AlertKind::Trouble, "", CRITICAL, change)
        };
        stage.take(&[trouble(Change::Fired, Some("the app does not answer"))]);
        stage.take(&[trouble(Change::Still, None)]);
        let told = stage.take(&[trouble(Change::Cleared, None)]);
        assert_eq!(told, [(Status::Resolved, CRITICAL, "Over: the app does not answer".to_owned())]);
    }
}

//! Prometheus' Alertmanager: what it sends to webhooks (version 4), and what it takes (`/api/v2/alerts`).
//!
//! What names an alert there are its labels, so only what never changes within an incident becomes one; what it is about
//! (countries, ranges) may widen, and stands in the annotations. Severity does change, from `warn` to `critical`, and people route by it: so the alert of the lower severity stays beside that of
//! the higher one until the incident ends, as Alertmanager's inhibition is made for.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Item, is_firing};
use crate::alerts::deliver::channel::{Channel, Url};
use crate::alerts::{Alert, AlertKind, Severity, Status};
use crate::domain::Span;

/// Nothing is left out of a payload: digests are bounded elsewhere.
const TRUNCATED: u32 = 0;
/// When it is over nobody knows yet.
const NEVER: &str = "0001-01-01T00:00:00Z";
/// An Alertmanager forgets what it isn't told again, after 5 minutes by default; and we tell each thing once. So an
/// alert brings the time until which it holds: longer than any incident, and not so long that one whose end got lost
/// stays for ever.
const HOLDS: Span = Span::hours(7 * 24);
const API: &str = "/api/v2/alerts";

type Labels<'a> = BTreeMap<&'a str, &'a str>;

/// The address of the API.
pub(super) fn api(url: &Url) -> String {
    if url.path_ends(API) { url.expose() } else { format!("{}{API}", url.expose()) }
}

/// What the API takes.
pub(super) fn alerts(channel: &Channel, items: &[Item<'_>]) -> Value {
    items.iter().flat_map(|item| states(item.alert).map(move |severity| state(channel, item, severity))).collect()
}

/// The severities under which the incident is known there.
fn states(alert: &Alert) -> impl Iterator<Item = Severity> {
    // It ends under all that it may have had; each message but the last two was told at one.
    let lower = alert.status == Status::Resolved && alert.severity == Severity::Critical && alert.sequence > 2;
    lower.then_some(Severity::Warn).into_iter().chain([alert.severity])
}

fn state(channel: &Channel, item: &Item<'_>, severity: Severity) -> Value {
    let alert = item.alert;
    let mut state = json!({
        "labels": labels(alert, severity),
        "annotations": annotations(item),
        "startsAt": alert.started,
        "endsAt": alert.ended.unwrap_or(alert.at + HOLDS),
    });
    if let Some(link) = channel.link_to(alert) {
        state["generatorURL"] = link.into();
    }
    state
}

/// What a webhook of Alertmanager's sends.
pub(super) fn payload(channel: &Channel, items: &[Item<'_>]) -> Value {
    let all: Vec<Labels<'_>> = items.iter().map(|item| labels(item.alert, item.alert.severity)).collect();
    let notes: Vec<_> = items.iter().map(annotations).collect();
    let shared = common(&all);
    let mut group = shared.clone();
    group.retain(|name, _| ["alertname", "incident"].contains(name));
    let told = group.iter().map(|(name, value)| format!("{name}={value:?}")).collect::<Vec<_>>().join(", ");
    let alerts = items.iter().zip(&all).zip(&notes).map(|((item, labels), notes)| {
        let ended = item.alert.ended.map_or_else(|| NEVER.to_owned(), |ended| ended.to_string());
        json!({
            "status": status(item.alert.status == Status::Resolved),
            "labels": labels,
            "annotations": notes,
            "startsAt": item.alert.started,
            "endsAt": ended,
            "generatorURL": channel.link_to(item.alert).unwrap_or_default(),
            "fingerprint": format!("{:016x}", fingerprint(labels)),
        })
    });
    json!({
        "receiver": channel.name,
        "status": status(!is_firing(items)),
        "alerts": alerts.collect::<Value>(),
        "groupLabels": group,
        "commonLabels": shared,
        "commonAnnotations": common(&notes),
        "externalURL": channel.link.as_deref().unwrap_or_default(),
        "version": "4",
        "groupKey": format!("{{}}:{{{told}}}"),
        "truncatedAlerts": TRUNCATED,
    })
}

const fn status(is_over: bool) -> &'static str {
    if is_over { "resolved" } else { "firing" }
}

fn labels(alert: &Alert, severity: Severity) -> Labels<'_> {
    let mut labels = BTreeMap::from([
        ("alertname", name(alert.kind)),
        ("incident", alert.incident.as_str()),
        ("rule", alert.rule.as_str()),
        ("severity", if severity == Severity::Warn { "warning" } else { "critical" }),
    ]);
    if alert.test {
        labels.insert("test", "true");
    }
    labels
}

const fn name(kind: AlertKind) -> &'static str {
    match kind {
        AlertKind::Attack => "SendwallAttack",
        AlertKind::Messages => "SendwallMessages",
        AlertKind::Money => "SendwallMoney",
        AlertKind::Conversion => "SendwallConversion",
        AlertKind::Undelivered => "SendwallUndelivered",
        AlertKind::Refused => "SendwallRefused",
        AlertKind::Budget => "SendwallBudget",
        AlertKind::Trouble => "SendwallTrouble",
    }
}

fn annotations<'a>(item: &Item<'a>) -> BTreeMap<&'a str, String> {
    let alert = item.alert;
    // A name that is ours stays ours.
    let mut notes: BTreeMap<_, _> = alert.labels.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    notes.extend([
        ("summary", alert.summary.clone()),
        ("description", alert.details.join("\n")),
        ("value", alert.value.to_string()),
        ("id", alert.id.clone()),
    ]);
    if item.repeat {
        notes.insert("repeat", "true".to_owned());
    }
    notes
}

/// What all of them say.
fn common<'a, V: Clone + PartialEq>(all: &[BTreeMap<&'a str, V>]) -> BTreeMap<&'a str, V> {
    let Some((first, others)) = all.split_first() else { return BTreeMap::new() };
    let mut shared = first.clone();
    shared.retain(|name, value| others.iter().all(|other| other.get(name) == Some(value)));
    shared
}

/// Alertmanager's own: FNV-1a over names and values in order, each closed by a byte that no text holds.
fn fingerprint(labels: &Labels<'_>) -> u64 {
    let bytes = labels.iter().flat_map(|(name, value)| [*name, *value]).flat_map(|text| text.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::deliver::sample;

    #[test]
    fn fingerprints_are_alertmanagers() {
        let labels = [("alertname", "SmsVolumeHigh"), ("country", "UZ"), ("scene", "login"), ("severity", "critical")];
        assert_eq!(format!("{:016x}", fingerprint(&BTreeMap::from(labels))), "860fbde6dff82f35", "of a real 0.25.0");
    }

    fn channel() -> Channel {
        Channel {
            link: Some("https://sendwall.example".into()),
            ..sample::channel(sample::slack("https://am.example/"))
        }
    }

    #[test]
    fn an_incident_keeps_its_labels_until_its_end() {
        let (first, mut last) = (sample::alert(), sample::resolved());
        last.labels.remove("country");
        let labels = |alert| alerts(&channel(), &[Item { alert, repeat: false }])[0]["labels"].clone();
        assert_eq!(labels(&first), labels(&last));
        assert_eq!(labels(&first)["severity"], "critical");
        let linked = &alerts(&channel(), &[Item { alert: &first, repeat: false }])[0];
        assert_eq!(linked["generatorURL"], "https://sendwall.example/api/incidents/inc-1-1");
        let unlinked = Channel { link: None, ..channel() };
        assert!(alerts(&unlinked, &[Item { alert: &first, repeat: false }])[0].get("generatorURL").is_none());
        let told = alerts(&channel(), &[Item { alert: &last, repeat: true }]);
        assert_eq!(told[0]["endsAt"], "2026-11-20T18:40:02.000Z");
        assert_eq!(told[0]["annotations"]["repeat"], "true");
        let grown = Alert { sequence: 4, ..last };
        let told = alerts(&channel(), &[Item { alert: &grown, repeat: false }]);
        let severities: Vec<_> = told.as_array().unwrap().iter().map(|state| &state["labels"]["severity"]).collect();
        assert_eq!(severities, ["warning", "critical"], "it may have begun at a lower one, which must end too");
    }

    #[test]
    fn the_payload_is_of_the_form_that_alertmanager_sends() {
        let alert = sample::alert();
        let told = payload(&channel(), &[Item { alert: &alert, repeat: false }]);
        assert_eq!(told["version"], "4");
        assert_eq!(told["groupKey"], r#"{}:{alertname="SendwallMessages", incident="inc-1-1"}"#);
        assert_eq!(told["alerts"][0]["endsAt"], NEVER);
        assert_eq!((&told["externalURL"], &told["receiver"]), (&json!("https://sendwall.example"), &json!("test")));
        assert_eq!(told["alerts"][0]["generatorURL"], "https://sendwall.example/api/incidents/inc-1-1");
        assert_eq!(told["commonLabels"], told["alerts"][0]["labels"]);
        let over = sample::resolved();
        let told = payload(&channel(), &[Item { alert: &over, repeat: false }]);
        assert_eq!((&told["status"], &told["alerts"][0]["status"]), (&json!("resolved"), &json!("resolved")));
    }

    #[test]
    fn the_api_is_found_below_any_path() {
        for (url, api) in [
            ("http://alerts.example:9093", "http://alerts.example:9093/api/v2/alerts"),
            ("http://alerts.example:9093/", "http://alerts.example:9093/api/v2/alerts"),
            ("https://a.example/alertmanager", "https://a.example/alertmanager/api/v2/alerts"),
            ("https://a.example/api/v2/alerts", "https://a.example/api/v2/alerts"),
        ] {
            assert_eq!(super::api(&sample::url(url)), api);
        }
    }
}

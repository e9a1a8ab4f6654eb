//! `PagerDuty`, Events API v2. Each message of an incident has the incident's key, so a repeat changes nothing there.

use serde_json::{Value, json};

use super::Item;
use crate::alerts::deliver::channel::Channel;
use crate::alerts::deliver::text::clip;
use crate::alerts::deliver::verdict::{Later, Verdict, by_status};
use crate::alerts::{Severity, Status};
use crate::domain::{Span, Timestamp};
use crate::net::Answer;
use crate::privacy::Secret;

/// Its limit.
const SUMMARY_CHARS: usize = 1024;
/// It asks for minutes between retries.
const PAUSE: Span = Span::minutes(1);
/// Its limit for a whole event is 512 KB; nobody reads as much.
const DETAIL_LINES: usize = 100;
const DETAIL_CHARS: usize = 1024;

pub(super) fn event(routing_key: &Secret, channel: &Channel, items: &[Item<'_>]) -> Value {
    // Events are never merged, so this is the only one.
    let Some(Item { alert, repeat }) = items.first() else { return Value::Null };
    let mut event = json!({
        "routing_key": routing_key.expose(),
        "event_action": if alert.status == Status::Resolved { "resolve" } else { "trigger" },
        "dedup_key": format!("sendwall/{}", alert.incident),
    });
    if alert.status == Status::Resolved {
        return event;
    }
    let severity = if alert.severity == Severity::Critical { "critical" } else { "warning" };
    let details: Vec<_> = alert.details.iter().take(DETAIL_LINES).map(|line| clip(line, DETAIL_CHARS)).collect();
    event["client"] = "sendwall".into();
    if let Some(link) = channel.link_to(alert) {
        event["links"] = json!([{ "href": link, "text": "The incident" }]);
        event["client_url"] = link.into();
    }
    event["payload"] = json!({
        "summary": clip(&alert.summary, SUMMARY_CHARS),
        "source": "sendwall",
        "severity": severity,
        "timestamp": alert.at,
        "component": "sms",
        "group": alert.labels.get("endpoint").map_or("all", String::as_str),
        "class": alert.kind.name(),
        "custom_details": {
            "id": alert.id,
            "repeat": repeat,
            "test": alert.test,
            "rule": alert.rule,
            "value": alert.value.to_string(),
            "labels": alert.labels,
            "details": details,
        },
    });
    event
}

pub(super) fn verdict(answer: &Answer, now: Timestamp) -> Verdict {
    match by_status(answer, now) {
        Verdict::Later(later) if later.reason == "receiver_error" => {
            Verdict::Later(Later { pause: later.pause.or(Some(PAUSE)), ..later })
        }
        verdict => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::Alert;
    use crate::alerts::deliver::sample;

    #[test]
    fn an_incident_is_triggered_and_resolved_under_one_key() {
        let key = Secret::new("0123456789abcdef0123456789abcdef");
        let plain = sample::channel(sample::slack("https://pagerduty.example/"));
        let channel = Channel { link: Some("https://sendwall.example".into()), ..plain.clone() };
        let alert = Alert { summary: "ä".repeat(5000), ..sample::alert() };
        assert!(event(&key, &plain, &[Item { alert: &alert, repeat: false }]).get("links").is_none());
        let trigger = event(&key, &channel, &[Item { alert: &alert, repeat: false }]);
        assert_eq!(trigger["event_action"], "trigger");
        assert_eq!(trigger["payload"]["summary"].as_str().unwrap().chars().count(), 1024);
        assert_eq!(trigger["payload"]["severity"], "critical");
        assert_eq!(trigger["payload"]["group"], "login");
        assert_eq!(trigger["client_url"], "https://sendwall.example/api/incidents/inc-1-1");
        assert_eq!(trigger["links"], json!([{"href": trigger["client_url"], "text": "The incident"}]));
        let resolve = event(&key, &channel, &[Item { alert: &sample::resolved(), repeat: false }]);
        assert_eq!(
            resolve,
            json!({"routing_key": key.expose(), "event_action": "resolve", "dedup_key": trigger["dedup_key"]})
        );
    }

    #[test]
    fn its_answers_are_understood() {
        let now = sample::STARTED;
        assert_eq!(verdict(&sample::answer(202, r#"{"status":"success"}"#), now), Verdict::Delivered);
        assert!(matches!(
            verdict(&sample::answer(400, r#"{"status":"invalid event","errors":["'routing_key' is missing"]}"#), now),
            Verdict::Never { .. }
        ));
        for status in [429, 500, 503] {
            let Verdict::Later(later) = verdict(&sample::answer(status, ""), now) else { panic!("{status}") };
            assert_eq!(later.pause, Some(PAUSE), "{status}");
        }
    }
}

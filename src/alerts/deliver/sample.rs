//! Alerts for the tests of the formats.

use std::collections::BTreeMap;

use base64::Engine as _;

use super::super::{Alert, AlertKind, IncidentId, Severity, Status, Unit, Value};
use super::channel::{Channel, Mail, Security, Target, Url};
use super::formats::webhook::SigningKey;
use super::template::Template;
use super::verdict::Verdict;
use crate::domain::{Span, Timestamp};
use crate::net::Answer;
use crate::privacy::Secret;

/// 2026-11-20T18:10:02Z.
pub(super) const STARTED: Timestamp = Timestamp::from_unix_ms(1_795_198_202_000);

pub(super) fn alert() -> Alert {
    Alert {
        id: "inc-1-1.1".to_owned(),
        incident: IncidentId::parse("inc-1-1").unwrap(),
        sequence: 1,
        kind: AlertKind::Messages,
        rule: "messages-5m".to_owned(),
        severity: Severity::Critical,
        status: Status::Firing,
        labels: BTreeMap::from([("country".to_owned(), "UZ".to_owned()), ("endpoint".to_owned(), "login".to_owned())]),
        started: STARTED,
        ended: None,
        at: STARTED + Span::seconds(5),
        value: Value { value: 142.0, limit: 40.0, unit: Unit::Messages, per_ms: 300_000 },
        summary: "142 SMS in 5m to UZ (limit 40)".to_owned(),
        details: vec!["+99899394: 142 SMS".to_owned()],
        test: false,
    }
}

pub(super) fn resolved() -> Alert {
    let at = STARTED + Span::minutes(30);
    Alert {
        id: "inc-1-1.2".to_owned(),
        sequence: 2,
        status: Status::Resolved,
        ended: Some(at),
        at,
        summary: "SMS to UZ are as they were before".to_owned(),
        ..alert()
    }
}

pub(super) fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

pub(super) fn slack(url: &str) -> Target {
    Target::Slack { url: self::url(url) }
}

/// A channel that takes everything.
pub(super) fn channel(target: Target) -> Channel {
    Channel {
        name: "test".into(),
        target,
        template: Template::default(),
        severities: Vec::new(),
        matchers: Vec::new(),
        send_resolved: true,
        rate: 60,
        allow_private: true,
        link: None,
    }
}

pub(super) fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status: http::StatusCode::from_u16(status).unwrap(),
        headers: http::HeaderMap::new(),
        body: bytes::Bytes::copy_from_slice(body.as_bytes()),
    }
}

pub(super) fn key(number: u8) -> SigningKey {
    let key = base64::engine::general_purpose::STANDARD.encode([number; 32]);
    SigningKey::parse(&format!("whsec_{key}")).unwrap()
}

/// One of each kind that is reached by HTTP.
pub(super) fn targets() -> Vec<Target> {
    let (url, secret) = (|| url("https://hooks.example/hunter2"), || Secret::new("hunter2"));
    vec![
        Target::Webhook { url: url(), keys: vec![key(1)] },
        Target::AlertmanagerWebhook { url: url(), token: Some(secret()) },
        Target::Alertmanager { url: url(), token: None },
        Target::PagerDuty { url: url(), routing_key: secret() },
        Target::Slack { url: url() },
        Target::Feishu { url: url(), secret: Some(secret()) },
        Target::DingTalk { url: url(), secret: Some(secret()) },
        Target::WeCom { url: url() },
        Target::Telegram { url: url(), token: secret(), chat: "-100".into() },
    ]
}

/// A verdict in a word.
pub(super) fn short(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Delivered => "delivered",
        Verdict::Later(_) => "later",
        Verdict::Never { .. } => "never",
        Verdict::Gone { .. } => "gone",
    }
}

pub(super) fn mail(host: &str, port: u16) -> Mail {
    Mail {
        host: host.to_owned(),
        port,
        security: Security::None,
        login: None,
        from: "sendwall <alerts@example.com>".to_owned(),
        to: vec!["On call <oncall@example.com>".to_owned()],
    }
}

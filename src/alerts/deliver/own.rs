//! Alerts of the delivery's own: a test, and that a channel is in trouble.

use std::collections::BTreeMap;

use super::super::{Alert, AlertKind, IncidentId, Severity, Status, Unit, Value};
use super::ledger::Why;
use super::text::clip;
use crate::domain::Timestamp;

/// So much of what a receiver said is passed on.
const SAID_CHARS: usize = 200;

/// The alert of `sendwall alerts test`.
pub(super) fn test(channel: &str, now: Timestamp) -> Alert {
    Alert {
        summary: format!("A test of the alert channel {channel}: nothing has happened"),
        details: vec!["Somebody ran `sendwall alerts test`. Alerts will look like this.".to_owned()],
        test: true,
        ..blank(channel, IncidentId::new(now, 0), now)
    }
}

/// A channel lost an alert. `number` names the incident.
pub(super) fn trouble(channel: &str, why: Why, said: &str, lost: &Alert, number: u64, now: Timestamp) -> Alert {
    let reason = match why {
        Why::TooLate => "it could not be reached for a day",
        Why::Refused => "it refused an alert",
        Why::Gone => "its receiver is gone, and nothing more is sent there until its settings change",
        Why::Full | Why::Removed => "an alert was dropped",
    };
    let said = if said.is_empty() { String::new() } else { format!("It said: {}", clip(said, SAID_CHARS)) };
    Alert {
        summary: format!("The alert channel {channel} loses alerts: {reason}"),
        details: vec![
            format!("Lost: {} ({})", lost.summary, lost.id),
            said,
            format!("To see what is wrong: sendwall alerts test {channel}"),
        ],
        ..blank(channel, IncidentId::new(now, number), now)
    }
}

/// Why the trouble of a channel is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// It got something again.
    WellAgain,
    /// There is no such channel any more.
    Removed,
}

/// The trouble that was told of a channel is over.
pub(super) fn over(told: &Alert, channel: &str, why: Over, now: Timestamp) -> Alert {
    let sequence = told.sequence + 1;
    Alert {
        id: format!("{}.{sequence}", told.incident),
        sequence,
        status: Status::Resolved,
        ended: Some(now),
        at: now,
        summary: match why {
            Over::WellAgain => format!("The alert channel {channel} gets alerts again"),
            Over::Removed => format!("The alert channel {channel} is no longer configured"),
        },
        details: Vec::new(),
        ..told.clone()
    }
}

fn blank(channel: &str, incident: IncidentId, now: Timestamp) -> Alert {
    Alert {
        id: format!("{incident}.1"),
        incident,
        sequence: 1,
        kind: AlertKind::Trouble,
        rule: "alert-channel".to_owned(),
        severity: Severity::Warn,
        status: Status::Firing,
        labels: BTreeMap::from([("channel".to_owned(), channel.to_owned())]),
        started: now,
        ended: None,
        at: now,
        value: Value { value: 1.0, limit: 0.0, unit: Unit::Count, per_ms: 0 },
        summary: String::new(),
        details: Vec::new(),
        test: false,
    }
}

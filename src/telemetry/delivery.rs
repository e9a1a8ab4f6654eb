//! What is told about alerts on their way: metrics by channel, and events.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tracing::{debug, error, info, warn};

use super::Metrics;
use crate::domain::Span;

/// The metrics of alerts on their way. Their labels are channels of the configuration and closed sets.
#[derive(Debug, Default)]
pub struct Delivery {
    sent: Family<Channel, Counter>,
    failed: Family<Failed, Counter>,
    retried: Family<Channel, Counter>,
    given_up: Family<Failed, Counter>,
    waiting: Family<Channel, Gauge<u64, AtomicU64>>,
    spool_failures: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Channel {
    channel: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failed {
    channel: Arc<str>,
    reason: &'static str,
}

impl Delivery {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let delivery = Self::default();
        let Self { sent, failed, retried, given_up, waiting, spool_failures } = &delivery;
        registry.register("alerts_sent", "Alerts that a channel took", sent.clone());
        registry.register("alert_attempts_failed", "Attempts to send to a channel that failed", failed.clone());
        registry.register("alerts_retried", "Alerts that were sent to a channel again", retried.clone());
        registry.register("alerts_given_up", "Alerts that a channel will not get", given_up.clone());
        registry.register("alerts_waiting", "Alerts that a channel has not got yet", waiting.clone());
        let help = "Alerts that could not be written to the spool or read from it";
        registry.register("alert_spool_failures", help, spool_failures.clone());
        delivery
    }

    /// So many alerts wait for a channel.
    pub fn waiting(&self, channel: &Arc<str>, alerts: u64) {
        self.waiting.get_or_create(&Channel { channel: Arc::clone(channel) }).set(alerts);
    }

    /// So many alerts are sent to a channel once more.
    pub fn retried(&self, channel: &Arc<str>, alerts: u64) {
        self.retried.get_or_create(&Channel { channel: Arc::clone(channel) }).inc_by(alerts);
    }
}

/// A channel took alerts.
#[derive(Clone, Copy, Debug)]
pub struct AlertsSent<'a> {
    /// The channel.
    pub channel: &'a Arc<str>,
    /// How many, in one message.
    pub alerts: u64,
}

impl AlertsSent<'_> {
    /// Logs, for who looks closely, and counts.
    pub fn emit(&self, metrics: &Metrics) {
        let label = Channel { channel: Arc::clone(self.channel) };
        metrics.delivery().sent.get_or_create(&label).inc_by(self.alerts);
        debug!(channel = %self.channel, alerts = self.alerts, "alerts delivered");
    }
}

/// An attempt to send to a channel failed; another follows.
#[derive(Clone, Copy, Debug)]
pub struct AlertAttemptFailed<'a> {
    /// The channel.
    pub channel: &'a Arc<str>,
    /// A word for metrics.
    pub reason: &'static str,
    /// What went wrong.
    pub why: &'a str,
}

impl AlertAttemptFailed<'_> {
    /// Logs and counts.
    pub fn emit(&self, metrics: &Metrics) {
        let label = Failed { channel: Arc::clone(self.channel), reason: self.reason };
        metrics.delivery().failed.get_or_create(&label).inc();
        metrics.at_most_every("alert_attempt_failed", |suppressed| {
            let Self { channel, reason, why } = self;
            warn!(%channel, reason, why, suppressed, "an alert could not be delivered; it is tried again");
        });
    }
}

/// A channel will not get an alert.
#[derive(Clone, Copy, Debug)]
pub struct AlertGivenUp<'a> {
    /// The channel.
    pub channel: &'a Arc<str>,
    /// The alert's id.
    pub alert: &'a str,
    /// What it says.
    pub summary: &'a str,
    /// A word for metrics.
    pub reason: &'static str,
    /// What the receiver said last; empty where it wasn't asked.
    pub why: &'a str,
}

impl AlertGivenUp<'_> {
    /// Logs and counts.
    pub fn emit(&self, metrics: &Metrics) {
        let Self { channel, alert, summary, reason, why } = self;
        let label = Failed { channel: Arc::clone(channel), reason };
        metrics.delivery().given_up.get_or_create(&label).inc();
        error!(%channel, alert, summary, reason, why, "an alert is given up: this channel will not get it");
    }
}

/// A channel's receiver takes nothing any more; nothing is sent there until a start or a reload with other settings.
#[derive(Clone, Copy, Debug)]
pub struct AlertChannelGone<'a> {
    /// The channel.
    pub channel: &'a Arc<str>,
    /// What the receiver said.
    pub why: &'a str,
}

impl AlertChannelGone<'_> {
    /// Logs.
    pub fn emit(&self) {
        let Self { channel, why } = self;
        error!(%channel, why, "the receiver of an alert channel is gone; nothing more is sent there until its settings change");
    }
}

/// Alerts of before a restart are on their way again.
#[derive(Clone, Copy, Debug)]
pub struct AlertsRestored {
    /// How many.
    pub alerts: usize,
    /// How old the oldest is.
    pub oldest: Span,
}

impl AlertsRestored {
    /// Logs.
    pub fn emit(&self) {
        info!(alerts = self.alerts, oldest = %self.oldest, "alerts that were not delivered before the stop are sent now");
    }
}

/// The spool can't be used or written. Alerts are sent all the same, but don't survive a stop.
#[derive(Clone, Copy, Debug)]
pub struct AlertSpoolFailed<'a> {
    /// What went wrong.
    pub error: &'a (dyn std::error::Error + 'static),
}

impl AlertSpoolFailed<'_> {
    /// Logs and counts.
    pub fn emit(&self, metrics: &Metrics) {
        metrics.delivery().spool_failures.inc();
        metrics.at_most_every("alert_spool_failed", |suppressed| {
            error!(error = %self.error, suppressed, "the alert spool fails: alerts are sent, but would not survive a stop");
        });
    }
}

/// An alert in the spool can't be read; its file was set aside.
#[derive(Clone, Copy, Debug)]
pub struct AlertDamaged<'a> {
    /// What its file is called now.
    pub path: &'a Path,
    /// What is wrong with it.
    pub error: &'a (dyn std::error::Error + 'static),
}

impl AlertDamaged<'_> {
    /// Logs and counts.
    pub fn emit(&self, metrics: &Metrics) {
        metrics.delivery().spool_failures.inc();
        error!(path = %self.path.display(), error = %self.error, "an alert in the spool cannot be read and is set aside");
    }
}

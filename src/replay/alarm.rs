//! What on-call people would have been told: when, how long after an attack began, and what it had cost by then.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::course::Answer;
use super::names::Name;
use super::rows::Row;
use crate::alerts::{Alarm, Alert, Book, Outside, Settings, Status};
use crate::domain::{Money, Span, Timestamp};
use crate::gate::Gate;
use crate::trace::Label;

/// Messages that the report lists.
const LISTED: usize = 100;
/// Attack SMS that are kept until it is known when they were told of; more of them count as told of.
const KEPT: usize = 1_000_000;
/// What is told so long after the last request of an attack is still about it.
const AFTER: Span = Span::hours(2);
/// Time jumps over longer pauses in which nothing is over a threshold.
const PAUSE: Span = Span::minutes(30);
/// How often it is looked for outages.
const OUTAGES_EVERY: Span = Span::minutes(1);

/// The alarm of one engine on the trace's clock.
pub(super) struct Watched {
    alarm: Alarm,
    next: Timestamp,
    outages_at: Timestamp,
    outside: Outside,
    told: Vec<Alert>,
}

impl Watched {
    /// Over what `gate` counts; `None` where alerts are switched off.
    pub(super) fn new(settings: Settings, gate: &Gate) -> Option<Self> {
        let alarm = settings.enabled.then(|| Alarm::new(settings, Arc::clone(gate.watch()), Book::default()))?;
        let (next, outages_at) = (Timestamp::default(), Timestamp::default());
        Some(Self { alarm, next, outages_at, outside: Outside::default(), told: Vec::new() })
    }

    /// Looks as often as the running process would, until `now`. Changes nothing that decisions read.
    pub(super) fn advance(&mut self, gate: &Gate, now: Timestamp) {
        while self.next <= now {
            if now.since(self.next) > PAUSE && self.alarm.is_idle() {
                self.next = now;
            }
            let at = self.next;
            self.next = at + Alarm::EVERY;
            let revision = gate.revision();
            self.outside.budgets = gate.budgets().fill(&revision.budgets, at);
            self.outside.soft = revision.budgets.soft;
            if at.since(self.outages_at) >= OUTAGES_EVERY {
                self.outages_at = at;
                self.outside.outages = gate.outages_at(at);
            }
            self.told.extend(self.alarm.tick(&self.outside, at));
        }
    }

    pub(super) fn take(&mut self) -> Vec<Alert> {
        std::mem::take(&mut self.told)
    }
}

/// What was told over all traces, and how it fits the attacks.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) messages: Vec<Alert>,
    /// Incidents, those that began while no attack was under way, and messages.
    pub(super) incidents: u64,
    pub(super) quiet: u64,
    pub(super) count: u64,
    pub(super) attacks: BTreeMap<Name, First>,
    /// Of this trace.
    times: Vec<(Timestamp, Status)>,
    under_way: BTreeMap<Name, Attack>,
}

/// When an attack was told of. Where several traces have the scenario, in all of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct First {
    /// Its SMS, and their price, before it was told.
    pub(super) sms: u64,
    pub(super) money: Money,
    /// From its first request; the longest of several traces.
    pub(super) after: Option<Span>,
    /// Whether one was never told.
    pub(super) never: bool,
}

#[derive(Debug, Default)]
struct Attack {
    first: Timestamp,
    last: Timestamp,
    sms: Vec<(Timestamp, Money)>,
}

impl Attack {
    /// Whether what is told at `at` may be about it.
    fn explains(&self, at: Timestamp) -> bool {
        at >= self.first && at <= self.last + AFTER
    }
}

impl Told {
    /// Messages of the trace under way.
    pub(super) fn take(&mut self, alerts: Vec<Alert>) {
        for alert in alerts {
            self.times.push((alert.at, alert.status));
            self.count += 1;
            self.incidents += u64::from(alert.status == Status::Firing);
            if self.messages.len() < LISTED {
                self.messages.push(alert);
            }
        }
    }

    /// An answer of the trace under way.
    pub(super) fn add(&mut self, row: &Row, answer: &Answer) {
        if row.label != Some(Label::Attack) {
            return;
        }
        let attack =
            self.under_way.entry(row.scenario).or_insert_with(|| Attack { first: row.at, ..Attack::default() });
        attack.last = attack.last.max(row.at);
        if answer.sms && attack.sms.len() < KEPT {
            attack.sms.push((row.at, row.price));
        }
    }

    /// The next trace has a time of its own.
    pub(super) fn end_trace(&mut self) {
        let attacks = std::mem::take(&mut self.under_way);
        for (name, attack) in &attacks {
            let told = self.times.iter().find(|(at, status)| *status != Status::Resolved && attack.explains(*at));
            let first = self.attacks.entry(*name).or_default();
            let before = attack.sms.iter().filter(|(at, _)| told.is_none_or(|(told, _)| at < told));
            for (_, price) in before {
                first.sms += 1;
                first.money += *price;
            }
            match told {
                Some((at, _)) => first.after = first.after.max(Some(at.since(attack.first))),
                None => first.never = true,
            }
        }
        self.times
            .retain(|(at, status)| *status == Status::Firing && !attacks.values().any(|attack| attack.explains(*at)));
        self.quiet += self.times.drain(..).count() as u64;
    }
}

//! Which alert goes to which channel next. Pure: time and chance are arguments, and what has to reach the disk is told
//! to the caller.
//!
//! A channel gets the alerts of an incident in their order: the next one not before the one before it has arrived or was
//! given up. Incidents don't wait for each other, and the worst goes first. Where more waits than a channel may be sent,
//! all of it goes as one digest.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::alerts::deliver::channel::Channel;
use crate::alerts::deliver::entry::{Entry, Progress};
use crate::alerts::deliver::pace::{Bucket, backoff};
use crate::alerts::deliver::verdict::{Later, Verdict};
use crate::alerts::{Alert, IncidentId};
use crate::domain::{Span, Timestamp};
use crate::random::Random;

/// Alerts that wait at the same time.
pub(super) const CAPACITY: usize = 1000;
/// After this an alert is no news.
pub(super) const GIVE_UP_AFTER: Span = Span::hours(24);
/// The most alerts in a digest.
const DIGEST: usize = 20;

/// Every alert that is on its way, and the state of each channel.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: BTreeMap<u64, Entry>,
    lanes: BTreeMap<Arc<str>, Lane>,
    next: u64,
}

/// A channel, as it goes.
#[derive(Debug)]
struct Lane {
    channel: Arc<Channel>,
    bucket: Bucket,
    /// The receiver asked to be left alone until then.
    paused_until: Timestamp,
    /// The receiver takes nothing any more.
    is_gone: bool,
}

/// What a channel is to do.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// To send these, in one message.
    Send(Vec<Parcel>),
    /// To look again then.
    Wait(Timestamp),
    /// To wait for an alert.
    Idle,
    /// To end: there is no such channel.
    End,
}

/// An alert to be sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parcel {
    pub(super) number: u64,
    pub(super) alert: Alert,
    pub(super) repeat: bool,
}

/// An alert that a channel will not get.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct GivenUp {
    pub(super) channel: Arc<str>,
    pub(super) alert: Alert,
    pub(super) why: Why,
}

/// Why an alert is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// A day is over.
    TooLate,
    /// The receiver will never take it.
    Refused,
    /// The receiver takes nothing any more.
    Gone,
    /// Too many alerts wait, and this was the oldest of the least severe.
    Full,
    /// There is no such channel any more.
    Removed,
}

impl Why {
    /// The name in metrics.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::TooLate => "too_late",
            Self::Refused => "refused",
            Self::Gone => "gone",
            Self::Full => "full",
            Self::Removed => "removed",
        }
    }
}

/// What changed: what has to reach the disk, and what is to be told.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Change {
    /// To be written.
    pub(super) written: BTreeSet<u64>,
    /// To be removed.
    pub(super) removed: BTreeSet<u64>,
    pub(super) given_up: Vec<GivenUp>,
}

impl Ledger {
    /// Takes what a spool held over a restart. What belongs to no channel any more is given up.
    pub(super) fn restore(&mut self, found: Vec<(u64, Entry)>, now: Timestamp) -> Change {
        for (number, mut entry) in found {
            entry.channels.values_mut().for_each(|progress| progress.due = now);
            self.next = self.next.max(number + 1);
            self.entries.insert(number, entry);
        }
        self.sweep()
    }

    /// Sends to these channels from now on. What was for another is given up.
    pub(super) fn channels(&mut self, channels: &[Arc<Channel>], now: Timestamp) -> Change {
        let mut before = std::mem::take(&mut self.lanes);
        for channel in channels {
            let kept = before.remove(&channel.name).filter(|lane| lane.channel == *channel);
            let lane = kept.unwrap_or_else(|| Lane {
                channel: Arc::clone(channel),
                bucket: Bucket::new(channel.rate, now),
                paused_until: now,
                is_gone: false,
            });
            self.lanes.insert(Arc::clone(&channel.name), lane);
        }
        self.sweep()
    }

    /// Gives up what waits for channels that there aren't.
    fn sweep(&mut self) -> Change {
        let mut change = Change::default();
        let strangers: Vec<(u64, String)> = self
            .entries
            .iter()
            .flat_map(|(number, entry)| entry.channels.keys().map(move |name| (*number, name.clone())))
            .filter(|(_, name)| !self.lanes.contains_key(name.as_str()))
            .collect();
        for (number, name) in strangers {
            self.give_up(number, &name, Why::Removed, &mut change);
        }
        change
    }

    /// A channel's settings.
    pub(super) fn channel(&self, name: &str) -> Option<Arc<Channel>> {
        self.lanes.get(name).map(|lane| Arc::clone(&lane.channel))
    }

    /// Alerts that wait, by channel.
    pub(super) fn waiting(&self) -> BTreeMap<Arc<str>, u64> {
        let waits = |name: &str| self.entries.values().filter(|entry| entry.channels.contains_key(name)).count() as u64;
        self.lanes.keys().map(|name| (Arc::clone(name), waits(name))).collect()
    }

    /// Takes an alert for every channel that wants it. A full ledger gives up the oldest of the least severe, which
    /// may be this one.
    pub(super) fn accept(&mut self, alert: &Alert, now: Timestamp) -> Change {
        let wants = |lane: &&Lane| !lane.is_gone && lane.channel.takes(alert);
        self.take(alert, |lane| wants(&lane), now)
    }

    /// Takes an alert about a channel for all of the others, whatever they want otherwise.
    pub(super) fn accept_for_others(&mut self, alert: &Alert, but: &str, now: Timestamp) -> Change {
        self.take(alert, |lane| !lane.is_gone && *lane.channel.name != *but, now)
    }

    fn take(&mut self, alert: &Alert, goes_to: impl Fn(&Lane) -> bool, now: Timestamp) -> Change {
        let mut change = Change::default();
        let names = self.lanes.iter().filter(|(_, lane)| goes_to(lane)).map(|(name, _)| &**name);
        let entry = Entry::new(alert, names, now);
        if entry.channels.is_empty() {
            return change;
        }
        let number = self.next;
        self.next += 1;
        self.entries.insert(number, entry);
        change.written.insert(number);
        if self.entries.len() > CAPACITY {
            self.make_room(&mut change);
        }
        change
    }

    fn make_room(&mut self, change: &mut Change) {
        let rests = |entry: &Entry| entry.channels.values().all(|progress| !progress.begun);
        let worth = |(number, entry): &(&u64, &Entry)| (entry.alert.severity, **number);
        let Some((&number, _)) = self.entries.iter().filter(|(_, entry)| rests(entry)).min_by_key(worth) else {
            return;
        };
        let names = self.entries.get(&number).map(|entry| entry.channels.keys().cloned().collect::<Vec<_>>());
        for name in names.unwrap_or_default() {
            self.give_up(number, &name, Why::Full, change);
        }
    }

    /// Gives up what has waited for a day.
    pub(super) fn expire(&mut self, now: Timestamp) -> Change {
        let mut change = Change::default();
        let late = |entry: &Entry| now.since(entry.accepted) >= GIVE_UP_AFTER;
        let numbers: Vec<u64> =
            self.entries.iter().filter(|(_, entry)| late(entry)).map(|(number, _)| *number).collect();
        for number in numbers {
            let waits = |(name, progress): (&String, &Progress)| (!progress.begun).then(|| name.clone());
            let names =
                self.entries.get(&number).map(|entry| entry.channels.iter().filter_map(waits).collect::<Vec<_>>());
            for name in names.unwrap_or_default() {
                self.give_up(number, &name, Why::TooLate, &mut change);
            }
        }
        change
    }

    fn give_up(&mut self, number: u64, name: &str, why: Why, change: &mut Change) {
        let Some(entry) = self.entries.get(&number) else { return };
        let channel = self.lanes.get_key_value(name).map_or_else(|| Arc::from(name), |(name, _)| Arc::clone(name));
        change.given_up.push(GivenUp { channel, alert: entry.alert.clone(), why });
        self.leave(number, name, change);
    }

    /// A channel is done with an alert, one way or the other.
    fn leave(&mut self, number: u64, name: &str, change: &mut Change) {
        let Some(entry) = self.entries.get_mut(&number) else { return };
        entry.channels.remove(name);
        if entry.channels.is_empty() {
            self.entries.remove(&number);
            change.written.remove(&number);
            change.removed.insert(number);
        } else {
            change.written.insert(number);
        }
    }

    /// An entry that is to be written.
    pub(super) fn entry(&self, number: u64) -> Option<&Entry> {
        self.entries.get(&number)
    }

    /// What a channel is to do now. What it is to send counts as begun; that has to reach the disk before anything else
    /// does.
    pub(super) fn step(&mut self, name: &str, now: Timestamp) -> (Step, Change) {
        let mut change = Change::default();
        let Some(lane) = self.lanes.get_mut(name) else { return (Step::End, change) };
        if lane.paused_until > now {
            return (Step::Wait(lane.paused_until), change);
        }
        let ready = ready(&self.entries, name, now);
        if ready.is_empty() {
            let dues = self.entries.values().filter_map(|entry| entry.channels.get(name)).map(|progress| progress.due);
            let step = dues.filter(|due| *due > now).min().map_or(Step::Idle, Step::Wait);
            return (step, change);
        }
        let free = lane.bucket.free(now);
        if free == 0 {
            return (Step::Wait(lane.bucket.next(now)), change);
        }
        let merged = lane.channel.target.merges() && ready.len() as u64 > free;
        let chosen: Vec<u64> = if merged {
            ready.iter().copied().take(DIGEST).collect()
        } else {
            heads(&self.entries, &ready).min_by_key(|number| self.urgency(name, *number)).into_iter().collect()
        };
        if let Some(lane) = self.lanes.get_mut(name) {
            lane.bucket.take(now);
        }
        let mut parcels = Vec::with_capacity(chosen.len());
        for number in chosen {
            let Some(entry) = self.entries.get_mut(&number) else { continue };
            let Some(progress) = entry.channels.get_mut(name) else { continue };
            progress.begun = true;
            parcels.push(Parcel { number, alert: entry.alert.clone(), repeat: progress.repeat });
            change.written.insert(number);
        }
        (Step::Send(parcels), change)
    }

    /// What goes first: what was never tried, then what is worse, then what is older.
    fn urgency(&self, name: &str, number: u64) -> impl Ord + use<> {
        let entry = self.entries.get(&number);
        let attempts = entry.and_then(|entry| entry.channels.get(name)).map_or(0, |progress| progress.attempts);
        (attempts > 0, Reverse(entry.map(|entry| entry.alert.severity)), number)
    }

    /// What became of an attempt.
    pub(super) fn settle(
        &mut self,
        name: &str,
        numbers: &[u64],
        verdict: &Verdict,
        now: Timestamp,
        random: &mut Random,
    ) -> Change {
        let mut change = Change::default();
        match verdict {
            Verdict::Delivered => {
                for number in numbers {
                    self.leave(*number, name, &mut change);
                }
                // The receiver is well again: nothing has to wait any longer.
                self.entries.values_mut().filter_map(|entry| entry.channels.get_mut(name)).for_each(|p| p.due = now);
            }
            Verdict::Later(later) => {
                if let (Some(lane), Some(pause)) = (self.lanes.get_mut(name), later.pause) {
                    lane.paused_until = now + pause;
                }
                let mut due = |attempts| now + backoff(attempts, random);
                self.postpone(name, numbers, later, &mut due);
                change.written.extend(numbers.iter().filter(|number| self.entries.contains_key(number)));
            }
            Verdict::Never { .. } => {
                for number in numbers {
                    self.give_up(*number, name, Why::Refused, &mut change);
                }
            }
            Verdict::Gone { .. } => {
                if let Some(lane) = self.lanes.get_mut(name) {
                    lane.is_gone = true;
                }
                let all: Vec<u64> = self.entries.keys().copied().collect();
                for number in all {
                    if self.entries.get(&number).is_some_and(|entry| entry.channels.contains_key(name)) {
                        self.give_up(number, name, Why::Gone, &mut change);
                    }
                }
            }
        }
        change
    }

    fn postpone(&mut self, name: &str, numbers: &[u64], later: &Later, due: &mut impl FnMut(u32) -> Timestamp) {
        for number in numbers {
            let progress = self.entries.get_mut(number).and_then(|entry| entry.channels.get_mut(name));
            let Some(progress) = progress else { continue };
            progress.begun = false;
            progress.repeat |= later.may_have_arrived;
            progress.attempts = progress.attempts.saturating_add(1);
            progress.due = due(progress.attempts);
        }
    }
}

/// What a channel may be sent now, oldest first: what is due, unless an older alert of its incident is not.
fn ready(entries: &BTreeMap<u64, Entry>, name: &str, now: Timestamp) -> Vec<u64> {
    let (mut ready, mut held) = (Vec::new(), BTreeSet::<&IncidentId>::new());
    for (number, entry) in entries {
        let Some(progress) = entry.channels.get(name) else { continue };
        let incident = &entry.alert.incident;
        if progress.due > now || progress.begun || held.contains(incident) {
            held.insert(incident);
        } else {
            ready.push(*number);
        }
    }
    ready
}

/// Of each incident the oldest.
fn heads<'r>(entries: &'r BTreeMap<u64, Entry>, ready: &'r [u64]) -> impl Iterator<Item = u64> + 'r {
    let mut seen = BTreeSet::new();
    ready
        .iter()
        .copied()
        .filter(move |number| entries.get(number).is_some_and(|entry| seen.insert(&entry.alert.incident)))
}

#[cfg(test)]
mod tests;

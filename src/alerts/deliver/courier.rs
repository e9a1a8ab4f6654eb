//! Carries alerts: takes them, keeps the spool, and has a task for each channel.
//!
//! What goes wrong with one channel is told through the others: once, until the channel gets something again, be it after
//! a restart.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::super::{Alert, Sink};
use super::channel::Channel;
use super::disk::{Disk, SpoolError};
use super::formats::Item;
use super::ledger::{Change, GivenUp, Ledger, Parcel, Step, Why};
use super::own::{self, Over};
use super::sender::{Reply, Sender};
use super::verdict::{Later, Verdict};
use crate::clock::Clock;
use crate::domain::{Span, Timestamp};
use crate::net::{self, TlsError};
use crate::random::Random;
use crate::tasks::Tasks;
use crate::telemetry::Metrics;
use crate::telemetry::events::{
    AlertAttemptFailed, AlertChannelGone, AlertDamaged, AlertGivenUp, AlertSpoolFailed, AlertsRestored, AlertsSent,
};

/// However far away the next work is, time is looked at this often: clocks are set.
const LOOK_EVERY: Span = Span::minutes(1);

/// What the operator sets about the way of alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Where alerts go.
    pub channels: Vec<Arc<Channel>>,
    /// The directory of the spool; `None` keeps alerts in memory alone.
    pub spool: Option<PathBuf>,
    /// How receivers are reached.
    pub net: net::Settings,
}

/// Carries alerts to their channels.
#[derive(Clone, Debug)]
pub struct Courier(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    sender: ArcSwapOption<Sender>,
    news: watch::Sender<()>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    tasks: Tasks,
}

#[derive(Debug)]
struct State {
    ledger: Ledger,
    /// `None`: there is none, or it can't be used.
    disk: Option<Disk>,
    random: Random,
    /// Channels whose trouble the others were told of, with what they were told.
    troubled: BTreeMap<Arc<str>, Alert>,
    /// Channels that have a task.
    served: Vec<Arc<str>>,
}

impl Courier {
    /// Opens the spool, takes up what is left in it, and begins to send, in tasks of `tasks`. `seed` is a number that
    /// nobody else has: it spreads retries. A spool that can't be used is told, and alerts are sent without one.
    pub fn start(
        settings: &Settings,
        seed: u64,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        tasks: &Tasks,
    ) -> Result<Self, TlsError> {
        let state = State {
            ledger: Ledger::default(),
            disk: None,
            random: Random::seeded(seed),
            troubled: BTreeMap::new(),
            served: Vec::new(),
        };
        let (news, _) = watch::channel(());
        let sender = ArcSwapOption::empty();
        let inner = Inner { state: Mutex::new(state), sender, news, clock, metrics, tasks: tasks.clone() };
        let courier = Self(Arc::new(inner));
        courier.use_channels(settings, courier.sender(settings)?);
        courier.0.take_up(settings);
        courier.serve();
        Ok(courier)
    }

    /// What sends to these channels, for [`Courier::replace`]; `None` where what there is does.
    pub fn sender(&self, settings: &Settings) -> Result<Option<Sender>, TlsError> {
        let is_kept = self.0.sender.load().as_ref().is_some_and(|sender| sender.is_for(&settings.net));
        if settings.channels.is_empty() || is_kept { Ok(None) } else { Sender::new(&settings.net).map(Some) }
    }

    /// Sends to these channels from now on, by what [`Courier::sender`] gave for them; the spool stays where it is.
    pub fn replace(&self, settings: &Settings, sender: Option<Sender>) {
        self.use_channels(settings, sender);
        self.serve();
        self.0.news.send_replace(());
    }

    /// Sends a marked test alert to a channel, past the spool and its order, and tells what came of it. `None`: there is
    /// no such channel.
    pub async fn test(&self, name: &str) -> Option<Reply> {
        let channel = self.0.state.lock().ledger.channel(name)?;
        let sender = self.0.sender.load_full()?;
        let now = self.0.clock.now();
        let alert = own::test(&channel.name, now);
        Some(sender.send(&channel, &[Item { alert: &alert, repeat: false }], now).await)
    }

    fn use_channels(&self, settings: &Settings, sender: Option<Sender>) {
        if let Some(sender) = sender {
            self.0.sender.store(Some(Arc::new(sender)));
        }
        let mut state = self.0.state.lock();
        let change = state.ledger.channels(&settings.channels, self.0.clock.now());
        self.0.apply(&mut state, &change, "");
        self.0.forget_troubles(&mut state);
    }

    /// Starts a task for each channel that has none.
    fn serve(&self) {
        let mut state = self.0.state.lock();
        let names: Vec<Arc<str>> = state.ledger.waiting().into_keys().collect();
        for name in names.into_iter().filter(|name| !state.served.contains(name)).collect::<Vec<_>>() {
            state.served.push(Arc::clone(&name));
            self.0.tasks.spawn("alert channel", serve(Arc::clone(&self.0), name));
        }
    }
}

impl Sink for Courier {
    /// When this returns, the alert is on disk. It waits for that: some milliseconds.
    fn take(&self, alert: &Alert) {
        let mut state = self.0.state.lock();
        let change = state.ledger.accept(alert, self.0.clock.now());
        self.0.apply(&mut state, &change, "");
        drop(state);
        self.0.news.send_replace(());
    }
}

/// What a channel's task does.
async fn serve(inner: Arc<Inner>, name: Arc<str>) {
    let (stop, mut news) = (inner.tasks.stopping(), inner.news.subscribe());
    while !stop.is_cancelled() {
        news.mark_unchanged();
        let (asked, about) = (Arc::clone(&inner), Arc::clone(&name));
        // Where that panics the channel goes on with the next news, or at the next look.
        let stepped = inner.tasks.run_blocking(move || asked.step(&about)).await;
        let (step, channel) = stepped.unwrap_or((Step::Idle, None));
        let wait = match step {
            Step::Send(parcels) => {
                if let Some(channel) = channel {
                    deliver(&inner, channel, parcels).await;
                }
                continue;
            }
            Step::Wait(until) => until.since(inner.clock.now()).min(LOOK_EVERY),
            Step::Idle => LOOK_EVERY,
            Step::End => return,
        };
        tokio::select! {
            () = stop.cancelled() => return,
            _changed = news.changed() => {}
            () = tokio::time::sleep(wait.to_duration()) => {}
        }
    }
}

async fn deliver(inner: &Arc<Inner>, channel: Arc<Channel>, parcels: Vec<Parcel>) {
    let Some(sender) = inner.sender.load_full() else { return };
    let items: Vec<Item<'_>> =
        parcels.iter().map(|parcel| Item { alert: &parcel.alert, repeat: parcel.repeat }).collect();
    let reply = caught(sender.send(&channel, &items, inner.clock.now())).await;
    let numbers: Vec<u64> = parcels.iter().map(|parcel| parcel.number).collect();
    let (inner, settled) = (Arc::clone(inner), Arc::clone(inner));
    inner.tasks.run_blocking(move || settled.settle(&channel.name, &numbers, &reply)).await;
}

/// A panic in what makes one message must not silence its channel for all others.
async fn caught(sending: impl Future<Output = Reply>) -> Reply {
    let mut sending = pin!(sending);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| sending.as_mut().poll(context)));
        polled.unwrap_or_else(|_panic| {
            let said = "sendwall failed at this message".to_owned();
            let why = said.clone();
            let later = Later { reason: "panicked", why, pause: None, may_have_arrived: true };
            Poll::Ready(Reply { verdict: Verdict::Later(later), said })
        })
    })
    .await
}

impl Inner {
    /// Opens the spool and takes up what is in it.
    fn take_up(&self, settings: &Settings) {
        let Some(directory) = &settings.spool else { return };
        let now = self.clock.now();
        let mut state = self.state.lock();
        match Disk::open(directory) {
            Err(error) => AlertSpoolFailed { error: &error }.emit(&self.metrics),
            Ok((disk, found)) => {
                for (path, error) in &found.damaged {
                    AlertDamaged { path, error }.emit(&self.metrics);
                }
                let oldest = found.entries.iter().map(|(_, entry)| now.since(entry.accepted)).max();
                if let Some(oldest) = oldest {
                    AlertsRestored { alerts: found.entries.len(), oldest }.emit();
                }
                state.disk = Some(disk);
                let change = state.ledger.restore(found.entries, now);
                self.apply(&mut state, &change, "");
                state.troubled.extend(found.troubles.into_iter().map(|(name, told)| (name.into(), told)));
                self.forget_troubles(&mut state);
            }
        }
    }

    /// What a channel is to do now. What it is to send is on disk as begun.
    fn step(&self, name: &Arc<str>) -> (Step, Option<Arc<Channel>>) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let expired = state.ledger.expire(now);
        self.apply(&mut state, &expired, "");
        let (step, begun) = state.ledger.step(name, now);
        self.apply(&mut state, &begun, "");
        if step == Step::End {
            state.served.retain(|served| served != name);
        }
        (step, state.ledger.channel(name))
    }

    fn settle(&self, name: &Arc<str>, numbers: &[u64], reply: &Reply) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let State { ledger, random, .. } = &mut *state;
        let change = ledger.settle(name, numbers, &reply.verdict, now, random);
        let alerts = numbers.len() as u64;
        match &reply.verdict {
            Verdict::Delivered => AlertsSent { channel: name, alerts }.emit(&self.metrics),
            Verdict::Later(later) => {
                AlertAttemptFailed { channel: name, reason: later.reason, why: &later.why }.emit(&self.metrics);
                self.metrics.delivery().retried(name, alerts);
            }
            Verdict::Never { .. } => {}
            Verdict::Gone { why } => AlertChannelGone { channel: name, why }.emit(),
        }
        self.apply(&mut state, &change, &reply.said);
        if reply.verdict == Verdict::Delivered {
            self.end_trouble(&mut state, name, Over::WellAgain);
        }
    }

    /// Ends the troubles of channels that there aren't any more.
    fn forget_troubles(&self, state: &mut State) {
        let gone = state.troubled.keys().filter(|name| state.ledger.channel(name).is_none());
        for name in gone.cloned().collect::<Vec<_>>() {
            self.end_trouble(state, &name, Over::Removed);
        }
    }

    /// Tells the other channels that the trouble they were told of is over, if they were told of any.
    fn end_trouble(&self, state: &mut State, name: &Arc<str>, why: Over) {
        let Some(told) = state.troubled.remove(name) else { return };
        let now = self.clock.now();
        let over = state.ledger.accept_for_others(&own::over(&told, name, why, now), name, now);
        self.apply(state, &over, "");
        // Only now that the news is on disk: who dies between the two tells it twice.
        self.on_disk(state, |disk| disk.remove_trouble(name));
        self.news.send_replace(());
    }

    /// Brings a change to the disk, and tells what it is to tell. `said` is what the receiver said last.
    fn apply(&self, state: &mut State, change: &Change, said: &str) {
        let news = self.tell(state, &change.given_up, said);
        self.persist(state, change);
        for (channel, alert) in news {
            let told = state.ledger.accept_for_others(&alert, &channel, self.clock.now());
            self.persist(state, &told);
            self.on_disk(state, |disk| disk.write_trouble(&channel, &alert));
            state.troubled.insert(channel, alert);
            self.news.send_replace(());
        }
        for (channel, waiting) in state.ledger.waiting() {
            self.metrics.delivery().waiting(&channel, waiting);
        }
    }

    /// Tells what is given up. Gives what the other channels are to be told.
    fn tell(&self, state: &mut State, given_up: &[GivenUp], said: &str) -> Vec<(Arc<str>, Alert)> {
        let mut news: Vec<(Arc<str>, Alert)> = Vec::new();
        for GivenUp { channel, alert, why } in given_up {
            let (id, summary, reason) = (&alert.id, &alert.summary, why.name());
            AlertGivenUp { channel, alert: id, summary, reason, why: said }.emit(&self.metrics);
            let is_trouble = matches!(why, Why::TooLate | Why::Refused | Why::Gone);
            let is_known = state.troubled.contains_key(channel) || news.iter().any(|(known, _)| known == channel);
            if is_trouble && !is_known {
                let incident = state.random.bits();
                news.push((Arc::clone(channel), own::trouble(channel, *why, said, alert, incident, self.clock.now())));
            }
        }
        news
    }

    fn persist(&self, state: &State, change: &Change) {
        for number in &change.written {
            if let Some(entry) = state.ledger.entry(*number) {
                self.on_disk(state, |disk| disk.write(*number, entry));
            }
        }
        for number in &change.removed {
            self.on_disk(state, |disk| disk.remove(*number));
        }
    }

    /// Changes something in the spool, where there is one; tells where that fails.
    fn on_disk(&self, state: &State, change: impl FnOnce(&Disk) -> Result<(), SpoolError>) {
        if let Some(Err(error)) = state.disk.as_ref().map(change) {
            AlertSpoolFailed { error: &error }.emit(&self.metrics);
        }
    }
}

/// Sends a marked test alert without a spool: for who has a configuration and no running sendwall.
pub async fn test(channel: &Arc<Channel>, net: &net::Settings, now: Timestamp) -> Result<Reply, TlsError> {
    let alert = own::test(&channel.name, now);
    Ok(Sender::new(net)?.send(channel, &[Item { alert: &alert, repeat: false }], now).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_message_is_a_failed_attempt() {
        let reply = caught(async { panic!("at a message") }).await;
        assert!(matches!(reply.verdict, Verdict::Later(later) if later.reason == "panicked" && later.may_have_arrived));
        let delivered = Reply { verdict: Verdict::Delivered, said: String::new() };
        assert_eq!(caught(std::future::ready(delivered.clone())).await, delivered);
    }
}

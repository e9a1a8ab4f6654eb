//! The spool over restarts of the courier in one process; kills are in `crash`.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};
use std::time::Duration;

use sendwall::alerts::Sink as _;
use sendwall::alerts::deliver::{Channel, Courier, Target};
use sendwall::clock::{Clock, ManualClock};
use sendwall::domain::{Span, Timestamp};
use sendwall::tasks::Tasks;
use sendwall::telemetry::Metrics;
use serde_json::Value;

use super::{Stage, alert, channel, matcher, settings, url};
use crate::support::app::{App, reply};
use crate::support::proxy::eventually;
use crate::whole::stage::Directory;

const NOW: Timestamp = Timestamp::from_unix_ms(1_795_198_202_000);

fn closed() -> Target {
    // Nothing listens at port 1.
    let nowhere = sendwall::alerts::deliver::Url::parse("http://127.0.0.1:1/").unwrap();
    Target::Webhook { url: nowhere, keys: Vec::new() }
}

#[test]
fn what_was_not_delivered_before_a_stop_is_delivered_after_it_in_its_order() {
    let directory = Directory::new();
    let spool = || Some(directory.0.join("alerts"));
    let before = Stage::start(vec![channel("program", closed())], spool(), NOW);
    for sequence in 1..=3 {
        before.courier.take(&alert(NOW, 1, sequence));
    }
    eventually("it was tried", || before.metrics().contains("reason=\"connect\"} 1"));
    before.stop();
    let files = fs::read_dir(directory.0.join("alerts")).unwrap().count();
    assert_eq!(files, 3, "a file each");

    let app = App::saying("thanks");
    let target = Target::Webhook { url: url(&app, "/"), keys: Vec::new() };
    let after = Stage::start(vec![channel("program", target)], spool(), NOW + Span::minutes(1));
    let requests = app.wait_for(3);
    let told: Vec<(u64, bool)> = requests
        .iter()
        .map(|request| {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            (body["data"]["sequence"].as_u64().unwrap(), body["repeat"].as_bool().unwrap())
        })
        .collect();
    assert_eq!(told, [(1, false), (2, false), (3, false)], "none of them can have arrived before");
    eventually("nothing is left", || fs::read_dir(directory.0.join("alerts")).unwrap().count() == 0);
    after.stop();
}

/// A clock that panics once it is armed, the next time that another thread asks it.
#[derive(Debug)]
struct Panicking {
    clock: ManualClock,
    armed: AtomicBool,
    spared: ThreadId,
}

impl Clock for Panicking {
    fn now(&self) -> Timestamp {
        assert!(
            thread::current().id() == self.spared || !self.armed.swap(false, Ordering::SeqCst),
            "a panic in a channel's work"
        );
        self.clock.now()
    }
}

#[test]
fn a_channel_goes_on_after_a_panic() {
    let app = App::saying("thanks");
    let target = Target::Webhook { url: url(&app, "/"), keys: Vec::new() };
    // All but what blocks is done by this thread.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let clock = ManualClock::at(NOW - Span::minutes(1));
    let clock = Arc::new(Panicking { clock, armed: AtomicBool::new(false), spared: thread::current().id() });
    let shared: Arc<dyn Clock> = Arc::<Panicking>::clone(&clock);
    let metrics = Arc::new(Metrics::new("test", Arc::clone(&shared)));
    let tasks = Tasks::new();
    let until = async |done: &dyn Fn() -> bool| {
        let waiting = async {
            while !done() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
    };
    runtime.block_on(async {
        let courier =
            Courier::start(&settings(vec![channel("program", target)], None), 7, shared, metrics, &tasks).unwrap();
        clock.clock.set(NOW);
        clock.armed.store(true, Ordering::SeqCst);
        courier.take(&alert(NOW, 1, 1));
        until(&|| !clock.armed.load(Ordering::SeqCst)).await;
        courier.take(&alert(NOW, 2, 1));
        until(&|| app.requests().len() == 2).await;
        assert_eq!(tasks.drain(Span::seconds(20)).await, 0);
    });
}

#[test]
fn a_damaged_alert_is_set_aside_and_the_others_are_sent() {
    let directory = Directory::new();
    let spool = || Some(directory.0.join("alerts"));
    let before = Stage::start(vec![channel("program", closed())], spool(), NOW);
    (1..=2).for_each(|incident| before.courier.take(&alert(NOW, incident, 1)));
    before.stop();
    let mut files: Vec<_> =
        fs::read_dir(directory.0.join("alerts")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let torn = fs::read(&files[0]).unwrap();
    fs::write(&files[0], &torn[..torn.len() / 2]).unwrap();

    let app = App::saying("thanks");
    let target = Target::Webhook { url: url(&app, "/"), keys: Vec::new() };
    let after = Stage::start(vec![channel("program", target)], spool(), NOW);
    assert_eq!(app.wait_for(1).len(), 1);
    eventually("it is told", || after.metrics().contains("sendwall_alert_spool_failures_total 1"));
    assert!(files[0].with_extension("damaged").exists());
    after.stop();
}

#[test]
fn two_processes_never_send_what_is_in_one_spool() {
    let (directory, app) = (Directory::new(), App::start(|_, stream| reply(stream, "200 OK", "", "")));
    let spool = || Some(directory.0.join("alerts"));
    let target = || Target::Webhook { url: url(&app, "/"), keys: Vec::new() };
    let first = Stage::start(vec![channel("program", target())], spool(), NOW);
    let second = Stage::start(vec![channel("program", target())], spool(), NOW);
    assert!(second.metrics().contains("sendwall_alert_spool_failures_total 1"));
    second.courier.take(&alert(NOW, 1, 1));
    app.wait_for(1);
    assert_eq!(fs::read_dir(directory.0.join("alerts")).unwrap().count(), 0, "it sends from memory");
    first.stop();
    second.stop();
}

#[test]
fn a_channels_trouble_that_was_told_ends_when_the_channel_works_again_be_it_after_a_restart() {
    let directory = Directory::new();
    let spool = || Some(directory.0.join("alerts"));
    let (gone, other) = (App::start(|_, stream| reply(stream, "410 Gone", "", "")), App::saying("ok"));
    let hook = |app: &App| Target::Webhook { url: url(app, "/"), keys: Vec::new() };
    let told = |count: usize| -> Value { serde_json::from_slice(&other.wait_for(count)[count - 1].body).unwrap() };
    // It takes no alert of an attack, and yet hears of another channel's trouble.
    let chat = || Channel { matchers: vec![matcher("kind=trouble")], ..channel("chat", hook(&other)) };

    let before = Stage::start(vec![channel("program", hook(&gone)), chat()], spool(), NOW);
    before.courier.take(&alert(NOW, 1, 1));
    let begun = told(1);
    assert_eq!((&begun["data"]["status"], &begun["data"]["labels"]["channel"]), (&"firing".into(), &"program".into()));
    before.stop();
    assert!(directory.0.join("alerts/channel-program.trouble").exists());

    // Again it is gone, which is no news.
    let during = Stage::start(vec![channel("program", hook(&gone)), chat()], spool(), NOW + Span::minutes(1));
    during.courier.take(&alert(NOW, 2, 1));
    gone.wait_for(2);
    during.stop();
    assert_eq!(other.requests().len(), 1, "it is told once");

    let well = App::saying("ok");
    let after = Stage::start(vec![channel("program", hook(&well)), chat()], spool(), NOW + Span::minutes(2));
    after.courier.take(&alert(NOW, 3, 1));
    let over = told(2);
    assert_eq!(over["data"]["summary"], "The alert channel program gets alerts again");
    assert_eq!((&over["data"]["status"], &over["data"]["sequence"]), (&"resolved".into(), &2.into()));
    assert_eq!(over["data"]["incident"], begun["data"]["incident"]);
    eventually("nothing is left", || fs::read_dir(directory.0.join("alerts")).unwrap().count() == 0);
    after.stop();
}

#[test]
fn a_channels_trouble_ends_with_the_channel() {
    let directory = Directory::new();
    let spool = || Some(directory.0.join("alerts"));
    let (gone, other) = (App::start(|_, stream| reply(stream, "410 Gone", "", "")), App::saying("ok"));
    let hook = |app: &App| Target::Webhook { url: url(app, "/"), keys: Vec::new() };
    let chat = || Channel { matchers: vec![matcher("kind=trouble")], ..channel("chat", hook(&other)) };
    let stage = Stage::start(vec![channel("program", hook(&gone)), chat()], spool(), NOW);
    stage.courier.take(&alert(NOW, 1, 1));
    other.wait_for(1);
    stage.stop();

    let stage = Stage::start(vec![chat()], spool(), NOW + Span::minutes(1));
    let over: Value = serde_json::from_slice(&other.wait_for(2)[1].body).unwrap();
    assert_eq!(over["data"]["summary"], "The alert channel program is no longer configured");
    eventually("nothing is left", || fs::read_dir(directory.0.join("alerts")).unwrap().count() == 0);
    stage.stop();
}

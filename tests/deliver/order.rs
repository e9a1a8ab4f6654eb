//! The spool over restarts of the courier in one process; kills are in `crash`.

use std::fs;

use sendwall::alerts::Sink as _;
use sendwall::alerts::deliver::{Channel, Target};
use sendwall::domain::{Span, Timestamp};
use serde_json::Value;

use super::{Stage, alert, channel, matcher, url};
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

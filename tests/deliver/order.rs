//! The spool over restarts of the courier in one process; kills are in `crash`.

use std::fs;

use sendwall::alerts::Sink as _;
use sendwall::alerts::deliver::Target;
use sendwall::domain::{Span, Timestamp};
use serde_json::Value;

use super::{Stage, alert, channel, url};
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

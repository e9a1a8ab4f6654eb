//! The whole of it, killed again and again: between the spool and the receiver, in the middle of retries and of its start.
//! What stood in the spool arrives, and each time but the first it is marked.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sendwall::random::Random;
use serde_json::Value;

use crate::support::app::{App, Recorded, reply};
use crate::support::gate::LIMITS_ALONE;
use crate::support::proxy::{eventually, let_pass};
use crate::whole::stage::{Directory, Sendwall, shop};

/// Kills for each time that there is something new to tell: the alarm looks every few seconds, a restart takes less.
const KILLS_A_ROUND: usize = 5;
/// Each gets an SMS a round, which is an incident of its own.
const PHONES: [&str; 4] = ["+447402417171", "+998901234567", "+33612345678", "+4915112345678"];

/// Takes, fails and breaks off as chance has it; from the end on it takes everything.
fn receiver(is_end: Arc<AtomicBool>) -> App {
    let turn = AtomicU64::new(0);
    App::start(move |_: &Recorded, stream: &mut TcpStream| {
        let chance = Random::of(&[turn.fetch_add(1, Ordering::Relaxed)]).below(10);
        match chance {
            _ if is_end.load(Ordering::Relaxed) => reply(stream, "200 OK", "", ""),
            0..=3 => reply(stream, "200 OK", "", ""),
            4..=6 => reply(stream, "503 Service Unavailable", "", ""),
            7 => false,
            _ => {
                let_pass(Duration::from_millis(20));
                reply(stream, "200 OK", "", "")
            }
        }
    })
}

fn config(receiver: &App) -> String {
    format!(
        r#"
mode = "enforce"
default_limits = false
{LIMITS_ALONE}

[snapshot]
enabled = false

[alerts]
default_rules = false

[[alerts.channel]]
name = "program"
kind = "webhook"
url = "http://{}/"
secret_file = "key"
allow_private = true
rate = 6000

[[alert]]
name = "country"
kind = "messages"
by = "country"
per = "1h"
warn = 1

[[endpoint]]
name = "login"
send = "POST /api/send-code"
"#,
        receiver.address
    )
}

/// The ids of the alerts that stand in the spool. A file that is removed meanwhile has arrived.
fn in_spool(spool: &Path) -> BTreeSet<String> {
    let files = fs::read_dir(spool).unwrap().map(|file| file.unwrap().path());
    let texts = files.filter(|path| path.extension().is_some_and(|end| end == "alert"));
    let texts = texts.filter_map(|path| fs::read_to_string(path).ok());
    let id = |text: String| {
        let entry: Value = serde_json::from_str(text.split_once('\n')?.1).ok()?;
        Some(entry["alert"]["id"].as_str()?.to_owned())
    };
    texts.filter_map(id).collect()
}

/// What arrived: an alert's id, and whether it is marked as a repeat.
fn arrived(receiver: &App) -> Vec<(String, bool)> {
    let told = |request: &Recorded| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        (body["data"]["id"].as_str().unwrap().to_owned(), body["repeat"].as_bool().unwrap())
    };
    receiver.requests().iter().map(told).collect()
}

#[test]
fn what_a_process_that_is_killed_had_to_tell_arrives_and_is_marked_where_it_may_come_twice() {
    let kills: usize = if env::var_os("SENDWALL_TEST_LONG").is_some() { 100 } else { 10 };
    let random = &mut Random::seeded(2026);
    let is_end = Arc::new(AtomicBool::new(false));
    let (app, receiver) = (shop(), receiver(Arc::clone(&is_end)));
    let directory = Directory::new();
    directory.write("key", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
    let spool = directory.0.join("state/alerts");
    let mut sendwall = Sendwall::start_in(directory, app.address, &config(&receiver));
    let mut spooled = BTreeSet::new();
    let told = || arrived(&receiver).into_iter().map(|(id, _)| id).collect::<BTreeSet<_>>();
    for round in 1..=kills / KILLS_A_ROUND {
        for phone in PHONES {
            assert_eq!(sendwall.send(phone).status, 200, "{phone}");
        }
        let wanted = spooled.len() as u64 + random.between(1, PHONES.len() as u64);
        eventually("some of them are on their way", || {
            spooled.extend(in_spool(&spool));
            spooled.extend(told());
            spooled.len() as u64 >= wanted
        });
        for kill in 1..=KILLS_A_ROUND {
            let_pass(Duration::from_micros(random.below(40_000)));
            sendwall.end("-KILL");
            spooled.extend(in_spool(&spool));
            if kill < KILLS_A_ROUND {
                sendwall.start_again();
            }
        }
        if round < kills / KILLS_A_ROUND {
            // What is known isn't told again; forgotten, it is news in the next round. It may not have been kept yet.
            drop(fs::remove_file(sendwall.directory.0.join("state/incidents.json")));
            sendwall.start_again();
        }
    }
    let before_the_end = arrived(&receiver);
    is_end.store(true, Ordering::Relaxed);
    sendwall.start_again();
    eventually("the spool is empty", || in_spool(&spool).is_empty());

    let told = arrived(&receiver);
    let mut times = BTreeMap::<&str, u32>::new();
    for (id, repeat) in &told {
        let times = times.entry(id.as_str()).or_default();
        assert!(*repeat || *times == 0, "{id} came again without a mark: {told:?}");
        *times += 1;
    }
    let missing: Vec<_> = spooled.iter().filter(|id| !times.contains_key(id.as_str())).collect();
    assert!(missing.is_empty(), "never arrived: {missing:?}");
    let repeats = told.len() - times.len();
    println!("{kills} kills: {} alerts arrived, with {repeats} repeats", times.len());
    assert!(!before_the_end.is_empty() && repeats > 0 && spooled.len() > 3, "nothing of this was put to the test");
}

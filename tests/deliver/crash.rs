//! A process that is killed again and again, between the spool and the receiver and in the middle of retries, while
//! the receiver fails in every way: each alert that was taken arrives, and each time but the first it is marked.
//!
//! The process is this very test binary, running [`courier_of_the_crash_test`] with a spool and a receiver.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use sendwall::alerts::Sink as _;
use sendwall::alerts::deliver::{Courier, Settings, Target, Url};
use sendwall::clock::{Clock, SystemClock};
use sendwall::domain::Timestamp;
use sendwall::net;
use sendwall::random::Random;
use sendwall::tasks::Tasks;
use sendwall::telemetry::Metrics;
use serde_json::Value;

use super::{alert, channel};
use crate::support::app::{App, Recorded, reply};
use crate::support::proxy::{eventually, let_pass};
use crate::whole::stage::Directory;

const SPOOL: &str = "SENDWALL_CRASH_SPOOL";
const RECEIVER: &str = "SENDWALL_CRASH_RECEIVER";
const NOW: Timestamp = Timestamp::from_unix_ms(1_795_198_202_000);
/// Alerts a life.
const ALERTS: u64 = 4;

/// Takes `INCIDENT SEQUENCE` from standard input, a line each, and says `taken` when the alert is on disk.
#[test]
#[ignore = "the process that the crash test kills"]
fn courier_of_the_crash_test() {
    let (Some(spool), Some(receiver)) = (env::var_os(SPOOL), env::var_os(RECEIVER)) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let _guard = runtime.enter();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let metrics = Arc::new(Metrics::new("test", Arc::clone(&clock)));
    let target = Target::Webhook { url: Url::parse(receiver.to_str().unwrap()).unwrap(), keys: Vec::new() };
    let channels = vec![Arc::new(channel("program", target))];
    let settings = Settings { channels, spool: Some(spool.into()), net: net::Settings::default() };
    let courier = Courier::start(&settings, u64::from(std::process::id()), clock, metrics, &Tasks::new()).unwrap();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let (incident, sequence) = line.split_once(' ').unwrap();
        courier.take(&alert(NOW, incident.parse().unwrap(), sequence.parse().unwrap()));
        println!("taken");
    }
}

/// One life of the process.
struct Life {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Life {
    fn begin(spool: &Path, receiver: &str) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["deliver::crash::courier_of_the_crash_test", "--exact", "--ignored", "--nocapture"])
            .envs([(SPOOL, spool.as_os_str()), (RECEIVER, receiver.as_ref())])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (orders, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut life = Self { child, orders, answers };
        life.hear("ready");
        life
    }

    /// Gives an alert, and waits until it is taken.
    fn take(&mut self, incident: u64, sequence: u32) {
        writeln!(self.orders, "{incident} {sequence}").unwrap();
        self.hear("taken");
    }

    fn hear(&mut self, wanted: &str) {
        let mut line = String::new();
        while !line.trim_end().ends_with(wanted) {
            line.clear();
            assert!(self.answers.read_line(&mut line).unwrap() > 0, "it ended before it said {wanted}");
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Takes, fails, breaks off and stalls, as chance has it; from the end on it takes everything.
fn receiver(is_end: Arc<AtomicBool>, stop_stalling: mpsc::Receiver<()>) -> App {
    let (turn, stall) = (AtomicU64::new(0), std::sync::Mutex::new(stop_stalling));
    App::start(move |_: &Recorded, stream: &mut TcpStream| {
        let chance = Random::of(&[turn.fetch_add(1, Ordering::Relaxed)]).below(10);
        match chance {
            _ if is_end.load(Ordering::Relaxed) => reply(stream, "200 OK", "", ""),
            0..=4 => reply(stream, "200 OK", "", ""),
            5 | 6 => reply(stream, "503 Service Unavailable", "", ""),
            7 => false,
            _ => {
                let _over = stall.lock().unwrap().recv_timeout(Duration::from_millis(20));
                reply(stream, "200 OK", "", "")
            }
        }
    })
}

#[test]
fn an_alert_survives_any_number_of_kills_and_is_marked_where_it_may_come_twice() {
    let lives = if env::var_os("SENDWALL_TEST_LONG").is_some() { 100 } else { 10 };
    let directory = Directory::new();
    let spool = directory.0.join("alerts");
    let is_end = Arc::new(AtomicBool::new(false));
    let (_never, stalling) = mpsc::channel();
    let app = receiver(Arc::clone(&is_end), stalling);
    let url = format!("http://{}/", app.address);
    let random = &mut Random::seeded(2026);
    let mut sequences = BTreeMap::<u64, u32>::new();
    for _ in 0..lives {
        let mut life = Life::begin(&spool, &url);
        for _ in 0..ALERTS {
            let incident = random.below(5);
            let sequence = sequences.entry(incident).or_default();
            *sequence += 1;
            life.take(incident, *sequence);
        }
        let_pass(Duration::from_micros(random.below(30_000)));
        life.kill();
    }
    let before_the_end = app.requests().len();
    is_end.store(true, Ordering::Relaxed);
    let last = Life::begin(&spool, &url);
    eventually("the spool is empty", || std::fs::read_dir(&spool).unwrap().count() == 0);
    last.kill();

    let requests = app.requests();
    let told: Vec<(String, bool)> = requests
        .iter()
        .map(|request| {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            (body["data"]["id"].as_str().unwrap().to_owned(), body["repeat"].as_bool().unwrap())
        })
        .collect();
    let mut arrived = Vec::<&str>::new();
    for (id, repeat) in &told {
        assert!(*repeat || !arrived.contains(&id.as_str()), "{id} came again without a mark: {told:?}");
        if !arrived.contains(&id.as_str()) {
            arrived.push(id);
        }
    }
    let taken: Vec<String> = sequences
        .iter()
        .flat_map(|(incident, last)| (1..=*last).map(move |sequence| alert(NOW, *incident, sequence).id))
        .collect();
    let missing: Vec<_> = taken.iter().filter(|id| !arrived.contains(&id.as_str())).collect();
    assert!(missing.is_empty(), "never arrived: {missing:?}");
    assert_eq!(arrived.len(), taken.len());
    for incident in sequences.keys() {
        let prefix = format!("{}.", alert(NOW, *incident, 1).incident);
        let order: Vec<u32> = arrived.iter().filter_map(|id| id.strip_prefix(&prefix)?.parse().ok()).collect();
        assert!(order.is_sorted(), "{order:?}");
    }
    assert!(before_the_end > 0 && told.iter().any(|(_, repeat)| *repeat), "nothing of this was put to the test");
}

//! Sends the requests of a trace to a proxy on this machine, many times faster than life.
//!
//! Who a request is from goes along as `x-forwarded-for`, so the proxy has to trust this machine (`trusted_proxies`). What
//! becomes of a code that went out is told to the admin address, where one is given. Proofs of work are really solved by
//! those who would; captchas are only counted, for a program that solves them would be a poor captcha's.
//! When the proxy is slower than the trace, the trace waits for it: nothing piles up, and the end comes later.
//!
//! Must not know: who makes the trace.

mod connection;
mod outcomes;
mod request;
mod solving;
mod tally;
mod target;

pub use connection::Failed;
pub use tally::Tally;
pub use target::{Target, TargetError};

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc;

use self::connection::Connection;
use self::outcomes::{Due, Teller};
use self::request::Names;
use crate::clock::Stopwatch;
use crate::domain::Span;
use crate::privacy::Secret;
use crate::tasks::Tasks;
use crate::trace::Event;

/// Connections to the proxy.
const CONNECTIONS: usize = 64;
/// Requests that wait for a connection; when it is full, the trace waits.
const WAITING: usize = 256;
/// How often it is looked whether outcomes are due.
const TICK: Duration = Duration::from_millis(50);
/// How long the last answers may take.
const DRAIN: Span = Span::seconds(30);

/// Where to, and how fast.
#[derive(Debug)]
pub struct Options {
    /// The proxy.
    pub proxy: Target,
    /// The admin address; `None`: outcomes are told to nobody.
    pub admin: Option<Target>,
    /// Its token.
    pub token: Option<Secret>,
    /// How many times faster than the trace; more than 0.
    pub speed: f64,
    /// Name of the cookie that identifies a client.
    pub cookie: String,
    /// Name of the header with an app's device id, in lower case.
    pub device: String,
}

/// Why sending stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody there.
    #[error("no proxy answers at {target}: {source}; start it, or correct --http")]
    Proxy {
        /// The proxy.
        target: Target,
        /// What went wrong.
        source: Failed,
    },
    /// No outcomes.
    #[error("cannot tell outcomes to the admin address {target}: {source}; is it the proxy's `admin`?")]
    Admin {
        /// The admin address.
        target: Target,
        /// What went wrong.
        source: Failed,
    },
    /// The admin address answers, and doesn't want them.
    #[error("the admin address {target} answers outcomes with status {status}; it may want a token (--token-file)")]
    Refused {
        /// The admin address.
        target: Target,
        /// What it says.
        status: u16,
    },
}

/// Sends everything, waits for the last answer and outcome, and tells what came back. `watch` is told how many were
/// sent so far.
pub async fn drive(
    events: impl Iterator<Item = Event<'static>>,
    options: Options,
    watch: impl Fn(u64),
) -> Result<Tally, Error> {
    let workers = Tasks::new();
    let first = Connection::to(options.proxy, &workers).open().await;
    first.map_err(|source| Error::Proxy { target: options.proxy, source })?;
    let names = Names::new(options.proxy, options.cookie, options.device);
    let shared = Arc::new(Shared { names, speed: options.speed, clock: Stopwatch::start(), told: Mutex::default() });
    let (jobs, waiting) = mpsc::channel(WAITING);
    let waiting = Arc::new(tokio::sync::Mutex::new(waiting));
    for _ in 0..CONNECTIONS {
        let connection = Connection::to(options.proxy, &workers);
        workers.spawn("drive", work(connection, Arc::clone(&waiting), Arc::clone(&shared), workers.clone()));
    }
    let mut teller = options.admin.map(|admin| Teller::new(admin, options.token));
    let mut start = None;
    for (count, event) in (1..).zip(events) {
        let ts = event.request().ts;
        let since = ts.saturating_sub(*start.get_or_insert(ts));
        shared.until(Duration::from_millis(since).div_f64(options.speed), teller.as_mut()).await?;
        watch(count);
        if jobs.send(event).await.is_err() {
            break;
        }
    }
    // Without a sender each worker ends with the answer that it waits for.
    drop(jobs);
    workers.drain(DRAIN).await;
    while teller.is_some() && shared.told.lock().due.first().is_some() {
        let next = shared.clock.elapsed() + TICK;
        shared.until(next, teller.as_mut()).await?;
    }
    let tally = shared.told.lock().tally.clone();
    Ok(tally)
}

/// What workers and the trace's clock share.
struct Shared {
    names: Names,
    speed: f64,
    clock: Stopwatch,
    told: Mutex<Told>,
}

/// What came back.
#[derive(Default)]
struct Told {
    tally: Tally,
    due: Due,
}

impl Shared {
    /// Waits for a time of the drive, and tells meanwhile what falls due.
    async fn until(&self, time: Duration, mut teller: Option<&mut Teller>) -> Result<(), Error> {
        loop {
            if let Some(teller) = teller.as_deref_mut() {
                let due = self.told.lock().due.take(self.clock.elapsed());
                teller.tell(due).await?;
            }
            let left = time.saturating_sub(self.clock.elapsed());
            if left.is_zero() {
                return Ok(());
            }
            tokio::time::sleep(left.min(TICK)).await;
        }
    }
}

type Waiting = Arc<tokio::sync::Mutex<mpsc::Receiver<Event<'static>>>>;

/// One connection's work: the next request, its answer, and so on until there are no more.
async fn work(mut connection: Connection, waiting: Waiting, shared: Arc<Shared>, tasks: Tasks) {
    loop {
        let next = waiting.lock().await.recv().await;
        let Some(event) = next else { return };
        let (answer, solved) = solving::ask(&mut connection, &shared.names, &event, &tasks).await;
        let mut told = shared.told.lock();
        told.tally.add(&event, answer.as_ref().ok());
        told.tally.solved += u64::from(solved);
        if let (Event::Send(send), Ok(answer)) = (&event, &answer) {
            told.due.add(&send.outcome, answer, shared.clock.elapsed(), shared.speed);
        }
    }
}

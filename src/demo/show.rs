//! Puts the state on standard output: a screen on a terminal, a line every few seconds in a pipe.
//!
//! Must not know: what the state means.

use std::io::{self, IsTerminal as _, Write};

use terminal_size::{Height, Width};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{Demo, State, render, summary, totals};
use crate::domain::Span;

/// Between two pictures.
const FRAME: Span = Span::millis(250);
/// Between two lines in a pipe.
const LINE: Span = Span::seconds(5);
/// Where the terminal doesn't tell its size.
const USUAL_SIZE: (usize, usize) = (80, 24);

const ENTER: &str = "\x1b[?1049h\x1b[?25l"; // the alternate screen, without a cursor
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// Shows the demo until Ctrl-C is pressed, SIGTERM comes or the time is over, then what it came to. An output that is
/// closed, such as a pipe into `head`, ends it too.
pub(super) async fn until_stopped(demo: &Demo, run_for: Option<Span>) -> io::Result<()> {
    let stop = stopped(run_for);
    let mut out = io::stdout();
    let shown =
        if out.is_terminal() { on_terminal(demo, &mut out, stop).await } else { in_pipe(demo, &mut out, stop).await };
    match shown {
        Err(closed) if closed.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        shown => shown,
    }
}

async fn on_terminal(demo: &Demo, out: &mut impl Write, stop: impl Future<Output = ()>) -> io::Result<()> {
    write!(out, "{ENTER}")?;
    let shown = every(FRAME, stop, || draw(&demo.state(), out)).await;
    write!(out, "{LEAVE}")?;
    shown?;
    writeln!(out, "{}", totals(&State { colour: true, ..demo.state() }, size().0))
}

async fn in_pipe(demo: &Demo, out: &mut impl Write, stop: impl Future<Output = ()>) -> io::Result<()> {
    let State { page, metrics, rules, .. } = demo.state();
    writeln!(out, "page {page}  metrics {metrics}\nrules {rules}")?;
    let (mut told, mut alerts) = (String::new(), 0);
    every(LINE, stop, || {
        let state = demo.state();
        if state.news != told {
            writeln!(out, "{}", state.news)?;
            told.clone_from(&state.news);
        }
        for alert in state.alerts.iter().skip(alerts) {
            writeln!(out, "on call: {alert}")?;
        }
        alerts = state.alerts.len();
        writeln!(out, "{}", summary(&state))
    })
    .await?;
    writeln!(out, "{}", summary(&demo.state()))
}

/// Draws over the last picture without clearing it first, so that nothing flickers.
fn draw(state: &State, out: &mut impl Write) -> io::Result<()> {
    let (width, height) = size();
    let picture = render(&State { colour: true, ..state.clone() }, width, height);
    write!(out, "\x1b[H{}\x1b[K\x1b[J", picture.replace('\n', "\x1b[K\r\n"))?;
    out.flush()
}

fn size() -> (usize, usize) {
    terminal_size::terminal_size().map_or(USUAL_SIZE, |(Width(w), Height(h))| (usize::from(w), usize::from(h)))
}

async fn every(span: Span, stop: impl Future<Output = ()>, mut step: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    let mut ticks: Interval = interval(span.to_duration());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return Ok(()),
            _tick = ticks.tick() => step()?,
        }
    }
}

async fn stopped(run_for: Option<Span>) {
    let time_is_over = async {
        match run_for {
            Some(span) => tokio::time::sleep(span.to_duration()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = time_is_over => {}
        () = signalled() => {}
    }
}

/// Ctrl-C or SIGTERM. A system that gives no signals has other ways to end a process.
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

//! The live view as text: what passes and what is refused, with totals. A pure function of what it shows.
//!
//! Must not know: terminals, time, where its values come from.

use std::fmt::Write as _;

use super::tally::{Side, Who};
use crate::domain::{Money, Span};

/// What the screen shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Address of the page.
    pub page: String,
    /// Address of the metrics.
    pub metrics: String,
    /// The file of rules.
    pub rules: String,
    /// What became of the last edit; empty where there was none.
    pub news: String,
    /// What whoever is on call was told, the oldest first.
    pub alerts: Vec<String>,
    /// Time since the start.
    pub running: Span,
    /// The simulated people.
    pub people: Side,
    /// The bomber.
    pub bomber: Side,
    /// Messages that went out.
    pub sent: u64,
    /// What they cost, in `currency`.
    pub spent: Money,
    /// Requests that were refused or told to wait, and what their messages would have cost, in `currency`.
    pub refused: (u64, Money),
    /// Requests that were asked for a proof and brought none, and what theirs would have cost.
    pub unsolved: (u64, Money),
    /// ISO 4217.
    pub currency: String,
    /// Codes that came back, of all that were sent.
    pub verified: u64,
    /// The latest decisions, newest first.
    pub lines: Vec<Line>,
    /// Whether to use colours.
    pub colour: bool,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Time since the start.
    pub at: Span,
    /// Who asked; `None` while that isn't known yet.
    pub who: Option<Who>,
    /// The masked phone with its country; `None` where none was read.
    pub phone: Option<String>,
    /// What happened, such as `forward`.
    pub verdict: &'static str,
    /// Why it was refused; empty where it passed.
    pub reason: String,
}

#[derive(Clone, Copy)]
enum Ink {
    Plain,
    Bold,
    Faint,
    Good,
    Bad,
}

impl Ink {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "\x1b[1m",
            Self::Faint => "\x1b[2m",
            Self::Good => "\x1b[32m",
            Self::Bad => "\x1b[31m",
        }
    }
}

/// The whole screen, at most `height` lines of at most `width` characters, without a line feed at the end.
pub fn render(state: &State, width: usize, height: usize) -> String {
    let mut rows = header(state);
    rows.push(vec![]);
    rows.push(vec![(Ink::Faint, columns("time", "who", "phone", "verdict", "why"))]);
    let room = height.saturating_sub(rows.len());
    rows.extend(state.lines.iter().take(room).map(row));
    let lines = rows.iter().take(height).map(|row| paint(row, width, state.colour));
    lines.collect::<Vec<_>>().join("\n")
}

/// What stays on a terminal at the end: the totals.
pub fn totals(state: &State, width: usize) -> String {
    let rows = header(state);
    let lines = rows.iter().skip(TITLES).map(|row| paint(row, width, state.colour));
    lines.collect::<Vec<_>>().join("\n")
}

/// What a pipe sees instead of a screen: one line.
pub fn summary(state: &State) -> String {
    let State { people, bomber, .. } = state;
    format!(
        "{}  people {} asked, {} passed, {} stopped; bomber {} asked, {} passed, {} stopped; {}",
        clock(state.running),
        people.asked,
        people.passed,
        people.stopped,
        bomber.asked,
        bomber.passed,
        bomber.stopped,
        money(state).join("; "),
    )
}

type Row = Vec<(Ink, String)>;

/// Lines of the header before its table.
const TITLES: usize = 6;

fn header(state: &State) -> Vec<Row> {
    let side = |ink, name: &str, Side { asked, passed, stopped, verified }: Side| {
        let share = if passed > 0 { format!("  {} of those passed", percent(verified, passed)) } else { String::new() };
        vec![(ink, format!("{name:<8}{asked:>9}{passed:>9}{stopped:>9}{verified:>10}{share}"))]
    };
    let mut rows = vec![
        vec![
            (Ink::Bold, "sendwall demo".to_owned()),
            (Ink::Faint, format!("  {}  Ctrl-C ends it", clock(state.running))),
        ],
        vec![(Ink::Faint, "page     ".to_owned()), (Ink::Plain, format!("{}  try it yourself", state.page))],
        vec![(Ink::Faint, "metrics  ".to_owned()), (Ink::Plain, state.metrics.clone())],
        vec![(Ink::Faint, "rules    ".to_owned()), (Ink::Plain, format!("{}  edit it and save", state.rules))],
        vec![(Ink::Faint, "on call  ".to_owned()), (Ink::Bad, alerts(state))],
        vec![(if state.news.starts_with("refused") { Ink::Bad } else { Ink::Good }, state.news.clone())],
        vec![(Ink::Faint, format!("{:<8}{:>9}{:>9}{:>9}{:>10}", "", "asked", "passed", "stopped", "verified"))],
        side(Ink::Good, "people", state.people),
        side(Ink::Bad, "bomber", state.bomber),
    ];
    rows.extend(money(state).map(|line| vec![(Ink::Bold, line)]));
    rows
}

/// The latest alert, and how many there were.
fn alerts(state: &State) -> String {
    match state.alerts.as_slice() {
        [] => "told nothing yet".to_owned(),
        [only] => only.clone(),
        [.., last] => format!("{last} (alert {})", state.alerts.len()),
    }
}

/// What was spent, and what was saved in each way.
fn money(state: &State) -> [String; 3] {
    let State { sent, spent, currency, verified, refused, unsolved, .. } = state;
    [
        format!("{sent} SMS for {spent} {currency}, {} verified", percent(*verified, *sent)),
        format!("{} told to wait or refused, {} {currency} saved", refused.0, refused.1),
        format!("{} challenged and not solved, {} {currency} saved", unsolved.0, unsolved.1),
    ]
}

fn row(line: &Line) -> Row {
    let ink = match (line.verdict, line.who) {
        ("forward", Some(Who::Bomber)) => Ink::Plain,
        ("forward", _) => Ink::Good,
        _ => Ink::Bad,
    };
    let who = line.who.map_or("", Who::name);
    vec![(ink, columns(&clock(line.at), who, line.phone.as_deref().unwrap_or("no number"), line.verdict, &line.reason))]
}

fn columns(time: &str, who: &str, phone: &str, verdict: &str, why: &str) -> String {
    format!("{time:<7}{who:<8}{phone:<23}{verdict:<10}{why}").trim_end().to_owned()
}

fn clock(span: Span) -> String {
    let seconds = span.as_millis() / 1000;
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

fn percent(part: u64, of: u64) -> String {
    part.saturating_mul(100).checked_div(of).map_or_else(|| "none".to_owned(), |share| format!("{share} %"))
}

/// Cuts a row at `width` characters, then colours what is left: an escape code takes no room and is never cut.
fn paint(row: &Row, width: usize, colour: bool) -> String {
    let mut painted = String::new();
    let mut room = width;
    for (ink, text) in row {
        let length = text.chars().count();
        let cut: String = if length <= room {
            text.clone()
        } else {
            text.chars().take(room.saturating_sub(1)).chain((room > 0).then_some('…')).collect()
        };
        room = room.saturating_sub(length);
        let (on, off) = if colour && !ink.code().is_empty() { (ink.code(), "\x1b[0m") } else { ("", "") };
        let _infallible = write!(painted, "{on}{cut}{off}");
    }
    painted
}

#[cfg(test)]
#[expect(clippy::needless_raw_string_hashes, reason = "expect-test writes its texts so")]
mod tests {
    use expect_test::expect;

    use super::*;

    fn state() -> State {
        let line = |s, who, phone: &str, verdict: &'static str, reason: &str| Line {
            at: Span::seconds(s),
            who,
            phone: Some(phone.to_owned()),
            verdict,
            reason: reason.to_owned(),
        };
        State {
            page: "http://127.0.0.1:8080/".to_owned(),
            metrics: "http://127.0.0.1:9090/metrics".to_owned(),
            rules: "/tmp/rules.toml".to_owned(),
            news: String::new(),
            alerts: ["warn firing: a flood", "warn firing: an attack"].map(str::to_owned).into(),
            running: Span::seconds(75),
            people: Side { asked: 42, passed: 40, stopped: 2, verified: 34 },
            bomber: Side { asked: 120, passed: 9, stopped: 111, verified: 0 },
            sent: 49,
            spent: Money::micros(2_205_000),
            refused: (5, Money::micros(225_000)),
            unsolved: (108, Money::micros(4_860_000)),
            currency: "EUR".to_owned(),
            verified: 34,
            lines: vec![
                line(75, None, "GB +44 7700 90••01", "forward", ""),
                line(
                    74,
                    Some(Who::Bomber),
                    "GB +44 7700 90••42",
                    "cooldown",
                    "limit phone-minute: 1 sends by phone in 60s, at most 1; room again at 2026-11-20T18:10:02.000Z",
                ),
                line(73, Some(Who::Person), "FR +33 6399 8••17", "forward", ""),
                line(72, Some(Who::You), "GB +44 7700 90••23", "forward", ""),
            ],
            colour: false,
        }
    }

    #[test]
    fn a_screen_shows_totals_and_the_latest_decisions() {
        expect![[r#"
            sendwall demo  01:15  Ctrl-C ends it
            page     http://127.0.0.1:8080/  try it yourself
            metrics  http://127.0.0.1:9090/metrics
            rules    /tmp/rules.toml  edit it and save
            on call  warn firing: an attack (alert 2)

                        asked   passed  stopped  verified
            people         42       40        2        34  85 % of those passed
            bomber        120        9      111         0  0 % of those passed
            49 SMS for 2.21 EUR, 69 % verified
            5 told to wait or refused, 0.2250 EUR saved
            108 challenged and not solved, 4.86 EUR saved

            time   who     phone                  verdict   why
            01:15          GB +44 7700 90••01     forward
            01:14  BOMBER  GB +44 7700 90••42     cooldown  limit phone-minute: 1 sends by phone in 60s, at mos…
            01:13  person  FR +33 6399 8••17      forward"#]]
        .assert_eq(&render(&state(), 100, 17));
    }

    #[test]
    fn a_screen_keeps_to_its_size_and_says_what_was_cut() {
        expect![[r#"
            sendwall demo  01:15  Ctrl-C ends it
            page     http://127.0.0.1:8080/  try it you…
            metrics  http://127.0.0.1:9090/metrics
            rules    /tmp/rules.toml  edit it and save
            on call  warn firing: an attack (alert 2)

                        asked   passed  stopped  verifi…
            people         42       40        2        …
            bomber        120        9      111        …
            49 SMS for 2.21 EUR, 69 % verified
            5 told to wait or refused, 0.2250 EUR saved
            108 challenged and not solved, 4.86 EUR sav…

            time   who     phone                  verdi…
            01:15          GB +44 7700 90••01     forwa…"#]]
        .assert_eq(&render(&state(), 44, 15));
        for (width, height) in [(0, 0), (1, 1), (20, 3), (300, 300)] {
            let screen = render(&state(), width, height);
            assert!(screen.lines().count() <= height.max(1));
            assert!(screen.lines().all(|line| line.chars().count() <= width), "{screen}");
        }
    }

    #[test]
    fn colours_take_no_room() {
        let plain = render(&state(), 60, 20);
        let coloured = render(&State { colour: true, ..state() }, 60, 20);
        let mut stripped = coloured.clone();
        for ink in ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m"] {
            stripped = stripped.replace(ink, "");
        }
        assert_eq!(stripped, plain);
        assert_ne!(coloured, plain);
    }

    #[test]
    fn the_end_is_told_also_where_nothing_was_sent() {
        expect!["00:00  people 0 asked, 0 passed, 0 stopped; bomber 0 asked, 0 passed, 0 stopped; 0 SMS for 0.0000 , none verified; 0 told to wait or refused, 0.0000  saved; 0 challenged and not solved, 0.0000  saved"]
        .assert_eq(&summary(&State::default()));
        expect!["01:15  people 42 asked, 40 passed, 2 stopped; bomber 120 asked, 9 passed, 111 stopped; 49 SMS for 2.21 EUR, 69 % verified; 5 told to wait or refused, 0.2250 EUR saved; 108 challenged and not solved, 4.86 EUR saved"]
        .assert_eq(&summary(&state()));
        expect![[r#"
                        asked   passed  stopped  verified
            people         42       40        2        34  85 % of those passed
            bomber        120        9      111         0  0 % of those passed
            49 SMS for 2.21 EUR, 69 % verified
            5 told to wait or refused, 0.2250 EUR saved
            108 challenged and not solved, 4.86 EUR saved"#]]
        .assert_eq(&totals(&state(), 80));
    }
}

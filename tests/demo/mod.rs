//! The demo as its visitors see it: its traffic, its page in a real browser, its output.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should fail loudly")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use sendwall::clock::Stopwatch;
use sendwall::demo::{Demo, Options, State, Who};

use crate::support::webdriver;
use crate::support::webdriver::{Browser, ENTER, TAB};

fn options() -> Options {
    Options { listen: Some(([127, 0, 0, 1], 0).into()), traffic: false, ..Options::default() }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Looks at the demo again and again until `there` holds.
async fn state_when(demo: &Demo, there: impl Fn(&State) -> bool) -> State {
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..1200 {
        looks.tick().await;
        let state = demo.state();
        if there(&state) {
            return state;
        }
    }
    panic!("not within a minute: {}", sendwall::demo::summary(&demo.state()));
}

#[test]
fn people_pass_and_the_bomber_gets_nothing_out() {
    runtime().block_on(async {
        let demo = Demo::start(&Options { traffic: true, hurry: 20, ..options() }).await.unwrap();
        let state = state_when(&demo, |state| state.people.verified >= 10 && state.bomber.stopped >= 20).await;

        let told = sendwall::demo::summary(&state);
        assert_eq!(state.people.stopped, 0, "{told}");
        assert_eq!(state.bomber.passed, 0, "a script is asked for a proof on its first request: {told}");
        assert!(state.verified >= 10 && state.unsolved.0 >= 20, "{told}");
        assert!(state.spent > sendwall::domain::Money::default());
        let of_bomber: Vec<_> = state.lines.iter().filter(|line| line.who == Some(Who::Bomber)).collect();
        assert!(of_bomber.iter().all(|line| line.verdict == "challenge"), "{of_bomber:?}");
        assert!(of_bomber[0].reason.contains("a script's agent"), "{of_bomber:?}");
        demo.stop().await;
    });
}

#[test]
fn whoever_is_on_call_is_told_of_the_bomber() {
    // It is killed, so what it keeps goes with a directory of ours.
    let directory = crate::whole::stage::Directory::new();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_sendwall"));
    demo.args(["demo", "--listen", "127.0.0.1:0", "--seconds", "120"]).env("TMPDIR", &directory.0);
    let mut demo = Process(demo.stdout(Stdio::piped()).spawn().unwrap());
    let watch = Stopwatch::start();
    let mut lines = BufReader::new(demo.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told = lines.find(|line| line.starts_with("on call: ")).expect("an alert within the two minutes");
    println!("{told}, after {:?}", watch.elapsed());
    assert!(told.starts_with("on call: warn firing: ") && told.contains("login"), "{told}");
    assert!(!told.contains("7700900942"), "no whole number: {told}");
}

#[test]
fn without_traffic_nobody_comes() {
    runtime().block_on(async {
        let demo = Demo::start(&options()).await.unwrap();
        let (page, started) = (demo.page(), demo.state());
        let fetched = tokio::task::spawn_blocking(move || ureq::get(&page).call()).await.unwrap().unwrap();
        assert_eq!(fetched.status(), 200);
        let cookies = fetched.headers().get_all("set-cookie").iter();
        assert!(cookies.into_iter().any(|cookie| cookie.to_str().unwrap().starts_with("sendwall_visit=")));
        let state = State { running: started.running, ..demo.state() };
        assert_eq!(state, started, "a page that is loaded is no decision");
        demo.stop().await;
    });
}

#[test]
fn the_page_works_in_chromium_by_keyboard_alone() {
    if webdriver::is_left_out() {
        return;
    }
    let runtime = runtime();
    let demo = runtime.block_on(Demo::start(&options())).unwrap();
    let browser = Browser::start();
    let picture = |name: &str| {
        for (width, height) in [(390, 844), (1280, 800)] {
            let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("demo-{name}-{width}.png"));
            browser.screenshot(width, height, &file);
        }
    };
    let tab_to = |id: &str| {
        let is_there = || browser.eval(&format!("return document.activeElement.id === '{id}'")) == true;
        let pressed = (0..12).find(|_| {
            browser.keys(TAB);
            is_there()
        });
        assert!(pressed.is_some(), "the tabulator never comes to {id}");
    };
    let title_is = |title: &str| browser.wait_for(&format!("document.querySelector('h1').textContent === '{title}'"));

    browser.open(&demo.page());
    browser.wait_for("document.activeElement.id === 'phone'");
    picture("1-phone");
    browser.keys("+44 7700 900123");
    browser.keys(ENTER);

    title_is("Enter your code");
    let message = browser.wait_for("document.querySelector('#inbox li:last-child')?.textContent");
    let code: String = message.as_str().unwrap().chars().take(6).collect();
    assert!(code.chars().all(|c| c.is_ascii_digit()), "{message}");
    picture("2-code");

    // Asking for another one at once: within seconds of the first, or the minute that is to be seen would be over.
    tab_to("again");
    browser.keys(ENTER);
    browser.wait_for("document.querySelector('#clock').textContent");
    let spoken = browser.eval("return document.querySelector('#spoken').textContent");
    assert!(spoken.as_str().unwrap().starts_with("A moment, please. We sent you a code just now."), "{spoken}");
    assert_eq!(browser.eval("return document.querySelector('#again').disabled"), true);
    assert_eq!(browser.eval("return document.querySelector('#verify').disabled"), false, "the code may be typed");
    let seconds = browser.eval("return Number(document.querySelector('#clock').textContent.split(':')[1])");
    assert!((0..60).contains(&seconds.as_u64().unwrap()), "{seconds}");
    picture("3-cool-down");

    tab_to("code");
    browser.keys(if code == "000000" { "111111" } else { "000000" });
    browser.keys(ENTER);
    browser.wait_for("document.querySelector('#notice-title').textContent === \"That code isn't right.\"");
    picture("4-wrong");

    // Once a try was wrong, sendwall makes the next one wait a second; the page says so and counts down.
    browser.wait_for("!document.querySelector('#verify').disabled");
    browser.keys(&code);
    browser.keys(ENTER);
    // What the page remembers, for what it shows may be gone again.
    let inside = "!document.querySelector('#inside').hidden && 'in'";
    if browser.wait_for(&format!("waits.verify.until > 0 ? 'wait' : {inside}")) == "wait" {
        browser.wait_for("!document.querySelector('#verify').disabled");
        browser.keys(ENTER);
    }
    title_is("You are logged in");
    picture("5-logged-in");

    tab_to("leave");
    browser.keys(ENTER);
    title_is("Log in with your phone");

    let unlabelled =
        browser.eval("return [...document.querySelectorAll('input')].filter((i) => !i.labels.length).length");
    assert_eq!(unlabelled, 0, "every field has a label");
    for width in [320, 390, 1280] {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo-width.png");
        browser.screenshot(width, 844, &file);
        let overflow = browser.eval("return document.documentElement.scrollWidth - innerWidth");
        assert!(overflow.as_i64().unwrap() <= 0, "wider than a screen of {width}: {overflow}");
    }
    drop(browser);
    runtime.block_on(demo.stop());
}

/// The demo as a process of its own, ended with its test.
struct Process(std::process::Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = (self.0.kill(), self.0.wait());
    }
}

#[test]
fn a_rule_that_is_edited_while_the_demo_runs_takes_effect() {
    let directory = crate::whole::stage::Directory::new();
    let rules = directory.0.join("mine.toml");
    let mut demo = Command::new(env!("CARGO_BIN_EXE_sendwall"));
    demo.args(["demo", "--no-traffic", "--listen", "127.0.0.1:0", "--seconds", "120", "--rules"]).arg(&rules);
    // It is killed, so what it keeps goes with a directory of ours.
    demo.env("TMPDIR", &directory.0);
    let mut demo = Process(demo.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(demo.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let page = lines.next().unwrap().split_whitespace().nth(1).unwrap().to_owned();
    assert_eq!(lines.next(), Some(format!("rules {}", rules.display())));
    let sample = std::fs::read_to_string(&rules).unwrap();

    // A phone a request, so that limits have nothing to say; a rule's refusal is 403.
    let mut number = 0;
    let mut status = || {
        number += 1;
        let phone = format!("+33639980{number:03}");
        let body = format!(r#"{{"phone":"{phone}"}}"#);
        let headers = [("content-type", "application/json"), ("user-agent", "ShopApp/5.2 (iPhone; iOS 18.1)")];
        crate::whole::stage::ask("POST", &format!("{page}api/send-code"), &headers, &body).status
    };
    assert_ne!(status(), 403);
    // As an editor does: a new file takes the old one's place.
    let edited: String = sample
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned() + "\n")
        .collect();
    let new = directory.write("mine.toml.new", &edited);
    let watch = Stopwatch::start();
    std::fs::rename(new, &rules).unwrap();
    let a_second = Duration::from_secs(1);
    crate::support::proxy::within(a_second, "the rule that was taken out of its comment holds", || status() == 403);
    println!("an edited rule held after {:?}", watch.elapsed());
    assert!(lines.any(|line| line.contains("holds now: added rule[no-france]")), "and the demo says so");

    std::fs::write(&rules, edited.replace("phone.country", "phone.cuontry")).unwrap();
    assert!(lines.any(|line| line.contains("refused") && line.contains("mine.toml:")), "a mistake is told");
    assert_eq!(status(), 403, "and the rule before it holds");
}

#[test]
fn in_a_pipe_the_demo_prints_lines_and_ends_with_a_summary() {
    let demo = Command::new(env!("CARGO_BIN_EXE_sendwall"))
        .args(["demo", "--listen", "127.0.0.1:0", "--seconds", "2"])
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&demo.stdout), String::from_utf8_lossy(&demo.stderr));
    assert!(demo.status.success(), "{out}{err}");
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines.first().unwrap().starts_with("page http://127.0.0.1:"), "{out}");
    assert!(lines.last().unwrap().contains(" SMS for "), "{out}");
    assert!(!out.contains('\u{1b}'), "no escape codes in a pipe: {out}");
    assert!(err.is_empty(), "{err}");
}

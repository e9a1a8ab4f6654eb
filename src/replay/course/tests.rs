//! The loop with a judge that answers what the test says, and tells what it was asked.

use std::fmt::Write as _;
use std::net::IpAddr;

use expect_test::{Expect, expect};

use super::*;
use crate::domain::{
    Address, DecidedBy, Fingerprint, Mode, PhoneFact, Place, RevisionId, Unreadable, UnreadableCode, Visit,
};

/// Answers from a list, and a list of what happened.
struct Script {
    verdicts: VecDeque<Verdict>,
    mode: Mode,
    told: Vec<String>,
    now: u64,
    judged: u64,
}

impl Script {
    fn tell(&mut self, what: &str) {
        self.told.push(format!("{} {what}", self.now));
    }
}

impl Judge for Script {
    fn advance(&mut self, now: Timestamp) {
        assert!(now.unix_ms() >= self.now, "time runs one way");
        self.now = now.unix_ms();
    }

    fn page(&mut self, _: &Client, at: Timestamp) {
        assert_eq!(at.unix_ms(), self.now);
        self.tell("page");
    }

    fn judge(&mut self, endpoint: usize, facts: Arc<Facts>, pass: Option<Pass>) -> Judgement {
        assert_eq!((facts.at.unix_ms(), endpoint), (self.now, 3));
        let verdict = self.verdicts.pop_front().unwrap_or(Verdict::Forward);
        self.judged += 1;
        let id = DecisionId::new(facts.at, self.judged);
        let proven = pass.map_or(Rung::None, |pass| pass.rung);
        let of = pass.map(|pass| format!(" of the attempt of {}", pass.attempt.at().unix_ms())).unwrap_or_default();
        self.tell(&format!("judged with {}{of}: {}", proven.name(), verdict.name()));
        let decision = Arc::new(Decision {
            id,
            at: facts.at,
            endpoint: "login".into(),
            revision: RevisionId { number: 1, hash: 0 },
            verdict,
            proven,
            pass: None,
            page: None,
            page_seen: false,
            trust: crate::domain::Trust::default(),
            mode: self.mode,
            score: u8::try_from(10 * self.judged).unwrap(),
            decided_by: DecidedBy::Engine,
            reasons: Vec::new(),
            rules: Vec::new(),
            tags: Vec::new(),
            divert: None,
        });
        Judgement { facts, sms: decision.forwards(), decision }
    }

    fn learn(&mut self, decision: DecisionId, outcome: OutcomeKind, at: Timestamp) {
        assert_eq!(at.unix_ms(), self.now);
        self.tell(&format!("{} of the SMS of {}", outcome.name(), decision.at().unix_ms()));
    }
}

fn course(verdicts: &[Verdict]) -> Course<Script> {
    let verdicts = verdicts.iter().copied().collect();
    Course::new(Script { verdicts, mode: Mode::Enforce, told: Vec::new(), now: 0, judged: 0 }, true)
}

fn client() -> Client {
    let ip = IpAddr::from([203, 0, 113, 9]);
    let id = "AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap();
    let address = Address { ip, unit: ip.into(), network: "203.0.113.0/24".parse().unwrap(), id };
    Client { address, id: None, visit: Visit::None, fingerprint: Fingerprint::default() }
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(ms)
}

impl Course<Script> {
    fn line(&mut self, ms: u64, outcome: &Outcome) {
        self.advance(at(ms));
        let facts = Facts {
            at: at(ms),
            endpoint: "login".into(),
            phone: PhoneFact::Unreadable(Unreadable { code: UnreadableCode::NotAPhone, field: String::new() }),
            client: client(),
            place: Place::default(),
        };
        self.send(3, facts.into(), outcome.clone());
    }

    /// What happened, and the answers in trace order.
    fn story(&mut self) -> String {
        self.finish();
        let mut story = self.judge.told.join("\n");
        while let Some(answer) = self.take() {
            let challenge = answer.challenge.map_or_else(
                || "no challenge".to_owned(),
                |kind| format!("{} {}", kind.name(), if answer.solved { "solved" } else { "unsolved" }),
            );
            let sms = if answer.sms { "SMS" } else { "no SMS" };
            let (verdict, score, rung) = (answer.verdict(), answer.first.score, answer.rung.name());
            write!(story, "\n= {verdict} {score}, {challenge}, {sms}, at {rung}").unwrap();
        }
        story
    }
}

const NOBODY: Outcome =
    Outcome { solves: Vec::new(), solve_ms: None, verify_ms: None, delivered: true, delivery_ms: None };

fn solves(kinds: &[ChallengeKind], solve_ms: u64) -> Outcome {
    Outcome { solves: kinds.to_vec(), solve_ms: Some(solve_ms), verify_ms: Some(15_000), ..NOBODY }
}

const POW: Verdict = Verdict::Challenge(ChallengeKind::Pow);
const CAPTCHA: Verdict = Verdict::Challenge(ChallengeKind::Captcha);

#[expect(clippy::needless_pass_by_value, reason = "a table's rows read better without borrows")]
fn check(verdicts: &[Verdict], outcome: &Outcome, expected: Expect) {
    let mut course = course(verdicts);
    course.line(1000, outcome);
    expected.assert_eq(&course.story());
}

#[test]
fn an_attempt_climbs_as_far_as_it_must_and_its_client_can() {
    let both = solves(&[ChallengeKind::Pow, ChallengeKind::Captcha], 800);
    check(
        &[Verdict::Forward],
        &both,
        expect![[r"
            1000 judged with none: forward
            16000 verified of the SMS of 1000
            = forward 10, no challenge, SMS, at none"]],
    );
    check(
        &[POW, Verdict::Forward],
        &both,
        expect![[r"
            1000 judged with none: challenge
            1800 judged with pow of the attempt of 1000: forward
            16800 verified of the SMS of 1800
            = challenge 10, pow solved, SMS, at pow"]],
    );
    check(
        &[POW, CAPTCHA, Verdict::Forward],
        &both,
        expect![[r"
            1000 judged with none: challenge
            1800 judged with pow of the attempt of 1000: challenge
            2600 judged with captcha of the attempt of 1800: forward
            17600 verified of the SMS of 2600
            = challenge 10, captcha solved, SMS, at captcha"]],
    );
    check(
        &[POW, CAPTCHA],
        &solves(&[ChallengeKind::Pow], 800),
        expect![[r"
            1000 judged with none: challenge
            1800 judged with pow of the attempt of 1000: challenge
            = challenge 10, captcha unsolved, no SMS, at captcha"]],
    );
    check(
        &[POW],
        &NOBODY,
        expect![[r"
            1000 judged with none: challenge
            = challenge 10, pow unsolved, no SMS, at pow"]],
    );
}

#[test]
fn a_refusal_is_the_end_before_and_after_a_proof() {
    let both = solves(&[ChallengeKind::Pow, ChallengeKind::Captcha], 0);
    check(
        &[Verdict::Block],
        &both,
        expect![[r"
            1000 judged with none: block
            = block 10, no challenge, no SMS, at block"]],
    );
    check(
        &[Verdict::Reject],
        &both,
        expect![[r"
            1000 judged with none: reject
            = block 10, no challenge, no SMS, at block"]],
    );
    check(
        &[CAPTCHA, Verdict::Cooldown { until: at(9000) }],
        &both,
        expect![[r"
            1000 judged with none: challenge
            1000 judged with captcha of the attempt of 1000: cooldown
            = challenge 10, captcha solved, no SMS, at block"]],
    );
}

#[test]
fn a_client_gives_up_that_is_never_believed_or_takes_too_long() {
    let both = solves(&[ChallengeKind::Pow, ChallengeKind::Captcha], 10);
    let mut unbelieving = course(&[POW; 20]);
    unbelieving.line(1000, &both);
    assert!(unbelieving.story().ends_with("= challenge 10, pow solved, no SMS, at pow"));
    assert_eq!(unbelieving.judge.judged, 5, "once, and after each of four passes");
    check(
        &[POW],
        &solves(&[ChallengeKind::Pow], 600_001),
        expect![[r"
            1000 judged with none: challenge
            = challenge 10, pow unsolved, no SMS, at pow"]],
    );
}

#[test]
fn what_falls_due_at_a_time_comes_before_the_lines_of_that_time() {
    let mut course = course(&[Verdict::Forward, POW]);
    course.line(1000, &Outcome { verify_ms: Some(2000), delivery_ms: Some(2000), ..NOBODY });
    course.line(2000, &Outcome { delivered: false, ..solves(&[ChallengeKind::Pow], 1000) });
    course.line(3000, &NOBODY);
    course.advance(at(3000));
    course.page(&client(), at(3000));
    expect![[r"
        1000 judged with none: forward
        2000 judged with none: challenge
        3000 delivered of the SMS of 1000
        3000 verified of the SMS of 1000
        3000 judged with pow of the attempt of 2000: forward
        3000 judged with none: forward
        3000 page
        18000 verified of the SMS of 3000
        23000 undelivered of the SMS of 3000
        = forward 10, no challenge, SMS, at none
        = challenge 20, pow solved, SMS, at pow
        = forward 40, no challenge, SMS, at none"]]
    .assert_eq(&course.story());
}

#[test]
fn answers_wait_for_those_before_them() {
    let mut course = course(&[POW, Verdict::Forward]);
    course.line(1000, &solves(&[ChallengeKind::Pow], 5000));
    course.line(1001, &NOBODY);
    assert!(!course.is_ready() && course.take().is_none());
    course.advance(at(6000));
    assert!(course.is_ready());
    assert_eq!([course.take(), course.take()].map(|answer| answer.unwrap().challenge.is_some()), [true, false]);
    assert!(course.take().is_none());
}

#[test]
fn without_a_delivery_feed_only_verifications_are_learned() {
    let mut course = course(&[]);
    course.delivery_feed = false;
    course.line(1000, &Outcome { verify_ms: Some(5), delivery_ms: Some(1), ..NOBODY });
    course.line(1000, &Outcome { delivered: false, ..NOBODY });
    expect![[r"
        1000 judged with none: forward
        1000 judged with none: forward
        1005 verified of the SMS of 1000
        = forward 10, no challenge, SMS, at none
        = forward 20, no challenge, SMS, at none"]]
    .assert_eq(&course.story());
}

#[test]
fn in_monitor_mode_nobody_is_asked_for_anything() {
    let mut course = course(&[POW, Verdict::Block]);
    course.judge.mode = Mode::Monitor;
    course.line(1000, &NOBODY);
    course.line(1000, &NOBODY);
    expect![[r"
        1000 judged with none: challenge
        1000 judged with none: block
        = challenge 10, no challenge, SMS, at none
        = block 20, no challenge, SMS, at none"]]
    .assert_eq(&course.story());
}

#[test]
fn outcomes_of_another_day_are_not_waited_for() {
    let mut course = course(&[]);
    course.line(1000, &Outcome { verify_ms: Some(24 * 3_600_000 + 1), delivery_ms: Some(u64::MAX), ..NOBODY });
    assert_eq!(course.due.len(), 0);
}

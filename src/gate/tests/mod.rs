//! The gate's story by a clock that the test moves: judged, settled, learned; places given back; reloads.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::*;
use crate::cells;
use crate::cells::Kinds;
use crate::challenge;
use crate::clock::ManualClock;
use crate::decide::{Policy, Prior};
use crate::domain::{Mode, OutcomeKind, RevisionId, Span, Timestamp, Verdict};
use crate::extract::{MatchKey, Payload, Role as RouteRole, Router, Rule, TrustedProxies};
use crate::geo;
use crate::journal::Journal;
use crate::limits::{KeyPart, Limit, Store, WhenFull, defaults};
use crate::numbering::Numbering;
use crate::rules::{EXCHANGE, Expression};
use crate::sessions::{Scope, Tally};
use crate::telemetry::Metrics;

mod answers;
mod budget;
mod evidence;
mod lists;
mod proofs;

const PHONE: &str = r#"{"phone":"+447402417171"}"#;
const OTHER: &str = r#"{"phone":"+447402417172"}"#;

struct Stage {
    gate: Arc<Gate>,
    clock: Arc<ManualClock>,
    store: Store,
    metrics: Arc<Metrics>,
}

fn start() -> Timestamp {
    Timestamp::from_unix_ms(1_795_197_600_000)
}

fn limit(name: &str, on: On, key: KeyPart, max: u32, per: Span) -> Arc<Limit> {
    let like = defaults().remove(0);
    Arc::new(Limit { name: name.into(), on, key: vec![key], max, per, when_full: WhenFull::Pass, ..like })
}

fn once_a_minute() -> Vec<Arc<Limit>> {
    vec![limit("minute", On::Send, KeyPart::Phone, 1, Span::seconds(60))]
}

fn endpoint() -> Endpoint {
    let condition = |text| Expression::parse(text, &EXCHANGE).unwrap();
    Endpoint {
        name: "login".into(),
        policy: Policy { mode: Mode::Enforce, ..Policy::default() },
        extract: crate::extract::Settings::default(),
        when: None,
        sent_if: condition("status < 400"),
        has_verify: true,
        verify_when: None,
        verified_if: Some(condition("status == 200")),
        match_by: vec![MatchKey::Phone, MatchKey::Client],
        verify_window: Span::minutes(10),
        answers: Answers::default(),
        captcha: Vec::new(),
        cors_origins: Vec::new(),
    }
}

/// Many silent sends to a phone are borne here, so that limits alone refuse.
fn patient() -> Kinds {
    let mut kinds = Kinds::default();
    kinds.of_mut(cells::Kind::Phone).open_floor = 100.0;
    kinds
}

fn revision(number: u32, store: &Store, limits: &[Arc<Limit>], endpoint: Endpoint) -> Revision {
    let rule = |text, role| Rule {
        pattern: crate::extract::Pattern::parse(text).unwrap(),
        endpoint: 0,
        role,
        ignore_case: false,
    };
    Revision {
        rules: crate::ruleset::RuleSet::default(),
        id: RevisionId { number, hash: 1 },
        router: Router::new(vec![rule("POST /send", RouteRole::Send), rule("POST /verify", RouteRole::Verify)]),
        endpoints: vec![endpoint],
        trusted: TrustedProxies::default(),
        kinds: patient(),
        prior: Prior::Weights,
        shadow: None,
        ja4: None,
        challenge: challenge::Settings::default(),
        captcha: challenge::captcha::Setup::default(),
        limits: store.prepare(limits).unwrap(),
        budgets: crate::budget::Policy::default(),
        numbering: Arc::new(Numbering::default()),
    }
}

impl Stage {
    fn new(limits: &[Arc<Limit>]) -> Self {
        Self::with(limits, endpoint())
    }

    fn with(limits: &[Arc<Limit>], endpoint: Endpoint) -> Self {
        let clock = Arc::new(ManualClock::at(start()));
        let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let metrics = Arc::new(Metrics::new("test", Arc::clone(&shared)));
        let store = Store::new(16 << 20);
        let gate = Gate::new(Parts {
            revision: revision(1, &store, limits, endpoint),
            names: Pseudonyms::new(&[7; 32]),
            visits: None,
            geo: Arc::new(Geo::open(&geo::Settings::default())),
            clock: shared,
            ids: Ids::new(7),
            sessions: 1000,
            cells: Cells::new(&cells::Settings::default(), 1),
            challenges: Arc::new(Challenges::new(challenge::Parts::fixed(Arc::clone(metrics.challenges())))),
            tell: Tell { metrics: Arc::clone(&metrics), journal: Arc::new(Journal::in_memory(Arc::clone(&metrics))) },
        });
        Self { gate: Arc::new(gate), clock, store, metrics }
    }

    /// Moves the clock to so long after the start.
    fn at(&self, after: Span) {
        self.clock.set(start() + after);
    }

    fn judge(&self, body: &str) -> Judged {
        request("/send", body, |request| self.gate.judge(&self.gate.revision(), 0, request))
    }

    /// Asks for a code and settles what may go on. Gives the verdict's name.
    fn send(&self, body: &str, status: u16) -> &'static str {
        let judged = self.judge(body);
        if let Some(permit) = judged.permit {
            permit.settle(&answer(status, &HeaderMap::new()));
        }
        judged.decision.verdict.name()
    }

    /// Tries a code. Gives when there is room again, where it must wait.
    fn verify(&self, body: &str, right: bool) -> Option<Span> {
        let tried = request("/verify", body, |request| self.gate.judge_try(&self.gate.revision(), 0, request));
        if let Some(permit) = tried.permit {
            permit.settle(&answer(if right { 200 } else { 403 }, &HeaderMap::new()));
        }
        match tried.decision.verdict {
            Verdict::Cooldown { until } => Some(until.since(tried.decision.at)),
            Verdict::Forward | Verdict::Challenge(_) | Verdict::Block | Verdict::Reject | Verdict::Repeat => None,
        }
    }

    fn tally(&self) -> Tally {
        let rows = self.gate.conversion();
        rows.iter().find(|(key, _)| key.scope == Scope::All).map(|(_, tally)| *tally).unwrap_or_default()
    }
}

fn answer(status: u16, headers: &HeaderMap) -> UpstreamAnswer<'_> {
    UpstreamAnswer { status, headers, body: Ok(b"") }
}

/// An app: nothing is wrong with its look.
const APP: &str = "ShopApp/5.2 (iPhone; iOS 18.1)";

fn request<T>(path: &str, body: &str, then: impl FnOnce(&Request<'_>) -> T) -> T {
    request_of(APP, path, body, then)
}

fn request_of<T>(agent: &'static str, path: &str, body: &str, then: impl FnOnce(&Request<'_>) -> T) -> T {
    let headers = [("content-type", "application/json"), ("user-agent", agent)];
    let headers = headers.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    let headers = HeaderMap::from_iter(headers);
    let peer = IpAddr::from([203, 0, 113, 9]);
    let body = Payload::Whole(body.as_bytes());
    then(&Request { peer, method: &Method::POST, path, query: None, headers: &headers, body })
}

#[test]
fn a_code_is_judged_sent_verified_and_counted() {
    let stage = Stage::new(&once_a_minute());
    assert!(stage.judge(PHONE).decision.reasons.contains(&crate::domain::Reason::Blind));
    assert_eq!(stage.send(PHONE, 200), "forward");
    assert_eq!(stage.send(OTHER, 200), "forward");
    assert_eq!(stage.tally(), Tally { sent: 2, ..Tally::default() });
    stage.at(Span::seconds(20));
    assert_eq!(stage.verify(PHONE, false), None);
    assert_eq!(stage.tally().verified, 0);
    assert_eq!(stage.verify(PHONE, true), None);
    assert_eq!(stage.tally(), Tally { sent: 2, verified: 1, ..Tally::default() });
    assert!(stage.judge(OTHER).decision.reasons.iter().all(|reason| reason.code() == "limit"), "not blind any more");
    assert_eq!((stage.metrics.totals().sends, stage.metrics.totals().verified), (2, 1));
}

#[test]
fn a_verification_after_its_window_counts_nothing() {
    let stage = Stage::new(&once_a_minute());
    assert_eq!(stage.send(PHONE, 200), "forward");
    stage.at(Span::minutes(10));
    stage.verify(PHONE, true);
    assert_eq!(stage.tally(), Tally { sent: 1, ..Tally::default() });
}

#[test]
fn conversion_forgets_after_a_day() {
    let stage = Stage::new(&once_a_minute());
    stage.send(PHONE, 200);
    stage.at(Span::hours(23));
    assert_eq!(stage.tally().sent, 1);
    stage.at(Span::hours(25));
    assert_eq!(stage.tally().sent, 0);
}

#[test]
fn a_permit_that_becomes_no_send_gives_its_place_back() {
    let stage = Stage::new(&once_a_minute());
    let held = stage.judge(PHONE);
    assert_eq!(stage.judge(PHONE).decision.verdict.name(), "cooldown", "the place is held while the app is asked");
    drop(held);
    assert_eq!(stage.send(PHONE, 500), "forward", "dropped: nothing was sent");
    let unanswered = stage.judge(PHONE);
    assert_eq!(unanswered.decision.verdict, Verdict::Forward, "500: nothing was sent");
    unanswered.permit.unwrap().unanswered(false);
    assert_eq!(stage.send(PHONE, 200), "forward", "the app was never reached: nothing was sent");
    assert_eq!(stage.send(PHONE, 200), "cooldown");
    assert_eq!(stage.tally().sent, 1);
}

#[test]
fn a_request_that_arrived_and_was_not_answered_is_a_send() {
    let stage = Stage::new(&once_a_minute());
    stage.judge(PHONE).permit.unwrap().unanswered(true);
    assert_eq!(stage.send(PHONE, 200), "cooldown");
    stage.verify(PHONE, true);
    assert_eq!(stage.tally(), Tally { sent: 1, verified: 1, ..Tally::default() }, "whoever got it is heard");
}

#[test]
fn a_refused_attempt_holds_no_place_in_the_limits_that_had_room() {
    let per_address = limit("address", On::Send, KeyPart::Ip, 2, Span::hours(1));
    let stage = Stage::new(&[once_a_minute().remove(0), per_address]);
    assert_eq!(stage.send(PHONE, 200), "forward");
    for _ in 0..5 {
        assert_eq!(stage.send(PHONE, 200), "cooldown");
    }
    assert_eq!(stage.send(OTHER, 200), "forward", "one place of the address was left");
    assert_eq!(stage.send(r#"{"phone":"+447402417173"}"#, 200), "cooldown");
}

#[test]
fn a_window_ends_to_the_millisecond() {
    let stage = Stage::new(&[limit("two", On::Send, KeyPart::Phone, 2, Span::seconds(60))]);
    stage.send(PHONE, 200);
    stage.at(Span::seconds(30));
    stage.send(PHONE, 200);
    stage.at(Span::millis(59_999));
    let judged = stage.judge(PHONE);
    assert_eq!(judged.decision.verdict, Verdict::Cooldown { until: start() + Span::seconds(60) });
    stage.at(Span::seconds(60));
    assert_eq!(stage.send(PHONE, 200), "forward");
    stage.at(Span::millis(89_999));
    assert_eq!(stage.send(PHONE, 200), "cooldown", "no second burst at a boundary: the window slides");
    stage.at(Span::seconds(90));
    assert_eq!(stage.send(PHONE, 200), "forward");
}

/// One that counts what is refused.
fn counting_refusals(like: &Limit) -> Arc<Limit> {
    Arc::new(Limit { count_rejected: true, ..like.clone() })
}

#[test]
fn who_waits_as_told_passes_also_where_refusals_count() {
    let stage = Stage::new(&[counting_refusals(&once_a_minute()[0])]);
    assert_eq!(stage.send(PHONE, 200), "forward");
    stage.at(Span::seconds(10));
    let judged = stage.judge(PHONE);
    assert_eq!(judged.decision.verdict, Verdict::Cooldown { until: start() + Span::seconds(70) });
    stage.at(Span::seconds(70));
    assert_eq!(stage.send(PHONE, 200), "forward");
}

#[test]
fn asking_twice_gets_no_further_phone_past_a_count_of_different_ones_that_counts_refusals() {
    let two = limit("phones", On::Send, KeyPart::Ip, 2, Span::hours(1));
    let stage = Stage::new(&[counting_refusals(&Limit { distinct: Some(KeyPart::Phone), ..(*two).clone() })]);
    let third = r#"{"phone":"+447402417173"}"#;
    let asked = [PHONE, OTHER, third, third, third].map(|phone| stage.send(phone, 200));
    assert_eq!(asked, ["forward", "forward", "cooldown", "cooldown", "cooldown"]);
}

#[test]
fn a_send_counts_from_when_it_was_judged_however_late_the_answer() {
    let stage = Stage::new(&once_a_minute());
    let judged = stage.judge(PHONE);
    stage.at(Span::seconds(50));
    judged.permit.unwrap().settle(&answer(200, &HeaderMap::new()));
    stage.at(Span::millis(59_999));
    assert_eq!(stage.send(PHONE, 200), "cooldown");
    stage.at(Span::seconds(60));
    assert_eq!(stage.send(PHONE, 200), "forward");
}

#[test]
fn the_default_wait_after_wrong_tries_doubles_and_five_are_all() {
    let limits: Vec<_> = defaults().into_iter().map(Arc::new).collect();
    let stage = Stage::new(&limits);
    let mut now = Span::seconds(0);
    for wait in [1, 2, 4, 8] {
        assert_eq!(stage.verify(PHONE, false), None);
        assert_eq!(stage.verify(PHONE, true), Some(Span::seconds(wait)), "also for the right code");
        now = Span::millis(now.as_millis() + wait * 1000 - 1);
        stage.at(now);
        assert_eq!(stage.verify(PHONE, true), Some(Span::millis(1)));
        now = Span::millis(now.as_millis() + 1);
        stage.at(now);
    }
    assert_eq!(stage.verify(PHONE, false), None, "the fifth, 15 s after the first");
    stage.at(Span::minutes(14));
    assert_eq!(stage.verify(PHONE, true), Some(Span::minutes(1)));
    assert_eq!(stage.verify(OTHER, false), None, "another phone");
    stage.at(Span::minutes(15));
    assert_eq!(stage.verify(PHONE, true), None, "the first has left the window");
}

#[test]
fn explaining_counts_nothing() {
    let stage = Stage::new(&once_a_minute());
    let explain = |path, body| request(path, body, |request| stage.gate.explain(&stage.gate.revision(), request));
    let verdict = || match explain("/send", PHONE) {
        Explanation::Judged { decision, .. } => decision.verdict.name(),
        Explanation::Unprotected => "unprotected",
    };
    for _ in 0..5 {
        assert_eq!(verdict(), "forward");
    }
    assert!(matches!(explain("/other", PHONE), Explanation::Unprotected));
    assert!(matches!(explain("/verify", PHONE), Explanation::Judged { on: On::Verify, .. }));
    assert_eq!(
        (stage.metrics.totals().sends, stage.tally().sent, stage.gate.revision().limits.handles()[0].len()),
        (0, 0, 0)
    );
    assert_eq!(stage.send(PHONE, 200), "forward");
    assert_eq!(verdict(), "cooldown");
}

#[test]
fn a_replaced_revision_keeps_counts_and_requests_under_way_end_with_theirs() {
    let stage = Stage::new(&once_a_minute());
    let under_way = stage.judge(PHONE);
    let two = [limit("minute", On::Send, KeyPart::Phone, 2, Span::seconds(60))];
    let refuses_404 = Endpoint { sent_if: Expression::parse("status == 201", &EXCHANGE).unwrap(), ..endpoint() };
    stage.gate.replace(revision(2, &stage.store, &two, refuses_404));
    assert!(
        under_way.permit.unwrap().settle(&answer(200, &HeaderMap::new())),
        "by the condition that it was judged with"
    );

    let second = stage.judge(PHONE);
    assert_eq!((second.decision.verdict, second.decision.revision.number), (Verdict::Forward, 2));
    assert!(!second.permit.unwrap().settle(&answer(200, &HeaderMap::new())), "by the new one");
    assert_eq!(stage.send(PHONE, 201), "forward");
    assert_eq!(stage.send(PHONE, 201), "cooldown", "one counted before and one after");
}

#[test]
fn an_outcome_from_outside_finds_its_send_by_decision_and_by_phone() {
    let stage = Stage::new(&once_a_minute());
    let judged = stage.judge(PHONE);
    let by_decision = OutcomeTarget::Decision(judged.decision.id);
    assert_eq!(stage.gate.learn(&by_decision, OutcomeKind::Delivered, start()), Learned::Unmatched, "not sent yet");
    let phone = judged.facts.phone().unwrap().id;
    judged.permit.unwrap().settle(&answer(200, &HeaderMap::new()));
    assert_eq!(stage.gate.learn(&by_decision, OutcomeKind::Delivered, start()), Learned::Settled(1));
    assert_eq!(stage.gate.learn(&by_decision, OutcomeKind::Delivered, start()), Learned::Already);
    let by_phone = |endpoint: Option<&str>| OutcomeTarget::Phone(phone, endpoint.map(Into::into));
    assert_eq!(stage.gate.learn(&by_phone(Some("other")), OutcomeKind::Verified, start()), Learned::Unmatched);
    assert_eq!(stage.gate.learn(&by_phone(None), OutcomeKind::Verified, start()), Learned::Settled(1));
    assert_eq!(stage.gate.learn(&by_phone(Some("login")), OutcomeKind::Verified, start()), Learned::Already);
    assert_eq!(stage.tally(), Tally { sent: 1, verified: 1, delivered: 1, undelivered: 0 });
}

#[test]
fn monitor_mode_counts_what_goes_out_beyond_the_limit() {
    let mode = Policy { mode: Mode::Monitor, ..Policy::default() };
    let stage = Stage::with(&once_a_minute(), Endpoint { policy: mode, ..endpoint() });
    assert_eq!([stage.send(PHONE, 200), stage.send(PHONE, 200)], ["forward", "cooldown"]);
    assert_eq!(stage.tally().sent, 2);
    stage.at(Span::seconds(59));
    assert_eq!(stage.send(PHONE, 500), "cooldown");
    stage.at(Span::seconds(60));
    assert_eq!(stage.send(PHONE, 200), "forward", "what the app failed isn't counted");
}

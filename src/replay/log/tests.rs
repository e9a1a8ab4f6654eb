//! Records as the journal writes them, put together again.

use super::*;
use crate::domain::{
    Address, Client, ClientId, ClientSource, Country, DecidedBy, Decision, DecisionId, Fingerprint, Has, Language,
    Mode, NumberKind, Phone, PhoneFact, Place, Program, Range, Reason, RevisionId, Rung, Traits, Trust, Unreadable,
    UnreadableCode, Validity, Verdict, Visit,
};
use crate::journal::Record;
use crate::journal::record::Answer;
use crate::privacy::{Pseudonyms, RawPhone};

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_ms(1_795_197_600_000) + Span::seconds(seconds)
}

fn facts(seconds: u64, phone: u64) -> Facts {
    let names = Pseudonyms::new(&[7; 32]);
    let raw = RawPhone::from_digits(phone).unwrap();
    let network = "203.0.113.0/24".parse().unwrap();
    let has = Has::ACCEPT.with(Has::LANGUAGE, true);
    Facts {
        at: at(seconds),
        endpoint: "login".into(),
        phone: PhoneFact::Present(Phone {
            id: names.phone(raw),
            country: Country::new("GB"),
            calling_code: 44,
            range: Range::new(raw.range()),
            last_two: raw.last_two(),
            kind: NumberKind::Mobile,
            validity: Validity::Valid,
            price: Money::micros(45_000),
        }),
        client: Client {
            address: Address { ip: [203, 0, 113, 0].into(), unit: network, network, id: names.client(b"address") },
            id: Some(ClientId { id: names.client(b"sid"), source: ClientSource::Cookie("sid".into()) }),
            visit: Visit::Since(at(seconds) - Span::seconds(40)),
            fingerprint: Fingerprint {
                hash: 0x0123_4567_89ab_cdef,
                agent: "Mozilla".into(),
                traits: Traits { program: Program::Chromium, major: 142, has, language: Language::new("de-AT") },
            },
        },
        place: Place {
            country: Country::new("DE"),
            asn: Some(3320),
            as_org: Some("Telekom".into()),
            hosting: Some(false),
            anonymous: None,
        },
    }
}

fn id(seconds: u64) -> DecisionId {
    DecisionId::new(at(seconds), seconds)
}

fn written(record: &Record) -> String {
    serde_json::to_string(record).unwrap()
}

fn decided(facts: Facts, verdict: Verdict, proven: Rung) -> String {
    let seconds = facts.at.since(at(0)).as_millis() / 1000;
    let decision = Decision {
        id: id(seconds),
        at: facts.at,
        endpoint: Arc::clone(&facts.endpoint),
        revision: RevisionId { number: 1, hash: 0 },
        verdict,
        proven,
        pass: None,
        page: None,
        page_seen: false,
        trust: Trust::default(),
        mode: Mode::Enforce,
        score: 0,
        decided_by: DecidedBy::Engine,
        reasons: vec![Reason::Blind],
        rules: Vec::new(),
        tags: Vec::new(),
        divert: None,
    };
    written(&Record::Decision(Arc::new(decision), Arc::new(facts)))
}

fn answered(seconds: u64, sent: bool) -> String {
    let decision = id(seconds);
    written(&Record::Answer(Answer { decision, endpoint: "login".into(), at: at(seconds), sent, status: None }))
}

fn became(seconds: u64, outcome: OutcomeKind, after: u64) -> String {
    let (decision, ts) = (id(seconds), at(seconds + after));
    serde_json::json!({
        "v": 1, "ts": ts, "event": outcome, "decision": decision, "endpoint": "login", "source": "feed",
    })
    .to_string()
}

fn read(lines: &[String]) -> (LogAhead, Vec<Logged>) {
    let mut ahead = LogAhead::default();
    for line in lines {
        assert!(is_log(line), "{line}");
        ahead.take(line, |name| Ok(name.into())).unwrap();
    }
    let all = std::iter::from_fn(|| ahead.next(true)).collect();
    (ahead, all)
}

const PHONE: u64 = 447_402_417_171;

#[test]
fn facts_read_back_as_they_were_written() {
    let plain = facts(0, PHONE);
    let absent = Facts { phone: PhoneFact::Absent, ..facts(1, PHONE) };
    let mut bare = Facts { place: Place::default(), ..facts(2, PHONE) };
    (bare.client.id, bare.client.visit) = (None, Visit::Forged);
    let why = Unreadable { code: UnreadableCode::SeveralPhones, field: "json:/a".to_owned() };
    let unreadable = Facts { phone: PhoneFact::Unreadable(why), ..facts(3, PHONE) };
    let written = [plain, absent, bare, unreadable];
    let records = written.clone().map(|facts| decided(facts, Verdict::Forward, Rung::None));
    let (_, logged) = read(&records);
    assert_eq!(logged.into_iter().map(|logged| logged.facts).collect::<Vec<_>>(), written);
}

#[test]
fn a_send_has_the_outcome_that_the_log_says() {
    let (_, logged) = read(&[
        decided(facts(0, PHONE), Verdict::Forward, Rung::None),
        answered(0, true),
        decided(facts(5, PHONE), Verdict::Forward, Rung::None),
        became(0, OutcomeKind::Delivered, 3),
        became(0, OutcomeKind::Verified, 20),
        became(5, OutcomeKind::Undelivered, 30),
    ]);
    let both = vec![ChallengeKind::Pow, ChallengeKind::Captcha];
    let verified = Outcome {
        solves: both,
        solve_ms: Some(5000),
        verify_ms: Some(20_000),
        delivered: true,
        delivery_ms: Some(3000),
    };
    let silent =
        Outcome { solves: vec![], solve_ms: Some(0), verify_ms: None, delivered: false, delivery_ms: Some(30_000) };
    assert_eq!(logged.iter().map(|logged| logged.outcome.clone()).collect::<Vec<_>>(), [verified, silent]);
    assert!(logged.iter().all(|logged| logged.then.sms && logged.price == Money::micros(45_000)));
    assert_eq!(&*logged[0].id, id(0).to_string());
    assert!(logged[0].reason.as_deref().unwrap().starts_with("no verification was seen"));
}

#[test]
fn a_pass_continues_the_attempt_that_was_challenged() {
    let pow = Verdict::Challenge(ChallengeKind::Pow);
    let (_, logged) = read(&[
        decided(facts(0, PHONE), pow, Rung::None),
        decided(facts(2, PHONE + 1), pow, Rung::None),
        decided(facts(4, PHONE), Verdict::Forward, Rung::Pow),
        answered(4, true),
        became(4, OutcomeKind::Verified, 11),
    ]);
    assert_eq!(logged.len(), 2);
    let Outcome { solves, solve_ms, verify_ms, .. } = &logged[0].outcome;
    assert_eq!((&**solves, *solve_ms, *verify_ms), (&[ChallengeKind::Pow][..], Some(4000), Some(11_000)));
    assert_eq!(logged[0].then, Seen { verdict: "challenge", sms: true, challenged: true });
    assert!(logged[1].outcome.solves.is_empty(), "it left the challenge unsolved");
    assert_eq!(logged[1].then, Seen { verdict: "challenge", sms: false, challenged: true });
}

#[test]
fn a_proof_that_came_before_any_challenge_counts() {
    let (_, logged) = read(&[
        decided(facts(0, PHONE), Verdict::Forward, Rung::Pow),
        answered(0, true),
        decided(facts(5, PHONE), Verdict::Challenge(ChallengeKind::Captcha), Rung::Pow),
    ]);
    assert_eq!(logged.len(), 2);
    for logged in &logged {
        assert_eq!(logged.outcome.solves, [ChallengeKind::Pow], "what a widget solved, though nobody verified");
        assert_eq!(logged.outcome.solve_ms, Some(0));
    }
    assert_eq!([logged[0].then.challenged, logged[1].then.challenged], [false, true]);
}

#[test]
fn as_many_of_the_refused_would_verify_as_did_of_the_sent() {
    let mut records = Vec::new();
    for seconds in 0..400 {
        records.push(decided(facts(seconds, PHONE + seconds), Verdict::Forward, Rung::None));
        if seconds % 4 > 0 {
            records.push(became(seconds, OutcomeKind::Verified, 20));
        }
    }
    for seconds in 400..1400 {
        records.push(decided(facts(seconds, PHONE + seconds), Verdict::Block, Rung::None));
    }
    let imputed = |logged: &[Logged]| {
        let refused = logged.iter().filter(|logged| !logged.then.sms);
        refused.map(|logged| logged.outcome.verify_ms).collect::<Vec<_>>()
    };
    let first = imputed(&read(&records).1);
    let verified = first.iter().flatten().count();
    assert!((700..800).contains(&verified), "{verified} of 1000");
    assert_eq!(first, imputed(&read(&records).1), "always the same ones");
}

#[test]
fn what_was_no_send_what_is_torn_and_what_is_no_log_is_left_out_and_counted() {
    let (mut ahead, logged) =
        read(&[decided(facts(0, PHONE), Verdict::Forward, Rung::None), answered(0, false), answered(7, true)]);
    assert!(logged.is_empty());
    ahead.take("{\"v\":1,\"ts\":\"2026-", |name| Ok(name.into())).unwrap();
    for foreign in ["{\"level\":\"info\",\"ts\":1}", "[1]", "\"text\""] {
        ahead.take(foreign, |name| Ok(name.into())).unwrap();
    }
    assert_eq!((ahead.not_sent, ahead.torn, ahead.foreign), (1, 1, 3));
}

#[test]
fn attempts_come_in_the_order_of_time_as_soon_as_all_is_known() {
    let mut ahead = LogAhead::default();
    let mut take = |line: &str| {
        ahead.take(line, |name| Ok(name.into())).unwrap();
        ahead.next(false).map(|logged| logged.facts.at)
    };
    let forward = |seconds| decided(facts(seconds, PHONE), Verdict::Forward, Rung::None);
    assert_eq!(take(&forward(1)), None);
    assert_eq!(take(&forward(0)), None);
    assert_eq!(take(&forward(600)), Some(at(0)));
    assert_eq!(take(&forward(601)), Some(at(1)));
    assert_eq!(take(&answered(601, true)), None);
}

#[test]
fn a_newer_log_is_an_error() {
    let line = decided(facts(0, PHONE), Verdict::Forward, Rung::None).replacen("\"v\":1", "\"v\":2", 1);
    let fault = LogAhead::default().take(&line, |name| Ok(name.into())).unwrap_err();
    assert_eq!(fault.to_string(), "v: is newer than 1, the version of the log that is read here");
}

//! From what the gate tells to what on-call people hear: attacks, droughts, outages, budgets, troubles; told once.

mod attacks;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::*;
use crate::domain::{
    Address, Client, Closes, Country, DecidedBy, Decision, DecisionId, Facts, Fingerprint, Mode, Money, NumberKind,
    OutcomeKind, Phone, PhoneFact, Place, Range, Reason, RevisionId, Rung, Span, Timestamp, Trust, Validity, Verdict,
    Visit,
};
use crate::pack::Section as _;
use crate::privacy::{Pseudonym, Pseudonyms};

struct Stage {
    watch: Arc<Watch>,
    alarm: Alarm,
    now: Timestamp,
    told: Vec<Alert>,
    outside: Outside,
}

const START: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);

impl Stage {
    fn new() -> Self {
        let watch = Arc::new(Watch::default());
        let alarm = Alarm::new(Settings::default(), Arc::clone(&watch), Book::default());
        Self { watch, alarm, now: START, told: Vec::new(), outside: Outside { soft: 0.8, ..Outside::default() } }
    }

    /// Time goes on by `span`; every tick is taken.
    fn pass(&mut self, span: Span) {
        let end = self.now + span;
        while self.now < end {
            self.now = self.now + Alarm::EVERY;
            self.told.extend(self.alarm.tick(&self.outside, self.now));
        }
    }

    fn facts(&self, country: &str, phone: u64) -> Facts {
        let country = Country::new(country).unwrap();
        let ip = IpAddr::from([203, 0, u8::try_from(phone % 200).unwrap(), 9]);
        let names = Pseudonyms::new(&[7; 32]);
        let net = |bits| ipnet::IpNet::new(ip, bits).unwrap();
        let address =
            Address { ip, unit: net(32), network: net(24).trunc(), id: Pseudonym::from_bits(u128::from(phone)) };
        let phone = Phone {
            id: names.phone(crate::privacy::RawPhone::from_digits(447_402_000_000 + phone).unwrap()),
            country: Some(country),
            calling_code: 44,
            range: Range::new(44_740_200 + phone % 3),
            last_two: 1,
            kind: NumberKind::Mobile,
            validity: Validity::Valid,
            price: Money::micros(50_000),
        };
        Facts {
            at: self.now,
            endpoint: "login".into(),
            phone: PhoneFact::Present(phone),
            client: Client { address, id: None, visit: Visit::None, fingerprint: Fingerprint::default() },
            place: Place::default(),
        }
    }

    fn decide(&self, facts: &Facts, verdict: Verdict, reasons: Vec<Reason>) {
        let decision = Decision {
            id: DecisionId::new(self.now, 1),
            at: self.now,
            endpoint: "login".into(),
            revision: RevisionId { number: 1, hash: 1 },
            verdict,
            trust: Trust::Unknown,
            proven: Rung::None,
            pass: None,
            page: None,
            page_seen: false,
            mode: Mode::Enforce,
            score: 0,
            decided_by: DecidedBy::Engine,
            reasons,
            rules: Vec::new(),
            tags: Vec::new(),
            divert: None,
        };
        self.watch.decided(facts, &decision);
    }

    /// A message goes out, and is verified or not.
    fn send(&self, country: &str, phone: u64, verified: bool) {
        let facts = self.facts(country, phone);
        self.decide(&facts, Verdict::Forward, Vec::new());
        self.watch.sent(&facts, self.now);
        if verified {
            self.watch.outcome(&facts.endpoint, facts.phone(), facts.at, OutcomeKind::Verified);
        }
    }

    /// A request is refused for its hot range, which closed two rungs.
    fn stop(&self, country: &str, phone: u64) {
        let facts = self.facts(country, phone);
        self.decide(&facts, Verdict::Block, vec![hot("range", 3.0), hot("range", 2.0)]);
    }

    fn attacks(&self) -> Vec<Incident> {
        self.alarm.incidents().into_iter().filter(|incident| incident.kind == AlertKind::Attack).collect()
    }

    fn statuses(&self) -> Vec<(Status, Severity)> {
        self.told.iter().map(|alert| (alert.status, alert.severity)).collect()
    }
}

fn hot(kind: &'static str, heat: f32) -> Reason {
    Reason::Hot {
        kind,
        value: "+44740200".into(),
        rung: Rung::None,
        heat,
        evidence: 9.0,
        sent: 9.0,
        verified: 0.0,
        closes: Closes::Alone(1.0),
        fades_in: Some(Span::minutes(9)),
    }
}

#[test]
fn what_many_threads_judge_is_counted_once_and_when_it_happened() {
    let stage = Stage::new();
    let (threads, seconds) = (4_u32, 600_u32);
    std::thread::scope(|scope| {
        for phone in 0..threads {
            let stage = &stage;
            scope.spawn(move || {
                for second in 0..seconds {
                    let at = START + Span::seconds(second.into());
                    let facts = Facts { at, ..stage.facts(if phone == 0 { "UZ" } else { "GB" }, phone.into()) };
                    let verdict = if second % 2 == 0 { Verdict::Forward } else { Verdict::Reject };
                    stage.decide(&facts, verdict, Vec::new());
                }
            });
        }
    });
    let end = START + Span::seconds(u64::from(seconds) - 1);
    let tally = |key: &key::Key, per| {
        let tally = stage.watch.counts_with_judged().volumes.tally(key, per, Span::default(), end);
        (tally.judged, tally.stopped)
    };
    let (uz, all) = (key::Key::country(Country::new("UZ").unwrap()), key::Key::default());
    for _ in 0..2 {
        assert_eq!(tally(&all, Span::hours(1)), (threads * seconds, threads * seconds / 2));
        assert_eq!(tally(&uz, Span::hours(1)), (seconds, seconds / 2));
        assert_eq!(tally(&uz, Span::minutes(1)).0, 65, "in stretches of five seconds, rounded up");
    }
}

#[test]
fn codes_that_nobody_verifies_are_told_and_a_quiet_day_is_not() {
    let mut stage = Stage::new();
    for phone in 0..2000 {
        stage.send("GB", phone, phone % 4 != 0);
        stage.pass(Span::seconds(15));
    }
    assert_eq!(stage.told, [], "three of four is well");
    for phone in 0..200 {
        stage.send("GB", phone, phone % 10 == 0);
        stage.pass(Span::seconds(15));
    }
    assert_eq!(stage.told.len(), 2, "{:?}", stage.statuses());
    assert_eq!(stage.told[0].kind, AlertKind::Conversion);
    assert_eq!(stage.statuses(), [(Status::Firing, Severity::Warn), (Status::Updated, Severity::Critical)]);
    let incidents = stage.alarm.incidents();
    assert_eq!(incidents.len(), 1, "the endpoint's and the country's are one incident");
    assert!(incidents[0].alerts.iter().any(|row| row.rule == "conversion-country"));
}

#[test]
fn more_than_is_usual_is_told_only_where_something_is_usual() {
    let day = |stage: &mut Stage, an_hour: u64| {
        for hour in 0..24_u64 {
            let count = if hour == 12 { an_hour } else { 60 };
            for phone in 0..count {
                stage.send("GB", phone, true);
            }
            stage.now = stage.now + Span::minutes(59);
            stage.pass(Span::minutes(1));
        }
    };
    let mut stage = Stage::new();
    day(&mut stage, 500);
    assert_eq!(stage.told, [], "no history, no word");
    for _ in 0..3 {
        day(&mut stage, 60);
    }
    assert_eq!(stage.told, []);
    for phone in 0..300 {
        stage.send("GB", phone, true);
    }
    stage.pass(Span::minutes(5));
    assert_eq!(stage.told.len(), 1, "{:?}", stage.told);
    assert_eq!((stage.told[0].kind, stage.told[0].rule.as_str()), (AlertKind::Messages, "messages-usual"));
    let rows = stage.alarm.incidents()[0].alerts.clone();
    let inhibited: Vec<_> = rows.iter().map(|row| (row.rule.as_str(), row.inhibited)).collect();
    assert_eq!(inhibited, [("messages-usual", false), ("messages-usual-country", true)], "the wider one says it");

    let again = Watch::default();
    stage
        .watch
        .save(stage.now, &mut |chunk| again.restore(stage.now, chunk).map(drop).map_err(std::io::Error::other))
        .unwrap();
    let history = |watch: &Watch| watch.counts().volumes.history.clone();
    assert_eq!(history(&again), history(&stage.watch), "what is usual outlives the process");
}

#[test]
fn a_silence_holds_messages_back_and_nothing_else() {
    let mut stage = Stage::new();
    let silence = Silence {
        id: 0,
        matches: BTreeMap::from([("country".to_owned(), "UZ".to_owned())]),
        from: START,
        until: START + Span::minutes(30),
        by: "ann".to_owned(),
        note: "a test".to_owned(),
    };
    let silence = stage.alarm.silence(silence).unwrap();
    for phone in 0..600 {
        stage.stop("UZ", phone);
        stage.pass(Span::seconds(5));
    }
    let incidents = stage.alarm.incidents();
    assert_eq!((incidents.len(), incidents[0].started.since(START) < Span::minutes(2)), (1, true));
    assert_eq!(stage.told[0].at.since(START), Span::minutes(30), "told when the silence ends, for it goes on");
    assert!(!stage.alarm.unsilence(silence.id), "it is over by itself");
    let by = Acknowledged { at: stage.now, by: "ann".to_owned(), note: String::new() };
    assert!(stage.alarm.acknowledge(&incidents[0].id, by).unwrap().acknowledged.is_some());
}

#[test]
fn troubles_outages_and_budgets_are_told_apart() {
    let mut stage = Stage::new();
    for phone in 0..60 {
        stage.send("IE", phone, true);
    }
    stage.pass(Span::minutes(40));
    let trouble = Trouble {
        part: "upstream",
        severity: Severity::Critical,
        text: "the app does not answer".to_owned(),
        count: 1.0,
    };
    stage.outside.troubles.push(trouble);
    stage.pass(Span::seconds(10));
    assert_eq!(stage.statuses(), [(Status::Firing, Severity::Critical)]);
    assert_eq!(stage.told[0].labels, BTreeMap::from([("part".to_owned(), "upstream".to_owned())]));
    stage.outside.troubles.clear();
    for phone in 0..30 {
        stage.send("IE", phone, false);
    }
    stage.outside.outages.push((Country::new("IE").unwrap(), 0.5));
    stage.pass(Span::minutes(4));
    assert_eq!(stage.told[1].kind, AlertKind::Undelivered);
    assert_ne!(stage.told[1].incident, stage.told[0].incident);
    let name = crate::budget::BudgetName { measure: crate::budget::Measure::MoneyPerDay, country: None };
    stage.outside.budgets.push(crate::budget::Use { name, used: 65.0, max: 100.0, bound: 80.0 });
    stage.pass(Span::seconds(5));
    assert_eq!(stage.told[2].kind, AlertKind::Budget);
    stage.outside.budgets[0].used = 80.0;
    stage.pass(Span::seconds(5));
    assert_eq!((stage.told[3].status, stage.told[3].severity), (Status::Updated, Severity::Critical));
    stage.outside = Outside { soft: 0.8, ..Outside::default() };
    stage.pass(Span::hours(1));
    assert_eq!(stage.alarm.incidents().iter().filter(|incident| incident.is_open()).count(), 0);
    assert_eq!(stage.told.iter().filter(|alert| alert.status == Status::Resolved).count(), 3);
    assert!(stage.alarm.is_idle());
}

#[test]
fn a_few_unverified_messages_of_a_night_are_no_outage() {
    let mut stage = Stage::new();
    for phone in 0..100 {
        stage.send("IE", phone, phone % 4 != 0);
    }
    stage.pass(Span::minutes(40));
    stage.outside.outages.push((Country::new("IE").unwrap(), 0.95));
    for phone in 0..20 {
        stage.send("IE", phone, phone % 2 == 0);
    }
    stage.pass(Span::minutes(10));
    assert_eq!(stage.told, []);
    for phone in 0..20 {
        stage.send("IE", phone, false);
    }
    stage.pass(Span::minutes(4));
    assert_eq!(stage.statuses(), [(Status::Firing, Severity::Critical)], "{:?}", stage.told);
}

#[test]
fn an_incident_goes_on_after_a_restart() {
    let mut stage = Stage::new();
    for phone in 0..60 {
        stage.stop("UZ", phone);
        stage.pass(Span::seconds(5));
    }
    let networks = |stage: &Stage| stage.alarm.incidents()[0].evidence.networks.len();
    assert_eq!(networks(&stage), 45, "of the last message");
    stage.alarm.look(stage.now);
    assert_eq!(networks(&stage), 60, "for who looks");
    let directory = std::env::temp_dir().join(format!("sendwall-incidents-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let store = Store::in_state(&directory);
    assert_eq!(store.load().unwrap(), Book::default());
    let (changes, book) = stage.alarm.changed_since(0).unwrap();
    store.save(book).unwrap();
    assert!(stage.alarm.changed_since(changes).is_none());
    let watch = Arc::new(Watch::default());
    let alarm = Alarm::new(Settings::default(), Arc::clone(&watch), store.load().unwrap());
    let shown = |alarm: &Alarm| serde_json::to_string(&alarm.incidents()).unwrap();
    assert_eq!(shown(&alarm), shown(&stage.alarm));
    let before = stage.told.len();
    let mut stage = Stage { watch, alarm, ..stage };
    for phone in 0..60 {
        stage.stop("UZ", phone);
        stage.pass(Span::seconds(5));
    }
    assert_eq!(stage.told.len(), before, "the same attack is not told twice");
    stage.pass(Span::hours(1));
    assert_eq!(stage.told.last().unwrap().status, Status::Resolved);
    std::fs::write(store.path(), b"{").unwrap();
    assert!(matches!(store.load(), Err(StoreError::Malformed { .. })));
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn the_book_is_bounded() {
    let watch = Arc::new(Watch::default());
    let settings = Settings { incidents: 3, ..Settings::default() };
    let mut stage = Stage { alarm: Alarm::new(settings, Arc::clone(&watch), Book::default()), watch, ..Stage::new() };
    for _ in 0..6 {
        let trouble = Trouble { part: "reload", severity: Severity::Warn, text: "refused".to_owned(), count: 1.0 };
        stage.outside.troubles.push(trouble);
        stage.pass(Span::seconds(5));
        stage.outside.troubles.clear();
        stage.pass(Span::minutes(6));
    }
    assert_eq!(stage.alarm.incidents().len(), 3);
    assert_eq!(stage.told.len(), 12, "each began and ended");
}

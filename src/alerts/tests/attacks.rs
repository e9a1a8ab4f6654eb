//! What an attack becomes: one incident, with its own evidence.

use super::*;

#[test]
fn an_attack_is_one_incident_told_when_it_begins_grows_and_ends() {
    let mut stage = Stage::new();
    for phone in 0..12 {
        stage.send("UZ", phone, false);
        stage.pass(Span::seconds(5));
    }
    assert!(stage.told.is_empty(), "messages alone are no attack");
    for phone in 0..400 {
        stage.stop("UZ", phone);
        stage.pass(Span::seconds(5));
    }
    stage.pass(Span::hours(2));
    let incidents: std::collections::BTreeSet<_> = stage.told.iter().map(|alert| alert.incident.clone()).collect();
    assert_eq!(incidents.len(), 1, "{:#?}", stage.told);
    let first = &stage.told[0];
    assert_eq!((first.status, first.severity, first.kind), (Status::Firing, Severity::Warn, AlertKind::Attack));
    assert_eq!(first.started.since(START), Span::seconds(60 + 15 * 5), "at the fifteenth");
    assert_eq!(
        first.labels,
        BTreeMap::from([("country".to_owned(), "UZ".to_owned()), ("endpoint".to_owned(), "login".to_owned())])
    );
    let summary = &first.summary;
    assert!(summary.contains("12 messages to its ranges went out, 0 of them verified, for 0.6000 USD"), "{summary}");
    assert_eq!(stage.told[1].status, Status::Updated);
    assert!(stage.told.iter().any(|alert| alert.severity == Severity::Critical));
    assert!(stage.told.last().is_some_and(|last| last.status == Status::Resolved && last.ended.is_some()));
    assert!(stage.told.len() <= 7, "{:?}", stage.statuses());
    let sequence: Vec<_> = stage.told.iter().map(|alert| alert.sequence).collect();
    assert!(sequence.windows(2).all(|pair| pair[1] == pair[0] + 1));
    let evidence = stage.alarm.incidents()[0].evidence.clone();
    assert_eq!((evidence.refused, evidence.sent, evidence.phones), (400, 12, 400));
    assert_eq!((evidence.decisions.len(), evidence.ranges.len()), (200, 3));
    assert_eq!(evidence.cells["range +44740200"], 400, "once a request");
}

#[test]
fn what_one_incident_told_no_other_tells_again() {
    let mut stage = Stage::new();
    let attack = |stage: &mut Stage, country: &str| {
        for phone in 0..60 {
            stage.send(country, phone, false);
            stage.stop(country, phone);
            stage.pass(Span::seconds(10));
        }
    };
    attack(&mut stage, "UZ");
    stage.pass(Span::hours(1));
    attack(&mut stage, "UZ");
    stage.pass(Span::hours(1));
    let sums = |Incident { evidence, .. }: &Incident| {
        (evidence.refused, evidence.sent, evidence.phones, evidence.decisions.len())
    };
    assert_eq!(stage.attacks().iter().map(sums).collect::<Vec<_>>(), [(60, 60, 60, 60); 2]);
}

#[test]
fn a_country_that_an_attack_has_left_stays_in_what_is_told_of_it() {
    let mut stage = Stage::new();
    let mut stopped = 0;
    for minute in 0..180 {
        let countries = if minute < 20 { &["GB", "UZ", "KG", "LK"][..] } else { &["GB"] };
        for (country, phone) in countries.iter().flat_map(|country| (0..8).map(move |phone| (country, phone))) {
            stopped += 1;
            stage.stop(country, phone);
        }
        // So slowly that all of them are an attack before any one is.
        stage.pass(Span::minutes(if minute == 0 { 10 } else { 1 }));
        let told: Vec<_> = stage.attacks().iter().map(|incident| incident.evidence.refused).collect();
        assert_eq!(told, if minute == 0 { vec![] } else { vec![stopped] });
    }
}

#[test]
fn one_person_and_one_noisy_minute_are_no_attack() {
    let mut stage = Stage::new();
    for _ in 0..200 {
        stage.stop("UZ", 1);
        stage.pass(Span::seconds(5));
    }
    for phone in 0..10 {
        stage.stop("KG", phone);
    }
    stage.decide(&stage.facts("KG", 11), Verdict::Block, vec![hot("phone", 9.0)]);
    stage.pass(Span::hours(1));
    let kinds: Vec<_> = stage.told.iter().map(|alert| alert.kind).collect();
    assert!(!kinds.contains(&AlertKind::Attack), "one phone often, ten once, a hot phone: {kinds:?}");
}

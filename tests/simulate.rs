//! Generated traces: that they are what their scenarios say, and what published figures say of people.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::cast_precision_loss,
    reason = "a test that cannot go on should fail loudly; numbers are ASCII, counts are small"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sendwall::domain::{ChallengeKind, NumberKind, Validity};
use sendwall::numbering::Numbering;
use sendwall::simulate::{self, Options};
use sendwall::trace::{self, Event, Label, Line, Send};

fn events(name: &str, seed: u64) -> impl Iterator<Item = Event<'static>> + use<> {
    events_of(name, &Options { seed, ..Options::default() })
}

fn events_of(name: &str, options: &Options) -> impl Iterator<Item = Event<'static>> + use<> {
    simulate::simulate(simulate::scenario(name).unwrap(), options).unwrap()
}

fn sends(name: &str, seed: u64) -> Vec<Send<'static>> {
    events(name, seed).filter_map(of_send).collect()
}

fn of_send(event: Event<'static>) -> Option<Send<'static>> {
    match event {
        Event::Send(send) => Some(*send),
        Event::Page(_) => None,
    }
}

/// Attacks don't depend on how many people there are, so here are few.
fn attacks(name: &str, seed: u64) -> Vec<Send<'static>> {
    let options = Options { seed, rate: 0.5, ..Options::default() };
    let sends = events_of(name, &options).filter_map(of_send);
    sends.filter(|send| send.truth.label == Label::Attack).collect()
}

fn share<T>(of: &[T], is: impl Fn(&T) -> bool) -> f64 {
    count(of, is) as f64 / of.len() as f64
}

fn count<T>(of: &[T], is: impl Fn(&T) -> bool) -> usize {
    of.iter().filter(|one| is(one)).count()
}

fn distinct<K: Ord>(of: &[Send<'static>], key: impl Fn(&Send<'static>) -> K) -> usize {
    of.iter().map(key).collect::<BTreeSet<K>>().len()
}

fn range(send: &Send<'_>) -> String {
    send.phone[..send.phone.len() - 4].to_owned()
}

fn minutes(of: &[Send<'_>]) -> u64 {
    (of.last().unwrap().request.ts - of.first().unwrap().request.ts) / 60_000
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    let bytes = |seed| {
        let mut bytes = Vec::new();
        let options = Options { seed, days: Some(0.3), ..Options::default() };
        events_of("mid-attack", &options).for_each(|event| trace::write(&event, &mut bytes).unwrap());
        bytes
    };
    let first = bytes(7);
    assert!(first == bytes(7), "the same");
    assert!(first != bytes(8), "others");
}

/// The line says all that the event is.
fn reads_back(event: &Event<'_>, line: &str) {
    let (read, request) = (Line::read(line).unwrap(), event.request());
    assert_eq!((read.ts, read.ip), (request.ts, request.ip));
    assert_eq!([&read.cookie, &read.device, &read.ja4], [&request.cookie, &request.device, &request.ja4]);
    assert_eq!(trace::headers(read.headers.unwrap()).unwrap(), request.headers);
    assert_eq!(read.geo.map(|geo| trace::geo(geo).unwrap()), request.geo);
    let send = match event {
        Event::Send(send) => Some(send),
        Event::Page(_) => None,
    };
    assert_eq!(read.send.is_some(), send.is_some());
    for (read, send) in read.send.iter().zip(send) {
        assert_eq!([&read.id, &read.endpoint, &read.phone], [&send.id, &send.endpoint, &send.phone]);
        assert_eq!((&read.outcome, &read.truth), (&send.outcome, &send.truth));
    }
}

#[test]
fn every_line_of_every_scenario_is_in_order_unique_and_readable() {
    for scenario in simulate::scenarios() {
        let options = Options { seed: 3, days: Some(scenario.days.min(2.0)), rate: 1.0, ..Options::default() };
        let (mut last, mut ids, mut labels) = (0, HashSet::new(), BTreeSet::new());
        let mut line = Vec::new();
        for (count, event) in events_of(scenario.name, &options).enumerate() {
            if count % 10 == 0 {
                line.clear();
                trace::write(&event, &mut line).unwrap();
                reads_back(&event, std::str::from_utf8(&line).unwrap());
            }
            assert!(event.request().ts >= last, "{}", scenario.name);
            assert!(event.request().geo.is_some());
            last = event.request().ts;
            if let Event::Send(send) = event {
                assert!(ids.insert(send.id.clone()), "{} twice in {}", send.id, scenario.name);
                assert!(send.outcome.solves.is_empty() == send.outcome.solve_ms.is_none());
                assert!(send.outcome.delivered == send.outcome.delivery_ms.is_some());
                assert!(send.outcome.delivered || send.outcome.verify_ms.is_none(), "verified what never came");
                assert!(send.truth.price > 0.0);
                labels.insert(send.truth.label);
            }
        }
        let expected = if scenario.is_attack { vec![Label::Legit, Label::Attack] } else { vec![Label::Legit] };
        assert!(labels.iter().eq(&expected), "{}: {labels:?}", scenario.name);
    }
}

#[test]
fn every_number_is_a_valid_one_of_a_mobile_phone_but_for_typing_errors() {
    let numbering = Numbering::default();
    for send in sends("mid-attack", 5).iter().chain(&attacks("low-and-slow", 5)) {
        let number = numbering.read(&send.phone, None).unwrap();
        assert_eq!(number.validity, Validity::Valid, "{}", send.phone);
        assert!(matches!(number.kind, NumberKind::Mobile | NumberKind::FixedOrMobile), "{}", send.phone);
    }
}

#[test]
fn people_behave_as_published_figures_say() {
    for seed in 1..=4 {
        let sends = sends("quiet", seed);
        let days = sends.len() as f64 / 3.0;
        assert!((12_500.0..16_500.0).contains(&days), "10 a minute: {days} a day");

        let conversion = share(&sends, |send| send.outcome.verify_ms.is_some());
        assert!((0.65..0.92).contains(&conversion), "of messages: {conversion}");
        let (sessions, returning) = sessions(&sends);
        assert!((0.75..0.90).contains(&sessions), "of sessions: {sessions}");
        assert!((0.3..0.65).contains(&returning), "returning: {returning}");

        let resent = share(&sends, |send| send.truth.resend);
        assert!((0.10..0.20).contains(&resent), "{resent}");
        let undelivered = share(&sends, |send| !send.outcome.delivered);
        assert!((0.005..0.04).contains(&undelivered), "{undelivered}");

        let web: Vec<_> = sends.iter().filter(|send| send.truth.class == "web").collect();
        let kept = share(&web, |send| send.request.cookie.is_some());
        assert!((0.87..0.93).contains(&kept), "cookies: {kept}");
        let captcha = share(&sends, |send| send.outcome.solves.contains(&ChallengeKind::Captcha));
        assert!((0.96..0.99).contains(&captcha), "{captcha}");
    }
}

/// Part of the sessions that end verified, and of those that a phone has which had one before.
fn sessions(sends: &[Send<'static>]) -> (f64, f64) {
    const SESSION_MS: u64 = 10 * 60_000;
    let mut open: HashMap<&str, (u64, bool)> = HashMap::new();
    let (mut all, mut verified, mut returning) = (0.0, 0.0, 0.0);
    for send in sends {
        let is_verified = send.outcome.verify_ms.is_some();
        let ts = send.request.ts;
        match open.get_mut(send.phone.as_ref()) {
            Some((last, was)) if ts - *last < SESSION_MS => {
                verified += f64::from(u8::from(is_verified && !*was));
                (*last, *was) = (ts, *was || is_verified);
                continue;
            }
            Some(_) => returning += 1.0,
            None => {}
        }
        all += 1.0;
        verified += f64::from(u8::from(is_verified));
        open.insert(send.phone.as_ref(), (ts, is_verified));
    }
    (verified / all, returning / all)
}

#[test]
fn browsers_load_a_page_before_and_apps_never_do() {
    let mut pages: HashMap<String, u64> = HashMap::new();
    let (mut firsts, mut waits) = (0_u32, Vec::new());
    for event in events("quiet", 2) {
        match event {
            Event::Page(page) => {
                assert!(page.request.device.is_none());
                pages.extend(page.request.cookie.map(|cookie| (cookie.into_owned(), page.request.ts)));
            }
            Event::Send(send) => {
                assert!(send.request.cookie.is_none() || send.request.device.is_none());
                let Some(cookie) = send.request.cookie.filter(|_| !send.truth.resend) else { continue };
                firsts += 1;
                waits.extend(pages.get(cookie.as_ref()).map(|page| send.request.ts - page));
            }
        }
    }
    assert_eq!(waits.len(), usize::try_from(firsts).unwrap(), "each with a cookie has loaded a page");
    assert!(waits.iter().all(|wait| (5_000..=120_000).contains(wait)));
}

#[test]
fn who_asks_again_waits_half_a_minute_and_has_not_typed_the_code_yet() {
    let mut last: HashMap<String, Send<'static>> = HashMap::new();
    let mut again = 0;
    for send in sends("quiet", 4) {
        if let Some(first) = last.get(send.phone.as_ref()).filter(|_| send.truth.resend) {
            let gap = send.request.ts - first.request.ts;
            if gap <= 110_000 {
                again += 1;
                assert!(gap >= 30_000);
                assert!(first.outcome.verify_ms.is_none_or(|verify| verify > gap));
            }
        }
        last.insert(send.phone.to_string(), send);
    }
    assert!(again > 3_000, "{again}");
}

#[test]
fn returning_users_have_the_same_cookie_and_phone() {
    let mut phones: HashMap<String, BTreeSet<String>> = HashMap::new();
    let mut visits = 0;
    for send in sends("quiet", 1) {
        let Some(cookie) = send.request.cookie else { continue };
        visits += 1;
        phones.entry(cookie.into_owned()).or_default().insert(send.phone.into_owned());
    }
    assert!(phones.len() * 4 < visits * 3, "{} cookies for {visits} messages", phones.len());
    let with_typing_errors = phones.values().filter(|phones| phones.len() > 1).count();
    assert!(with_typing_errors * 10 < phones.len(), "{with_typing_errors} of {}", phones.len());
}

/// What an attack is like: requests, addresses, ranges, minutes; each from and to.
type Shape = (&'static str, [(usize, usize); 4]);

#[test]
fn attacks_have_the_size_that_their_scenario_says() {
    const SHAPES: [Shape; 15] = [
        ("burst-address", [(3_000, 3_000), (1, 1), (1, 3), (2, 13)]),
        ("rotating", [(20_000, 60_000), (12_000, 20_000), (4, 8), (120, 520)]),
        ("home-range", [(5_000, 5_000), (2_000, 5_000), (1, 1), (50, 180)]),
        ("ipv6-48", [(5_000, 5_000), (4_900, 5_000), (3, 10), (25, 140)]),
        ("app-emulation", [(10_000, 10_000), (4_000, 10_000), (5, 20), (45, 80)]),
        ("few-hosts", [(5_000, 5_000), (8, 8), (20, 60), (20, 300)]),
        ("distributed", [(10_000, 10_000), (9_000, 10_000), (1_000, 9_000), (14, 16)]),
        ("mimics", [(10_000, 10_000), (6_000, 10_000), (1_000, 9_000), (14, 17)]),
        ("mimics-slow", [(8_640, 8_640), (5_000, 8_640), (75, 80), (4_200, 4_450)]),
        ("captcha-farm", [(3_000, 5_000), (1_500, 5_000), (5, 15), (100, 400)]),
        ("fakers", [(3_000, 5_000), (1_500, 5_000), (2, 10), (100, 480)]),
        ("low-and-slow", [(6_000, 9_000), (4_000, 9_000), (75, 80), (4_000, 4_400)]),
        ("market-abuse", [(4_000, 8_000), (2_500, 8_000), (35, 100), (150, 400)]),
        ("frozen-cookie", [(400, 30_000), (1, 300), (20, 1_500), (50, 400)]),
        ("headless-bomber", [(200, 12_000), (3, 50), (50, 6_000), (110, 500)]),
    ];
    for (name, bounds) in SHAPES {
        for seed in [1, 2] {
            let attacks = attacks(name, seed);
            let found = [
                attacks.len(),
                distinct(&attacks, |send| send.request.ip),
                distinct(&attacks, range),
                usize::try_from(minutes(&attacks)).unwrap(),
            ];
            let are_right = found.iter().zip(bounds).all(|(found, (low, high))| (low..=high).contains(found));
            assert!(are_right, "{name} with seed {seed}: {found:?}, not within {bounds:?}");
        }
    }
}

#[test]
fn only_fakers_type_codes_in_and_only_solvers_solve() {
    for scenario in simulate::scenarios().iter().filter(|scenario| scenario.is_attack && scenario.days < 3.0) {
        let attacks = attacks(scenario.name, 2);
        let verified = share(&attacks, |send| send.outcome.verify_ms.is_some());
        let expected = if scenario.name == "fakers" { 0.35..0.45 } else { 0.0..0.000_1 };
        assert!(expected.contains(&verified), "{}: {verified}", scenario.name);
        let farmed = share(&attacks, |send| send.outcome.solves.contains(&ChallengeKind::Captcha));
        assert_eq!(farmed > 0.0, scenario.name == "captcha-farm", "{}", scenario.name);
    }
}

#[test]
fn there_is_a_day_of_peace_before_an_attack_but_in_its_middle() {
    for scenario in simulate::scenarios().iter().filter(|scenario| scenario.is_attack && scenario.days < 5.0) {
        let options = Options { rate: 0.5, ..Options::default() };
        let mut sends = events_of(scenario.name, &options).filter_map(of_send);
        let start = sends.next().unwrap().request.ts;
        let first = sends.find(|send| send.truth.label == Label::Attack).unwrap().request.ts;
        let is_after_a_day = first > start + 23 * 3_600_000;
        assert_eq!(is_after_a_day, scenario.name != "mid-attack", "{}", scenario.name);
    }
}

#[test]
fn a_bomber_with_a_frozen_session_sends_one_value_for_all_victims() {
    for seed in 1..=8 {
        let attacks = attacks("frozen-cookie", seed);
        let values = distinct(&attacks, |send| (send.request.cookie.clone(), send.request.device.clone()));
        assert_eq!(values, 1);
        assert!(distinct(&attacks, |send| send.phone.clone()) > 20);
        let per_minute = busiest_minute(&attacks);
        assert!(per_minute <= 4, "{per_minute} a victim in a minute");
    }
}

fn busiest_minute(sends: &[Send<'static>]) -> usize {
    let mut minutes: BTreeMap<(&str, u64), usize> = BTreeMap::new();
    for send in sends {
        *minutes.entry((send.phone.as_ref(), send.request.ts / 60_000)).or_default() += 1;
    }
    minutes.into_values().max().unwrap()
}

#[test]
fn a_headless_bomber_loads_pages_has_a_fresh_cookie_and_takes_known_users() {
    let all = sends("headless-bomber", 3);
    let attacks: Vec<_> = all.iter().filter(|send| send.truth.label == Label::Attack).cloned().collect();
    assert_eq!(distinct(&attacks, |send| send.request.cookie.clone()), attacks.len());
    assert!(attacks.iter().all(|send| send.outcome.solves == [ChallengeKind::Pow]));
    let first = attacks[0].request.ts;
    let verified: HashSet<_> = all
        .iter()
        .filter(|send| send.request.ts < first && send.outcome.verify_ms.is_some())
        .map(|send| send.phone.as_ref())
        .collect();
    let known = share(&attacks, |send| verified.contains(send.phone.as_ref()));
    assert!((0.3..0.6).contains(&known), "{known}");
}

#[test]
fn users_in_the_ranges_of_an_attack_are_rows_of_their_own() {
    let sends = sends("market-abuse", 2);
    for row in ["market-abuse known users", "market-abuse new users"] {
        let users = count(&sends, |send| send.truth.scenario == row && send.truth.label == Label::Legit);
        assert!(users > 100, "{users} {row}");
    }
    let ranges: BTreeSet<_> = sends.iter().filter(|send| send.truth.label == Label::Attack).map(range).collect();
    let aimed = |send: &&Send<'_>| send.truth.scenario == "market-abuse known users";
    assert!(sends.iter().filter(aimed).all(|send| ranges.contains(&range(send))));
}

#[test]
fn crowds_have_their_shape() {
    let campus: Vec<_> = sends("shared-address", 1).into_iter().filter(|send| send.truth.class == "campus").collect();
    assert_eq!(distinct(&campus, |send| send.request.ip), 1);
    assert!(distinct(&campus, |send| send.phone.clone()) >= 9_900);
    assert!((50..75).contains(&minutes(&campus)));

    let campaign: Vec<_> = sends("campaign", 1).into_iter().filter(|send| send.truth.scenario == "campaign").collect();
    assert!((60..140).contains(&minutes(&campaign)), "{}", minutes(&campaign));
    assert!(campaign.len() as u64 / minutes(&campaign) > 60, "more than 6 times the rate on average");

    let lost = |send: &&Send<'_>| send.truth.scenario == "outage";
    for seed in 1..=4 {
        let outage: Vec<_> = sends("outage", seed).into_iter().filter(|send| lost(&send)).collect();
        let verified = share(&outage, |send| send.outcome.verify_ms.is_some());
        assert!((0.0..0.3).contains(&verified) && outage.len() > 100, "{verified} of {}", outage.len());
    }

    let market: Vec<_> = sends("new-market", 1);
    let start = market.iter().position(|send| send.truth.scenario == "new-market").unwrap();
    let newcomer = &market[start].phone[..3];
    assert!(market[..start].iter().all(|send| !send.phone.starts_with(newcomer)), "{newcomer} was there before");
    let part = share(&market[start..], |send| send.truth.scenario == "new-market");
    assert!((0.12..0.3).contains(&part), "{part}");

    for seed in 1..=4 {
        let sends = sends("travellers", seed);
        let part = share(&sends, |send| send.truth.scenario == "travellers");
        assert!((0.015..0.09).contains(&part), "{part}");
    }
}

#[test]
fn a_trace_without_time_or_traffic_is_an_error() {
    let scenario = simulate::scenario("quiet").unwrap();
    for options in [
        Options { days: Some(0.0), ..Options::default() },
        Options { days: Some(f64::NAN), ..Options::default() },
        Options { days: Some(1e9), ..Options::default() },
        Options { rate: 0.0, ..Options::default() },
        Options { rate: f64::INFINITY, ..Options::default() },
    ] {
        assert!(simulate::simulate(scenario, &options).is_err(), "{options:?}");
    }
}

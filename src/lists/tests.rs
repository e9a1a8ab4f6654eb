//! Both lists as people fill them and attempts meet them.

use std::sync::Arc;

use super::*;
use crate::domain::{Address, Client, Country, Facts, Fingerprint, ListName, PhoneFact, Place, Span, Timestamp, Visit};
use crate::numbering::Numbering;
use crate::privacy::{KeyRing, Pseudonym, Pseudonyms, Purpose};

const PHONE: &str = "+447402417171";

fn at(minutes: u64) -> Timestamp {
    Timestamp::from_unix_ms(1_795_197_600_000) + Span::minutes(minutes)
}

fn keys(current: &str, older: &str) -> KeyRing {
    KeyRing::parse(&format!("{}\n{}", current.repeat(32), older.repeat(32)), "test").unwrap()
}

fn given(text: &str) -> Given {
    Given::parse(text, &Numbering::default()).unwrap()
}

fn terms(until: Option<Timestamp>, note: &str) -> Terms {
    Terms { until, note: note.into(), added: at(0), by: "test".into() }
}

fn facts(names: &Names, phone: &str, ip: &str, country: Option<&str>) -> Facts {
    let number = Numbering::default().read(phone, None).unwrap();
    let ip: std::net::IpAddr = ip.parse().unwrap();
    let address = Address { ip, unit: ip.into(), network: ip.into(), id: Pseudonym::from_bits(1) };
    Facts {
        at: at(0),
        endpoint: "login".into(),
        phone: PhoneFact::Present(number.named(names.today().unwrap())),
        client: Client { address, id: None, visit: Visit::None, fingerprint: Fingerprint::default() },
        place: Place { country: country.and_then(Country::new), ..Place::default() },
    }
}

/// Both lists with these entries, under one key.
fn book(deny: &[&str], allow: &[&str]) -> (Book, Names) {
    let names = Names::new(&keys("11", "11"));
    let mut book = Book::default();
    for (list, texts) in [(ListName::Deny, deny), (ListName::Allow, allow)] {
        for text in texts {
            book.add(list, &[given(text)], &names, &terms(None, text)).unwrap();
        }
    }
    (book, names)
}

fn found(book: &Book, facts: &Facts) -> Option<String> {
    book.find(facts).map(|entry| format!("{} {}", entry.list, entry.note))
}

#[test]
fn the_deny_list_comes_first_and_the_nearest_subject_speaks() {
    let (book, names) = book(
        &["10.0.0.0/8", "10.1.0.0/16", "+4474*", "+44740241*", "ip:RU", "NG"],
        &["10.1.2.3", "+44740299*", "GB", "ip:GB", "192.0.2.1"],
    );
    for (phone, ip, country, expected) in [
        (PHONE, "10.1.2.3", None, Some("deny +44740241*")),
        ("+447402317171", "10.1.2.3", None, Some("deny +4474*")),
        ("+12025550123", "10.1.2.3", None, Some("deny 10.1.0.0/16")),
        ("+12025550123", "10.2.2.3", None, Some("deny 10.0.0.0/8")),
        ("+2348021234567", "192.0.2.1", None, Some("deny NG")),
        ("+12025550123", "192.0.2.1", Some("RU"), Some("deny ip:RU")),
        ("+12025550123", "192.0.2.1", None, Some("allow 192.0.2.1")),
        ("+447555123456", "198.51.100.1", None, Some("allow GB")),
        ("+12025550123", "198.51.100.1", Some("GB"), Some("allow ip:GB")),
        ("+12025550123", "198.51.100.1", Some("US"), None),
    ] {
        let facts = facts(&names, phone, ip, country);
        assert_eq!(found(&book, &facts).as_deref(), expected, "{phone} {ip} {country:?}");
    }
}

#[test]
fn what_has_ended_uncovers_what_lies_around_it() {
    let (mut book, names) = book(&["10.0.0.0/8"], &[]);
    book.add(ListName::Deny, &[given("10.1.2.3")], &names, &terms(Some(at(5)), "soon over")).unwrap();
    let at_minute = |minutes| Facts { at: at(minutes), ..facts(&names, PHONE, "10.1.2.3", None) };
    assert_eq!(found(&book, &at_minute(4)).as_deref(), Some("deny soon over"));
    assert_eq!(found(&book, &at_minute(5)).as_deref(), Some("deny 10.0.0.0/8"));
    assert_eq!(book.expire(at(4), names.current()).len(), 0);
    let expired = book.expire(at(5), names.current());
    assert_eq!(expired.iter().map(|entry| entry.subject.value()).collect::<Vec<_>>(), ["10.1.2.3"]);
    assert_eq!((book.len(), found(&book, &at_minute(0)).as_deref()), (1, Some("deny 10.0.0.0/8")));
}

#[test]
fn adding_again_changes_the_terms_and_removing_needs_the_right_list() {
    let (mut book, names) = book(&["10.0.0.0/8", PHONE], &[]);
    let again = book.add(ListName::Deny, &[given("10.0.0.0/8"), given(PHONE)], &names, &terms(None, "new")).unwrap();
    assert_eq!((book.len(), again.len(), again[0].id), (2, 2, 3));
    assert_eq!(found(&book, &facts(&names, PHONE, "192.0.2.1", None)).as_deref(), Some("deny new"));
    assert!(book.remove(ListName::Allow, &Wanted::Given(given(PHONE)), &names).is_none());
    assert!(book.remove(ListName::Allow, &Wanted::Id(3), &names).is_none());
    assert!(book.remove(ListName::Deny, &Wanted::Given(given(PHONE)), &names).is_some());
    assert!(book.remove(ListName::Deny, &Wanted::Id(3), &names).is_some());
    assert!(book.is_empty());
    assert_eq!(found(&book, &facts(&names, PHONE, "10.0.0.1", None)), None);
}

#[test]
fn a_full_book_takes_nothing_more_and_still_changes_what_it_has() {
    let names = Names::new(&keys("11", "11"));
    let number =
        |index: u32| Given::Network(std::net::IpAddr::from(index.to_be_bytes()).into()).named(names.today().unwrap());
    let capacity = u32::try_from(CAPACITY).unwrap();
    let entries =
        (0..capacity).map(|index| Entry::new(index.into(), ListName::Deny, number(index), None, terms(None, "")));
    let mut book = Book::of(entries.collect(), 0, names.current());
    assert_eq!((book.len(), book.next()), (CAPACITY, u64::from(capacity)));
    let add = |book: &mut Book, text| book.add(ListName::Deny, &[given(text)], &names, &terms(None, "")).err();
    assert_eq!(add(&mut book, "192.0.2.1"), Some(Full));
    assert_eq!(add(&mut book, "0.0.0.1"), None, "it is there already");
    assert_eq!(book.len(), CAPACITY);
}

#[test]
fn a_phone_is_found_under_a_former_key_and_then_takes_todays_name() {
    let before = Names::new(&keys("11", "11"));
    let mut book = Book::default();
    let (phone, other) = (given(PHONE), given("+447402417172"));
    book.add(ListName::Deny, &[phone, other], &before, &terms(None, "kept")).unwrap();

    let names = Names::new(&keys("22", "11"));
    let kept = |entry: &Arc<Entry>| {
        let terms = terms(entry.until, &entry.note);
        Entry::new(entry.id, entry.list, entry.subject, entry.key, terms)
    };
    let hand = Hand::new(Book::of(book.entries().map(kept).collect(), 3, names.current()), names.clone());
    let facts = facts(&names, PHONE, "192.0.2.1", None);
    assert!(hand.find(&facts).is_none() && hand.renamed().is_none(), "its number was not seen yet");
    let raw = Numbering::default().read(PHONE, None).unwrap().raw;
    hand.recognise(raw, Pseudonyms::new(&keys("22", "11").derive(Purpose::Pseudonyms)).phone(raw));
    assert_eq!(hand.find(&facts).map(|entry| entry.id), Some(1));

    hand.replace(hand.renamed().unwrap());
    let entry = hand.find(&facts).unwrap();
    assert_eq!((entry.id, entry.key, &*entry.note), (1, Some(names.current()), "kept"));
    assert!(hand.renamed().is_none(), "once");
    let alone = Names::new(&keys("22", "22"));
    let mut later = Book::of(hand.book().entries().map(kept).collect(), 3, alone.current());
    assert_eq!(later.find(&facts).map(|entry| entry.id), Some(1), "and the former key may go");
    assert!(later.remove(ListName::Deny, &Wanted::Given(other), &alone).is_none(), "this one's never came by");
    assert!(later.remove(ListName::Deny, &Wanted::Id(2), &alone).is_some());
}

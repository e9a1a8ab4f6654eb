//! Looking an attempt up in the lists that people fill by hand: 100,000 networks, met and not met.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on should fail loudly")]

use std::hint::black_box;
use std::net::IpAddr;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use sendwall::domain::{Address, Client, Facts, Fingerprint, ListName, PhoneFact, Place, Timestamp, Visit};
use sendwall::lists::{Book, CAPACITY, Given, Hand, Names, Terms, network_of};
use sendwall::numbering::Numbering;
use sendwall::privacy::{KeyRing, Pseudonym};

fn now() -> Timestamp {
    Timestamp::from_unix_ms(1_795_197_600_000)
}

/// Networks of /20 to /28 all over the first half of the address space, with phones and ranges among them.
fn hand() -> (Hand, Names) {
    let names = Names::new(&KeyRing::fixed(1));
    let network = |index: u32| {
        let address = (index.wrapping_mul(2_654_435_761) >> 1) & !0xfff;
        let text = format!("{}/{}", std::net::Ipv4Addr::from(address), 20 + index % 9);
        network_of(&text).map(Given::Network)
    };
    let numbering = Numbering::default();
    let mut given: Vec<Given> = (0..u32::try_from(CAPACITY).unwrap()).filter_map(network).collect();
    given.truncate(CAPACITY - 2);
    given.extend(["+44740241*", "+447402317171"].map(|text| Given::parse(text, &numbering).unwrap()));
    let mut book = Book::default();
    let terms = Terms { until: None, note: "bench".into(), added: now(), by: "bench".into() };
    book.add(ListName::Deny, &given, &names, &terms).unwrap();
    (Hand::new(book, names.clone()), names)
}

fn facts(names: &Names, ip: IpAddr) -> Facts {
    let number = Numbering::default().read("+447911123456", None).unwrap();
    let address = Address { ip, unit: ip.into(), network: ip.into(), id: Pseudonym::from_bits(1) };
    Facts {
        at: now(),
        endpoint: "login".into(),
        phone: PhoneFact::Present(number.named(names.today().unwrap())),
        client: Client { address, id: None, visit: Visit::None, fingerprint: Fingerprint::default() },
        place: Place::default(),
    }
}

fn lists(criterion: &mut Criterion) {
    let (hand, names) = hand();
    let entries = hand.book().len();
    let hand = Arc::new(hand);
    for (what, address) in [("met", [0, 0, 0, 9]), ("not met", [203, 0, 113, 9])] {
        let facts = facts(&names, address.into());
        assert_eq!(hand.find(&facts).is_some(), what == "met");
        criterion.bench_function(&format!("lists/{entries} entries, {what}"), |bencher| {
            bencher.iter(|| black_box(hand.find(black_box(&facts))));
        });
    }
}

criterion_group!(benches, lists);
criterion_main!(benches);

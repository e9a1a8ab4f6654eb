//! Rules: a decision's share of a pack of 50 and of a thousand, and a look-up among 100,000 networks.
#![expect(clippy::unwrap_used, reason = "a bench that can't be set up should fail loudly")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use sendwall::config::Config;
use sendwall::domain::{
    Address, Client, ClientId, ClientSource, Country, Facts, Fingerprint, Has, Money, NumberKind, Phone, PhoneFact,
    Place, Program, Range, Timestamp, Traits, Validity, Visit,
};
use sendwall::lists::Networks;
use sendwall::privacy::Pseudonyms;
use sendwall::rules::Signals;
use sendwall::ruleset::{Attempt, RuleSet};

/// What operators write, so that none of it holds for the attempt: every rule is asked to its end.
const WHENS: [&str; 10] = [
    "phone.country in [\"UZ\", \"TJ\", \"KG\"] && trust == \"unknown\" && prior > 0.{n}",
    "phone.country == \"GB\" && ip.country != \"GB\" && ip.hosting",
    "agent.startsWith(\"python-requests{n}\")",
    "client.program == \"firefox\" && client.major < {n}",
    "phone.price >= 9.{n} && trust != \"owner\"",
    "ip in lists.office && endpoint == \"login{n}\"",
    "heat > 1.{n} || pressure > 3.{n}",
    "phone.range in lists.pumped && !client.known_visit",
    "ip.asn in [64500, 64501, {n}]",
    "phone.type == \"voip\" && time.hour < {h} && time.weekday in [\"sat\", \"sun\"]",
];

fn rules(count: usize) -> RuleSet {
    let mut text = "upstream = \"http://127.0.0.1:1\"\n\
        [[endpoint]]\nname = \"login\"\nsend = \"POST /a\"\n\
        [[list]]\nname = \"office\"\nkind = \"networks\"\nvalues = [\"192.0.2.0/24\"]\n\
        [[list]]\nname = \"pumped\"\nkind = \"ranges\"\nvalues = [\"+99899394\"]\n"
        .to_owned();
    for index in 0..count {
        let when = WHENS[index % WHENS.len()];
        let when = when.replace("{n}", &(index + 1).to_string()).replace("{h}", &(index % 24).to_string());
        writeln!(text, "[[rule]]\nid = \"r{index}\"\nwhen = '{when}'\nthen = \"block\"").unwrap();
    }
    let config = Config::compile(&text, Path::new("bench.toml"), &|_| None).unwrap();
    config.rules.compile(&Pseudonyms::new(&[7; 32]), &["login".into()])
}

fn facts() -> Facts {
    let ip = IpAddr::from([203, 0, 113, 9]);
    let id = "AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap();
    let address = Address { ip, unit: ip.into(), network: "203.0.113.0/24".parse().unwrap(), id };
    let traits = Traits { program: Program::Chromium, major: 142, has: Has::default(), language: None };
    let agent = "Mozilla (Windows NT; Win; x) AppleWebKit Chrome Safari".into();
    let client = Client {
        address,
        id: Some(ClientId { id, source: ClientSource::Visit }),
        visit: Visit::Since(Timestamp::from_unix_ms(1_795_197_500_000)),
        fingerprint: Fingerprint { hash: 1, agent, traits },
    };
    let phone = Phone {
        id,
        country: Country::new("GB"),
        calling_code: 44,
        range: Range::new(44_740_241),
        last_two: 71,
        kind: NumberKind::Mobile,
        validity: Validity::Valid,
        price: Money::micros(45_000),
    };
    let place = Place {
        country: Country::new("GB"),
        asn: Some(5607),
        as_org: Some("Example".into()),
        hosting: Some(false),
        anonymous: None,
    };
    let (at, endpoint) = (Timestamp::from_unix_ms(1_795_197_600_000), Arc::from("login"));
    Facts { at, endpoint, phone: PhoneFact::Present(phone), client, place }
}

fn bench(criterion: &mut Criterion) {
    let facts = facts();
    let attempt = Attempt { facts: &facts, signals: Signals::default(), counts: &[], answered: None };
    for count in [0, 50, 1000] {
        let rules = rules(count);
        assert!(rules.ask(0, &attempt).hits.is_empty(), "every rule is asked");
        criterion.bench_function(&format!("{count} rules, none speaks"), |bencher| {
            bencher.iter(|| black_box(rules.ask(0, black_box(&attempt))));
        });
    }
    let networks: Networks<()> = (0..100_000_u32)
        .map(|index| {
            let start = Ipv4Addr::from(index.wrapping_mul(42_949) & 0xffff_ff00);
            ipnet::IpNet::new(start.into(), 24).unwrap().trunc()
        })
        .collect();
    let mut next = 0_u32;
    criterion.bench_function(&format!("an address in {} networks", networks.len()), |bencher| {
        bencher.iter(|| {
            next = next.wrapping_add(0x9e37_79b9);
            black_box(networks.contains(IpAddr::V4(next.into())))
        });
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);

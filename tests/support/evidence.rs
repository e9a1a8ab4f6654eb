//! A gate without sockets, people who ask it for codes, and a clock that the test moves.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use sendwall::cells::{self, Cells, Kind, Kinds, View, Views};
use sendwall::challenge::{self, Challenges};
use sendwall::clock::{Clock, ManualClock};
use sendwall::config::Config;
use sendwall::decide::Prior;
use sendwall::domain::{
    Address, Client, ClientId, ClientSource, Country, DecisionId, Facts, Fingerprint, Money, NumberKind, OutcomeKind,
    Pass, Phone, PhoneFact, Place, Range, RevisionId, Rung, Span, Timestamp, Validity, Verdict, Visit,
};
use sendwall::extract::{Router, TrustedProxies};
use sendwall::gate::{Gate, Ids, OutcomeTarget, Parts, Revision, Tell};
use sendwall::geo::Geo;
use sendwall::journal::Journal;
use sendwall::limits::{Store, mix};
use sendwall::numbering::{Numbering, PriceTable};
use sendwall::pack::Restored;
use sendwall::privacy::{Pseudonym, Pseudonyms};
use sendwall::telemetry::Metrics;

pub(crate) const START: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);

const CONFIG: &str = r#"
listen = "127.0.0.1:0"
upstream = "http://127.0.0.1:1"
mode = "enforce"
default_limits = false

[[endpoint]]
name = "login"
send = "POST /send"
verify = "POST /verify"
verified_if = "status == 200"
"#;

/// Someone who asks for codes. Whoever has the same number in a field shares that aspect, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) phone: u64,
    pub(crate) client: Option<u64>,
    pub(crate) address: u64,
    pub(crate) network: u64,
    pub(crate) range: u64,
    pub(crate) wide_range: u64,
    pub(crate) fingerprint: u64,
    pub(crate) system: u64,
    /// Two letters by number; the country of the address is always the same.
    pub(crate) country: u64,
}

impl Person {
    /// Shares nothing with a person of another number but the endpoint, a new country, and the country with one in 676.
    pub(crate) const fn alone(number: u64) -> Self {
        Self {
            phone: number,
            client: Some(number),
            address: number,
            network: number,
            range: number,
            wide_range: number,
            fingerprint: number,
            system: number,
            country: number,
        }
    }

    /// With the aspect of `kind` from another.
    pub(crate) const fn sharing(mut self, kind: Kind, with: &Self) -> Self {
        match kind {
            Kind::Phone => self.phone = with.phone,
            Kind::Client => self.client = with.client,
            Kind::Address => self.address = with.address,
            Kind::Range => (self.range, self.wide_range) = (with.range, with.wide_range),
            Kind::Network => self.network = with.network,
            Kind::WideRange => self.wide_range = with.wide_range,
            Kind::Fingerprint => self.fingerprint = with.fingerprint,
            Kind::System => self.system = with.system,
            Kind::Pair | Kind::Country => self.country = with.country,
            Kind::NewCountries | Kind::Endpoint => {}
        }
        self
    }

    pub(crate) fn facts(&self, at: Timestamp) -> Facts {
        Facts {
            at,
            endpoint: "login".into(),
            phone: PhoneFact::Present(self.phone()),
            client: self.client(),
            place: self.place(),
        }
    }

    pub(crate) fn phone(&self) -> Phone {
        let letters: String = [self.country / 26 % 26, self.country % 26].map(letter).into_iter().collect();
        Phone {
            id: name(1, self.phone),
            country: Country::new(&letters),
            calling_code: 44,
            range: Range::new(self.wide_range % 1_000_000_000 * 100 + self.range % 100),
            last_two: 1,
            kind: NumberKind::Mobile,
            validity: Validity::Valid,
            price: Money::default(),
        }
    }

    fn client(&self) -> Client {
        let ip = IpAddr::V6(Ipv6Addr::from_bits(u128::from(self.network) << 80));
        let network = ipnet::IpNet::new(ip, 48).unwrap();
        Client {
            address: Address { ip, unit: network, network, id: name(3, self.address) },
            id: self.client.map(|client| ClientId { id: name(2, client), source: ClientSource::Visit }),
            visit: Visit::None,
            fingerprint: Fingerprint { hash: self.fingerprint, ..Fingerprint::default() },
        }
    }

    fn place(&self) -> Place {
        let asn = u32::try_from(self.system % 4_000_000_000).ok();
        Place { country: Country::new("GB"), asn, ..Place::default() }
    }
}

fn letter(number: u64) -> char {
    char::from(b'A' + u8::try_from(number).unwrap())
}

fn name(what: u64, number: u64) -> Pseudonym {
    Pseudonym::from_bits(u128::from(mix([what, number])) | u128::from(mix([number, what])) << 64)
}

/// Settings of which only `kind` speaks.
pub(crate) fn only(kind: Kind) -> Kinds {
    let mut kinds = Kinds::default();
    for other in Kind::ALL.into_iter().filter(|other| *other != kind) {
        let settings = kinds.of_mut(other);
        (settings.limit, settings.rate_floor, settings.open_floor) = (1e9, 1e9, 1e9);
    }
    kinds
}

/// What became of someone's asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The lowest rung that was open at first.
    pub(crate) first: Rung,
    /// The message that went out, and the rung at which it did.
    pub(crate) sent: Option<(DecisionId, Rung)>,
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Town {
    pub(crate) gate: Arc<Gate>,
    pub(crate) clock: Arc<ManualClock>,
    revision: Arc<Revision>,
}

impl Town {
    /// Whose looks say nothing: evidence alone decides.
    pub(crate) fn new(kinds: Kinds) -> Self {
        Self::with(kinds, &cells::Settings { memory: 4 << 20, sends: 50_000, keep: Span::minutes(10) })
    }

    pub(crate) fn with(kinds: Kinds, settings: &cells::Settings) -> Self {
        Self::of(kinds, Cells::new(settings, 1))
    }

    pub(crate) fn of(kinds: Kinds, cells: Cells) -> Self {
        let config = Config::compile(CONFIG, std::path::Path::new("test.toml"), &|_| None);
        let config = config
            .unwrap_or_else(|problems| panic!("{}", problems.iter().map(ToString::to_string).collect::<String>()));
        let clock = Arc::new(ManualClock::at(START));
        let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let metrics = Arc::new(Metrics::new("test", Arc::clone(&shared)));
        let revision = Revision {
            id: RevisionId { number: 1, hash: 1 },
            router: Router::new(Vec::new()),
            endpoints: config.endpoints,
            trusted: TrustedProxies::default(),
            kinds,
            prior: Prior::None,
            shadow: None,
            ja4: None,
            rules: sendwall::ruleset::RuleSet::default(),
            challenge: challenge::Settings::default(),
            captcha: challenge::captcha::Setup::default(),
            limits: Store::new(1 << 20).prepare(&[]).unwrap(),
            budgets: config.budgets,
            numbering: Arc::new(Numbering::new(PriceTable::default())),
        };
        let gate = Arc::new(Gate::new(Parts {
            revision,
            names: Pseudonyms::new(&[7; 32]),
            visits: None,
            geo: Arc::new(Geo::open(&config.geo)),
            clock: shared,
            ids: Ids::new(7),
            sessions: 50_000,
            cells,
            challenges: Arc::new(Challenges::new(challenge::Parts::fixed(Arc::clone(metrics.challenges())))),
            tell: Tell { metrics: Arc::clone(&metrics), journal: Arc::new(Journal::in_memory(metrics)) },
        }));
        let revision = gate.revision();
        Self { gate, clock, revision }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves time, and does what is due by then.
    pub(crate) fn wait(&self, span: Span) {
        self.until(self.now() + span);
    }

    /// Moves time to `at`, if it isn't later already.
    pub(crate) fn until(&self, at: Timestamp) {
        if at > self.now() {
            self.clock.set(at);
        }
        self.gate.advance_to_now();
    }

    /// Asks for a code, and solves what is asked for up to `solves`.
    pub(crate) fn ask(&self, person: &Person, solves: Rung) -> Asked {
        let mut first = None;
        let mut pass = None;
        loop {
            let judged = self.gate.judge_facts(&self.revision, 0, person.facts(self.now()), pass);
            let rung = match judged.decision.verdict {
                Verdict::Forward => pass.map_or(Rung::None, |pass: Pass| pass.rung),
                Verdict::Challenge(kind) => kind.rung(),
                Verdict::Block | Verdict::Cooldown { .. } | Verdict::Reject | Verdict::Repeat => Rung::Block,
            };
            let first = *first.get_or_insert(rung);
            if let Some(permit) = judged.permit {
                permit.sent();
                return Asked { first, sent: Some((judged.decision.id, rung)) };
            }
            if rung > solves || pass.is_some_and(|pass| pass.rung >= rung) {
                return Asked { first, sent: None };
            }
            pass = Some(Pass { attempt: judged.decision.id, rung, unbound: None });
        }
    }

    /// The lowest rung that is open to someone, counting nothing that lasts: no message goes out.
    pub(crate) fn rung(&self, person: &Person) -> Rung {
        let judged = self.gate.judge_facts(&self.revision, 0, person.facts(self.now()), None);
        match judged.decision.verdict {
            Verdict::Forward => Rung::None,
            Verdict::Challenge(kind) => kind.rung(),
            Verdict::Block | Verdict::Cooldown { .. } | Verdict::Reject | Verdict::Repeat => Rung::Block,
        }
    }

    /// Everything that outlives the process, taken from `other`, which was stopped at its time.
    pub(crate) fn restore(&self, other: &Self) -> Restored {
        let mut restored = Restored::default();
        for (from, to) in other.gate.kept().into_iter().zip(self.gate.kept()) {
            let take = &mut |chunk: &[u8]| {
                restored.add(to.restore(self.now(), chunk).unwrap());
                Ok(())
            };
            from.save(other.now(), take).unwrap();
        }
        restored
    }

    /// What someone's cells show at every rung.
    pub(crate) fn views(&self, person: &Person) -> [Views; 3] {
        let (cells, facts) = (self.gate.cells(), person.facts(self.now()));
        let attempt = cells.attempt(&facts);
        let (kinds, now) = (&self.revision.kinds, self.now());
        let first = cells.look(kinds, &attempt, now);
        let [pow, captcha] = [Rung::Pow, Rung::Captcha].map(|rung| cells.look_at(kinds, &attempt, &first, rung, now));
        [first, pow, captcha]
    }

    /// What someone's cell of a kind shows.
    pub(crate) fn view(&self, person: &Person, kind: Kind, rung: Rung) -> View {
        self.views(person)[rung as usize][kind as usize].unwrap()
    }

    /// Says what became of a message.
    pub(crate) fn learn(&self, decision: DecisionId, outcome: OutcomeKind) {
        self.gate.learn(&OutcomeTarget::Decision(decision), outcome, self.now());
    }
}

//! What the model reads of an attempt: an ordered list of numbers.
//!
//! Another order, another meaning or another number of features is another [`SCHEMA`]: models of before are refused then.
//! A feature that can't be known is 0, which is what most of real use has. Rates and counts stand as they are; a model
//! that adds features up takes their logarithm where [`Feature::is_count`] says so.
//!
//! **What is usual here.** An oddity counts as far as the endpoint's real users don't have it ([`Habits::odd`]): where they
//! all lack a page or a cookie, or are programs, that says nothing.
//!
//! **Before an endpoint is known** ([`Habits::known`]) nothing is new, and nothing a surge: what says so counts for nothing at
//! first, and the more the better the endpoint is known.

use crate::cells::{Habits, Kind, View, Views};
use crate::domain::{Facts, Oddity, Program, Span, Timestamp, Traits};

use super::languages;

/// The version of this list.
pub const SCHEMA: u32 = 2;

/// How many features there are.
pub const COUNT: usize = 55;

/// One number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its name in model files, metrics and cards.
    pub name: &'static str,
    /// What it says where it speaks against an attempt, in words.
    pub against: &'static str,
    /// What it says where it speaks for one.
    pub in_favour: &'static str,
    /// Whether more of it can only make abuse likelier (1) or less likely (-1). A model is held to it, so that a quirk of its
    /// training never makes a strange attempt look better than a plain one: where no app was ever abused, being an app
    /// must not come to mean being real.
    pub direction: i8,
    /// Whether it grows without a bound.
    pub is_count: bool,
}

impl Feature {
    /// Its value as models that add features up read it: counts by the logarithm of one more.
    pub fn transformed(&self, value: f64) -> f64 {
        if self.is_count { value.ln_1p() } else { value }
    }
}

const fn flag(name: &'static str, against: &'static str, in_favour: &'static str) -> Feature {
    Feature { name, against, in_favour, direction: 1, is_count: false }
}

const fn odd(name: &'static str, oddity: Oddity, in_favour: &'static str) -> Feature {
    flag(name, oddity.words(), in_favour)
}

/// The more, the likelier abuse.
const fn more(name: &'static str, against: &'static str, in_favour: &'static str) -> Feature {
    Feature { name, against, in_favour, direction: 1, is_count: true }
}

/// The less, the likelier abuse.
const fn less(name: &'static str, against: &'static str, in_favour: &'static str) -> Feature {
    Feature { name, against, in_favour, direction: -1, is_count: true }
}

/// Every feature, in order.
pub const FEATURES: [Feature; COUNT] = [
    // The program that asks.
    odd("no_agent", Oddity::NoAgent, "it names an agent"),
    odd("fake_agent", Oddity::FakeAgent, "an agent that exists"),
    odd("script", Oddity::Script, "not a script's agent"),
    flag("app", "an app", "not an app"),
    more("versions_behind", "a browser of years ago", "no old browser"),
    odd("no_language", Oddity::NoLanguage, "no language is missing"),
    odd("no_accept", Oddity::NoAccept, "it says what it accepts"),
    odd("no_encoding", Oddity::NoEncoding, "no compression is missing"),
    odd("no_hints", Oddity::NoHints, "no client hints are missing"),
    odd("other_hints", Oddity::OtherHints, "client hints fit the agent"),
    odd("no_fetch", Oddity::NoFetch, "no fetch headers are missing"),
    odd("no_origin", Oddity::NoOrigin, "no origin is missing"),
    odd("other_order", Oddity::OtherOrder, "its headers are in order"),
    odd("other_tls", Oddity::OtherTls, "its TLS handshake fits the agent"),
    flag(
        "foreign_language",
        "a language that is hardly read in the phone's country",
        "a language of the phone's country",
    ),
    // What it did before.
    odd("no_page", Oddity::NoPage, "a page was seen, or none is needed"),
    odd("no_cookie", Oddity::NoCookie, "a cookie was kept, or none is needed"),
    odd("hasty", Oddity::Hasty, "not in a hurry"),
    odd("forged_cookie", Oddity::ForgedCookie, "no forged cookie"),
    less("cookie_age", "no old cookie", "an old cookie"),
    flag("device", "a device id", "no device id"),
    more("other_phones", "a client that asked for other phones", "a client that asked for no other phone"),
    more("client_rate", "a client that asks often", "a client that doesn't ask often"),
    more("phone_sent", "a phone that got many codes", "a phone that got few codes"),
    more("phone_rate", "a phone that is asked for often", "a phone that isn't asked for often"),
    // Where it comes from, and where the message would go.
    odd("hosting", Oddity::Hosting, "not a hosting network"),
    odd("anonymous", Oddity::Anonymous, "no VPN, proxy or Tor"),
    odd("abroad", Oddity::Abroad, "address and phone of one country"),
    odd("unassigned", Oddity::Unassigned, "a number in an assigned range"),
    odd("not_mobile", Oddity::NotMobile, "a mobile number"),
    more("sequence", "numbers one after another", "numbers in no order"),
    more("quiet_hour", "an hour at which hardly anyone verifies", "an hour at which many verify"),
    // How much of what it shares there is, against how much there was before, as far as the endpoint is known.
    more("address_surge", "a surge from its address", "no surge from its address"),
    more("range_surge", "a surge in its number range", "no surge in its number range"),
    more("network_surge", "a surge from its network", "no surge from its network"),
    more("wide_range_surge", "a surge in its wider number range", "no surge in its wider number range"),
    more("fingerprint_surge", "a surge of clients that look like it", "no surge of clients that look like it"),
    more("system_surge", "a surge from its provider", "no surge from its provider"),
    more("pair_surge", "a surge between these countries", "no surge between these countries"),
    more("country_surge", "a surge to its country", "no surge to its country"),
    more("endpoint_surge", "a surge at the endpoint", "no surge at the endpoint"),
    // The same against the whole endpoint's: what grows where the rest doesn't.
    more("range_lift", "its number range outgrows the rest", "its number range grows as the rest"),
    more("network_lift", "its network outgrows the rest", "its network grows as the rest"),
    more("wide_range_lift", "its wider number range outgrows the rest", "its wider number range grows as the rest"),
    more(
        "fingerprint_lift",
        "clients that look like it outgrow the rest",
        "clients that look like it grow as the rest",
    ),
    more("system_lift", "its provider outgrows the rest", "its provider grows as the rest"),
    more("pair_lift", "these countries outgrow the rest", "these countries grow as the rest"),
    more("country_lift", "its country outgrows the rest", "its country grows as the rest"),
    // How much of it was seen, as far as the endpoint is known: what nobody has seen is strange then.
    less("range_seen", "a number range hardly seen before", "a known number range"),
    less("network_seen", "a network hardly seen before", "a known network"),
    less("wide_range_seen", "a wider number range hardly seen before", "a known wider number range"),
    less("fingerprint_seen", "a look hardly seen before", "a known look"),
    less("system_seen", "a provider hardly seen before", "a known provider"),
    less("pair_seen", "countries hardly seen together before", "countries known together"),
    less("country_seen", "a country hardly seen before", "a known country"),
];

/// An attempt before its features are read.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// What it says.
    pub facts: &'a Facts,
    /// Its cells at the first rung.
    pub views: &'a Views,
    /// What is known of its like beside its cells.
    pub habits: Habits,
}

/// A row of numbers, in the order of [`FEATURES`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Features(pub [f32; COUNT]);

/// Attempts a minute that are no surge, whatever was before.
const FLOOR: f32 = 0.5;
/// Minutes since the first page of somebody who is here for the first time: what is held of whom no page and no cookie is
/// expected.
const NEW_HERE: f32 = 1.0;
/// How often anything was seen, as far as an endpoint isn't known.
const FAMILIAR: f32 = 50.0;

/// Kinds whose surge is held against the endpoint's.
const LIFTED: [Kind; 7] =
    [Kind::Range, Kind::Network, Kind::WideRange, Kind::Fingerprint, Kind::System, Kind::Pair, Kind::Country];

impl Features {
    /// Reads them.
    pub fn of(look: &Look<'_>) -> Self {
        let mut row = [0.0; COUNT];
        let known = look.habits.known;
        let surge = |kind| surge(view(look, kind)).powf(known);
        let endpoint = surge(Kind::Endpoint);
        let surges = LIFTED.map(surge);
        let familiar = (1.0 + FAMILIAR).powf(1.0 - known);
        let seen = |kind| {
            let sent = view(look, kind).map_or(0.0, |view| view.sent);
            (1.0 + sent).powf(known) * familiar - 1.0
        };
        let values = program(look).into_iter().chain(before(look)).chain(places(look));
        let values = values.chain([surge(Kind::Address)]).chain(surges).chain([endpoint]);
        let values = values.chain(surges.map(|surge| surge / endpoint.max(1.0)));
        let values = values.chain(LIFTED.map(seen));
        let mut places = row.iter_mut();
        // Iterated from within each part of the chain is a loop; `zip` would ask at each value which part is at its turn.
        values.for_each(|value| {
            if let Some(place) = places.next() {
                *place = value;
            }
        });
        Self(row)
    }
}

fn view<'a>(look: &Look<'a>, kind: Kind) -> Option<&'a View> {
    look.views[kind as usize].as_ref()
}

fn one(holds: bool) -> f32 {
    f32::from(u8::from(holds))
}

fn program(look: &Look<'_>) -> [f32; 15] {
    let facts = look.facts;
    let Traits { program, major, language, .. } = facts.client.fingerprint.traits;
    let odd = |oddity| look.habits.odd.of(oddity);
    let country = facts.phone().and_then(|phone| phone.country);
    [
        odd(Oddity::NoAgent),
        odd(Oddity::FakeAgent),
        odd(Oddity::Script),
        one(program == Program::App || program == Program::Library && facts.client.is_device()),
        versions_behind(program, major, facts.at),
        odd(Oddity::NoLanguage),
        odd(Oddity::NoAccept),
        odd(Oddity::NoEncoding),
        odd(Oddity::NoHints),
        odd(Oddity::OtherHints),
        odd(Oddity::NoFetch),
        odd(Oddity::NoOrigin),
        odd(Oddity::OtherOrder),
        odd(Oddity::OtherTls),
        language.zip(country).map_or(0.0, |(language, country)| languages::foreign(language, country)),
    ]
}

/// How many versions ago the browser was current. Chrome 131 came on 12 November 2024 and the next ones every 30.5 days,
/// Firefox 132 on 29 October 2024 and the next every 29.5 (chromiumdash.appspot.com and whattrainisitnow.com, two years
/// each); who is ahead of that is not behind. Browsers without such a calendar say nothing.
pub(super) fn versions_behind(program: Program, major: u16, at: Timestamp) -> f32 {
    const DAY: u64 = 86_400_000;
    let (first, since, days) = match program {
        Program::Chromium => (131.0, 20_039, 30.5),
        Program::Firefox => (132.0, 20_025, 29.5),
        Program::Safari | Program::App | Program::Library | Program::Fake | Program::None => return 0.0,
    };
    #[expect(clippy::cast_precision_loss, reason = "days of some years")]
    let day = (at.unix_ms() / DAY).saturating_sub(since) as f32;
    if major == 0 { 0.0 } else { (first + day / days - f32::from(major)).max(0.0) }
}

fn before(look: &Look<'_>) -> [f32; 10] {
    let odd = |oddity| look.habits.odd.of(oddity);
    let of = |kind, value: fn(&View) -> f32| view(look, kind).map_or(0.0, value);
    let (client, phone) = (of(Kind::Client, |view| view.sent), of(Kind::Phone, |view| view.sent));
    // By whole seconds, which is what the decision log keeps.
    #[expect(clippy::cast_precision_loss, reason = "minutes of a year")]
    let minutes = |age: Span| (age.as_millis() / 1000) as f32 / 60.0;
    let lacks = odd(Oddity::NoCookie).max(odd(Oddity::NoPage));
    [
        odd(Oddity::NoPage),
        odd(Oddity::NoCookie),
        odd(Oddity::Hasty),
        odd(Oddity::ForgedCookie),
        look.facts.visit_age().map(minutes).filter(|age| *age > 0.0).unwrap_or(NEW_HERE * (1.0 - lacks)),
        one(look.facts.client.is_device()),
        (client - phone).max(0.0),
        of(Kind::Client, |view| view.rate),
        phone,
        of(Kind::Phone, |view| view.rate),
    ]
}

fn places(look: &Look<'_>) -> [f32; 7] {
    let odd = |oddity| look.habits.odd.of(oddity);
    [
        odd(Oddity::Hosting),
        odd(Oddity::Anonymous),
        odd(Oddity::Abroad),
        odd(Oddity::Unassigned),
        odd(Oddity::NotMobile),
        look.habits.sequence,
        (1.0 / look.habits.hour.max(0.05) - 1.0).max(0.0),
    ]
}

/// Attempts of the last minute, over those of the average minute that the cell remembers.
fn surge(view: Option<&View>) -> f32 {
    let Some(view) = view else { return 1.0 };
    #[expect(clippy::cast_precision_loss, reason = "minutes of days")]
    let minutes = view.half_life.as_millis() as f32 / 60_000.0 / std::f32::consts::LN_2;
    (view.rate + FLOOR) / (view.sent / minutes + FLOOR)
}

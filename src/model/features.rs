//! What the model reads of an attempt: an ordered list of numbers.
//!
//! Another order, another meaning or another number of features is another [`SCHEMA`]: models of before are refused then.
//! A feature that can't be known is 0, which is what most of real use has. Rates and counts stand as they are; a model
//! that adds features up takes their logarithm where [`Feature::is_count`] says so.

use crate::cells::{Habits, Kind, View, Views};
use crate::domain::{Facts, Has, NumberKind, Program, Timestamp, Traits, Validity, Visit};

use super::languages;

/// The version of this list.
pub const SCHEMA: u32 = 1;

/// How many features there are.
pub const COUNT: usize = 55;

/// One number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its name in model files, metrics and cards.
    pub name: &'static str,
    /// What it says where it is large, in words.
    pub words: &'static str,
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

const fn flag(name: &'static str, words: &'static str) -> Feature {
    Feature { name, words, direction: 1, is_count: false }
}

const fn count(name: &'static str, words: &'static str, direction: i8) -> Feature {
    Feature { name, words, direction, is_count: true }
}

/// Every feature, in order.
pub const FEATURES: [Feature; COUNT] = [
    // The program that asks.
    flag("no_agent", "no agent"),
    flag("fake_agent", "an agent that no browser has"),
    flag("script", "a script's agent"),
    flag("app", "an app"),
    count("versions_behind", "a browser of years ago", 1),
    flag("no_language", "a browser without a language"),
    flag("no_accept", "a browser that accepts nothing"),
    flag("no_encoding", "a browser without compression"),
    flag("no_hints", "no client hints"),
    flag("other_hints", "client hints of another version"),
    flag("no_fetch", "a browser without its fetch headers"),
    flag("no_origin", "a browser that comes from no page"),
    flag("other_order", "headers in an order that this browser doesn't send"),
    flag("other_tls", "a TLS handshake that this browser doesn't make"),
    flag("foreign_language", "a language that is hardly read in the phone's country"),
    // What it did before.
    flag("no_page", "no page seen"),
    flag("no_cookie", "a browser that keeps no cookie"),
    flag("hasty", "asked as soon as the page came"),
    flag("forged_cookie", "a forged visit cookie"),
    count("cookie_age", "an old cookie", -1),
    flag("device", "a device id"),
    count("other_phones", "a client that asked for other phones", 1),
    count("client_rate", "a client that asks often", 1),
    count("phone_sent", "a phone that got many codes", 1),
    count("phone_rate", "a phone that is asked for often", 1),
    // Where it comes from, and where the message would go.
    flag("hosting", "a hosting network"),
    flag("anonymous", "a VPN, proxy or Tor"),
    flag("abroad", "a phone of another country"),
    flag("unassigned", "a number in no assigned range"),
    flag("not_mobile", "not a mobile number"),
    count("sequence", "numbers one after another", 1),
    count("quiet_hour", "an hour at which hardly anyone verifies", 1),
    // How much of what it shares there is, against how much there was before.
    count("address_surge", "a surge from its address", 1),
    count("range_surge", "a surge in its number range", 1),
    count("network_surge", "a surge from its network", 1),
    count("wide_range_surge", "a surge in its wider number range", 1),
    count("fingerprint_surge", "a surge of clients that look like it", 1),
    count("system_surge", "a surge from its provider", 1),
    count("pair_surge", "a surge between these countries", 1),
    count("country_surge", "a surge to its country", 1),
    count("endpoint_surge", "a surge at the endpoint", 1),
    // The same against the whole endpoint's: what grows where the rest doesn't.
    count("range_lift", "its number range outgrows the rest", 1),
    count("network_lift", "its network outgrows the rest", 1),
    count("wide_range_lift", "its wider number range outgrows the rest", 1),
    count("fingerprint_lift", "clients that look like it outgrow the rest", 1),
    count("system_lift", "its provider outgrows the rest", 1),
    count("pair_lift", "these countries outgrow the rest", 1),
    count("country_lift", "its country outgrows the rest", 1),
    // How much of it was seen: what nobody has seen is strange.
    count("range_seen", "a known number range", -1),
    count("network_seen", "a known network", -1),
    count("wide_range_seen", "a known wider number range", -1),
    count("fingerprint_seen", "a known look", -1),
    count("system_seen", "a known provider", -1),
    count("pair_seen", "known countries", -1),
    count("country_seen", "a known country", -1),
];

/// An attempt before its features are read.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// What it says.
    pub facts: &'a Facts,
    /// Whether a page was loaded from its address lately.
    pub page_seen: bool,
    /// Its cells at the first rung.
    pub views: &'a Views,
    /// What is counted of its like beside its cells.
    pub habits: Habits,
}

/// A row of numbers, in the order of [`FEATURES`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Features(pub [f32; COUNT]);

/// A page that was loaded so many seconds before was not read.
const HASTY: u64 = 1;
/// Attempts a minute that are no surge, whatever was before.
const FLOOR: f32 = 0.5;

/// Kinds whose surge is held against the endpoint's.
const LIFTED: [Kind; 7] =
    [Kind::Range, Kind::Network, Kind::WideRange, Kind::Fingerprint, Kind::System, Kind::Pair, Kind::Country];

impl Features {
    /// Reads them.
    pub fn of(look: &Look<'_>) -> Self {
        let mut row = [0.0; COUNT];
        let surge = |kind| surge(view(look, kind));
        let endpoint = surge(Kind::Endpoint);
        let sent = |kind| view(look, kind).map_or(0.0, |view| view.sent);
        let values = program(look).into_iter().chain(before(look)).chain(places(look));
        let values = values.chain([surge(Kind::Address)]).chain(LIFTED.map(surge)).chain([endpoint]);
        let values = values.chain(LIFTED.map(|kind| surge(kind) / endpoint.max(1.0)));
        let values = values.chain(LIFTED.map(sent));
        for (place, value) in row.iter_mut().zip(values) {
            *place = value;
        }
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
    let client = &facts.client;
    let Traits { program, major, has, language } = client.fingerprint.traits;
    let browser = program.is_browser();
    let lacks = |what| one(browser && !has.holds(what));
    let device = is_device(facts);
    let country = facts.phone().and_then(|phone| phone.country);
    [
        one(program == Program::None),
        one(program == Program::Fake),
        one(program == Program::Library && !device),
        one(program == Program::App || program == Program::Library && device),
        versions_behind(program, major, facts.at),
        lacks(Has::LANGUAGE),
        lacks(Has::ACCEPT),
        lacks(Has::ENCODING),
        one(program == Program::Chromium && has.holds(Has::FETCH) && !has.holds(Has::HINTS)),
        one(has.holds(Has::OTHER_HINTS)),
        lacks(Has::FETCH),
        lacks(Has::ORIGIN),
        one(has.holds(Has::OTHER_ORDER)),
        one(has.holds(Has::OTHER_TLS)),
        language.zip(country).map_or(0.0, |(language, country)| languages::foreign(language, country)),
    ]
}

/// An app's own id, which no page gave it.
fn is_device(facts: &Facts) -> bool {
    facts.client.id.is_some() && facts.client.visit == Visit::None
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
    let facts = look.facts;
    let browser = facts.client.fingerprint.traits.program.is_browser();
    // Whole seconds, which is what the decision log keeps.
    let age = match facts.client.visit {
        Visit::Since(since) => Some(facts.at.since(since).as_millis() / 1000),
        Visit::None | Visit::Forged => None,
    };
    let page = look.page_seen || age.is_some_and(|age| age > 0);
    let of = |kind, value: fn(&View) -> f32| view(look, kind).map_or(0.0, value);
    let (client, phone) = (of(Kind::Client, |view| view.sent), of(Kind::Phone, |view| view.sent));
    #[expect(clippy::cast_precision_loss, reason = "minutes of a year")]
    let minutes = |seconds: u64| seconds as f32 / 60.0;
    [
        one(browser && !page),
        one(browser && facts.client.id.is_none()),
        one(age.is_some_and(|age| (1..=HASTY).contains(&age))),
        one(facts.client.visit == Visit::Forged),
        age.map_or(0.0, minutes),
        one(is_device(facts)),
        (client - phone).max(0.0),
        of(Kind::Client, |view| view.rate),
        phone,
        of(Kind::Phone, |view| view.rate),
    ]
}

fn places(look: &Look<'_>) -> [f32; 7] {
    let (place, phone) = (&look.facts.place, look.facts.phone());
    let abroad = phone.and_then(|phone| phone.country).zip(place.country).is_some_and(|(a, b)| a != b);
    let mobile = |kind| matches!(kind, NumberKind::Mobile | NumberKind::FixedOrMobile);
    [
        one(place.hosting == Some(true)),
        one(place.anonymous == Some(true)),
        one(abroad),
        one(phone.is_some_and(|phone| phone.validity == Validity::Possible)),
        one(phone.is_some_and(|phone| !mobile(phone.kind))),
        look.habits.sequence,
        (1.0 / look.habits.usual.max(0.05) - 1.0).max(0.0),
    ]
}

/// Attempts of the last minute, over those of the average minute that the cell remembers.
fn surge(view: Option<&View>) -> f32 {
    let Some(view) = view else { return 1.0 };
    #[expect(clippy::cast_precision_loss, reason = "minutes of days")]
    let minutes = view.half_life.as_millis() as f32 / 60_000.0 / std::f32::consts::LN_2;
    (view.rate + FLOOR) / (view.sent / minutes + FLOOR)
}

//! What an attempt looks like, before anything is known of what became of others like it: plain weights on facts.
//!
//! A weight is the natural logarithm of how much more often abuse looks so than real use, guessed low where real people
//! do too. "No page seen" speaks against a browser and says nothing of an app.

use crate::domain::{Facts, Has, NumberKind, PageCode, Program, Span, Traits, Validity, Visit};

/// Log-odds at which the look alone asks for a proof.
const ENOUGH: f32 = 3.0;
/// Browsers older than these are of 2021: people's update themselves.
const OLD_CHROMIUM: u16 = 90;
const OLD_FIREFOX: u16 = 90;
/// A page that was loaded so shortly before was not read.
const HASTY: Span = Span::millis(1500);

/// How an attempt looks: 0 to 1 of heat, and what speaks.
pub(crate) fn prior(facts: &Facts, page_seen: bool) -> (f32, Vec<&'static str>) {
    let mut looks = Vec::new();
    let mut sum = 0.0;
    for (words, weight) in speaking(facts, page_seen) {
        sum += weight;
        looks.push(words);
    }
    ((sum / ENOUGH).clamp(0.0, 1.0), looks)
}

/// A look with what the page's token says, where the endpoint wants one. That weighs also where looks are switched off.
pub(crate) fn with_page(
    (prior, mut looks): (f32, Vec<&'static str>),
    page: Option<PageCode>,
) -> (f32, Vec<&'static str>) {
    let Some((words, weight)) = page_part(page) else { return (prior, looks) };
    looks.push(words);
    ((prior + weight).min(1.0), looks)
}

/// What a page's token says, with its share of what is enough.
pub(crate) fn page_part(page: Option<PageCode>) -> Option<(&'static str, f32)> {
    let (words, weight) = match page? {
        PageCode::Good => return None,
        PageCode::Missing => ("no page token", 2.0),
        PageCode::Forged => ("a forged page token", 3.0),
        PageCode::Young => ("a page token of just now", 1.0),
        PageCode::Old => ("an old page token", 1.5),
        PageCode::Shared => ("a page token of many phones", 3.0),
    };
    Some((words, weight / ENOUGH))
}

/// What speaks, each with its share of what is enough.
pub(crate) fn parts(facts: &Facts, page_seen: bool) -> impl Iterator<Item = (&'static str, f32)> {
    speaking(facts, page_seen).map(|(words, weight)| (words, weight / ENOUGH))
}

fn speaking(facts: &Facts, page_seen: bool) -> impl Iterator<Item = (&'static str, f32)> {
    let weights = weights(facts, page_seen).into_iter();
    weights.filter(|(speaks, ..)| *speaks).map(|(_, weight, words)| (words, weight))
}

fn weights(facts: &Facts, page_seen: bool) -> [(bool, f32, &'static str); 17] {
    let client = &facts.client;
    let Traits { program, major, has, .. } = client.fingerprint.traits;
    let browser = program.is_browser();
    let visit_age = match client.visit {
        Visit::Since(since) => Some(facts.at.since(since)),
        Visit::None | Visit::Forged => None,
    };
    let page = page_seen || visit_age.is_some_and(|age| age > Span::default());
    let old = match program {
        Program::Chromium => major < OLD_CHROMIUM,
        Program::Firefox => major < OLD_FIREFOX,
        _ => false,
    };
    let device = client.id.is_some() && client.visit == Visit::None;
    let place = &facts.place;
    let phone = facts.phone();
    let abroad = phone.and_then(|phone| phone.country).zip(place.country).is_some_and(|(a, b)| a != b);
    [
        (program == Program::None, 3.0, "no agent"),
        (program == Program::Fake, 3.0, "an agent that no browser has"),
        (program == Program::Library && !device, 3.0, "a script's agent"),
        (old, 2.5, "a browser of years ago"),
        (browser && !has.holds(Has::LANGUAGE), 1.5, "a browser without a language"),
        (browser && !has.holds(Has::ACCEPT), 1.0, "a browser that accepts nothing"),
        (browser && !has.holds(Has::ENCODING), 1.0, "a browser without compression"),
        (
            program == Program::Chromium && major > OLD_CHROMIUM && !has.holds(Has::HINTS) && has.holds(Has::FETCH),
            0.7,
            "no client hints",
        ),
        (has.holds(Has::OTHER_HINTS), 1.5, "client hints of another version"),
        (browser && !page, 1.0, "no page seen"),
        (visit_age.is_some_and(|age| age > Span::default() && age < HASTY), 1.0, "asked as soon as the page came"),
        (client.visit == Visit::Forged, 2.0, "a forged visit cookie"),
        (place.hosting == Some(true), 0.6, "a hosting network"),
        (place.anonymous == Some(true), 0.3, "a VPN, proxy or Tor"),
        (abroad, 0.3, "a phone of another country"),
        (phone.is_some_and(|phone| phone.validity == Validity::Possible), 0.5, "a number in no assigned range"),
        (
            phone.is_some_and(|phone| !matches!(phone.kind, NumberKind::Mobile | NumberKind::FixedOrMobile)),
            0.5,
            "not a mobile number",
        ),
    ]
}

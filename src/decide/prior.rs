//! What an attempt looks like, before anything is known of what became of others like it: plain weights on facts.
//!
//! A weight is the natural logarithm of how much more often abuse looks so than real use, guessed low where real people
//! do too, and counts as far as the endpoint's real users don't.

use crate::domain::{Facts, Oddity, Oddness, PageCode, Program, Traits};

/// Log-odds at which the look alone asks for a proof.
const ENOUGH: f32 = 3.0;
/// Browsers older than these are of 2021: people's update themselves.
const OLD_CHROMIUM: u16 = 90;
const OLD_FIREFOX: u16 = 90;
const OLD: (f32, &str) = (2.5, "a browser of years ago");

/// What an oddity weighs that hardly any real user of the endpoint has.
const WEIGHTS: [(Oddity, f32); 16] = [
    (Oddity::NoAgent, 3.0),
    (Oddity::FakeAgent, 3.0),
    (Oddity::Script, 3.0),
    (Oddity::NoLanguage, 1.5),
    (Oddity::NoAccept, 1.0),
    (Oddity::NoEncoding, 1.0),
    (Oddity::NoHints, 0.7),
    (Oddity::OtherHints, 1.5),
    (Oddity::NoPage, 1.0),
    (Oddity::Hasty, 1.0),
    (Oddity::ForgedCookie, 2.0),
    (Oddity::Hosting, 0.6),
    (Oddity::Anonymous, 0.3),
    (Oddity::Abroad, 0.3),
    (Oddity::Unassigned, 0.5),
    (Oddity::NotMobile, 0.5),
];

/// How an attempt looks: 0 to 1 of heat.
pub(crate) fn prior(facts: &Facts, odd: &Oddness) -> f32 {
    (speaking(facts, odd).map(|(_, weight)| weight).sum::<f32>() / ENOUGH).min(1.0)
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

/// What speaks, each with its share of what is enough, the weightiest first.
pub(crate) fn parts(facts: &Facts, odd: &Oddness) -> Vec<(&'static str, f32)> {
    let mut parts: Vec<_> = speaking(facts, odd).map(|(words, weight)| (words, weight / ENOUGH)).collect();
    parts.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    parts
}

fn speaking(facts: &Facts, odd: &Oddness) -> impl Iterator<Item = (&'static str, f32)> {
    let Traits { program, major, .. } = facts.client.fingerprint.traits;
    let is_old = match program {
        Program::Chromium => major < OLD_CHROMIUM,
        Program::Firefox => major < OLD_FIREFOX,
        _ => false,
    };
    let weights = WEIGHTS.map(|(oddity, weight)| (odd.of(oddity) * weight, oddity.words()));
    let speaking = weights.into_iter().filter(|(weight, _)| *weight > 0.0).chain(is_old.then_some(OLD));
    speaking.map(|(weight, words)| (words, weight))
}

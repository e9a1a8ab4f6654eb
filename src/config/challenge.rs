//! `[challenge]`: how much clients have to prove, how long it counts, and how many challenges there may be.

use super::reader::Section;
use super::source::Fault;
use super::values::{GIB, MIB};
use crate::challenge::{Challenges, Effort, PageSettings, Settings};
use crate::domain::Span;

/// Reads the table: the settings, and the bytes of the store.
pub(super) fn read(root: &mut Section<'_>) -> (Settings, usize) {
    root.table("challenge", |section| {
        let default = Settings::default();
        let lifetime = Span::seconds(30)..=Span::hours(1);
        let number = |number: Option<u64>| number.and_then(|number| u32::try_from(number).ok());
        let settings = Settings {
            effort: section.choice("work", &Effort::ALL).unwrap_or(default.effort),
            challenge_lifetime: section.span("lifetime", lifetime.clone()).unwrap_or(default.challenge_lifetime),
            pass_lifetime: section.span("pass_lifetime", lifetime).unwrap_or(default.pass_lifetime),
            older_altcha: section.bool("older_altcha", default.older_altcha),
            page: section.table("page", |section| page(section, default.page)),
            issue_rate: number(section.integer("issue_rate", 1..=100_000)).unwrap_or(default.issue_rate),
            issue_per_address: number(section.integer("issue_per_address", 1..=60_000))
                .unwrap_or(default.issue_per_address),
        };
        let memory = section.bytes("memory", MIB..=64 * GIB, 64 * MIB);
        let memory = usize::try_from(memory).unwrap_or(usize::MAX);
        check_memory(section, &settings, memory);
        if settings.older_altcha {
            let fault =
                Fault::new("version 1 of ALTCHA costs a program many times less than the widget that waits for it");
            section.warning("older_altcha", fault.hint("update the widget to version 3 where you can"));
        }
        (settings, memory)
    })
}

fn page(section: &mut Section<'_>, default: PageSettings) -> PageSettings {
    let settings = PageSettings {
        min_age: section.span("min_age", Span::default()..=Span::minutes(1)).unwrap_or(default.min_age),
        max_age: section.span("max_age", Span::minutes(1)..=Span::hours(24 * 7)).unwrap_or(default.max_age),
        max_phones: section.count("max_phones", 1..=1000, default.max_phones),
    };
    if settings.min_age >= settings.max_age {
        let fault = Fault::new("a token is too old before it is old enough").hint("give it a `max_age` of hours");
        section.error("max_age", fault);
    }
    settings
}

/// At the full rate, the store must hold all that may be open.
fn check_memory(section: &Section<'_>, settings: &Settings, memory: usize) {
    let open_for = settings.challenge_lifetime + settings.pass_lifetime;
    let open = u64::from(settings.issue_rate) * (open_for.as_seconds_up() + 1);
    let open = usize::try_from(open).unwrap_or(usize::MAX);
    let needed = open.saturating_mul(Challenges::bytes_of(1));
    if needed > memory {
        let mib = needed.div_ceil(1 << 20);
        let fault = Fault::new(format!(
            "at {} challenges a second, which live {open_for} with their passes, the memory is full before they expire",
            settings.issue_rate
        ));
        section.warning("memory", fault.hint(format!("give it {mib}MiB, or lower `issue_rate` or the lifetimes")));
    }
}

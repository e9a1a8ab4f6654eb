//! Requests for codes as results name them.

use super::changes::Seen;
use super::log::Logged;
use super::names::{Name, Names};
use crate::domain::{Facts, MaskedPhone, Money, Phone, Timestamp};
use crate::trace::{Fault, Label, SendPart};

/// A request for a code.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) id: Box<str>,
    pub(super) at: Timestamp,
    /// `None` where nobody knows: a decision log.
    pub(super) label: Option<Label>,
    pub(super) scenario: Name,
    pub(super) class: Name,
    /// What the SMS costs.
    pub(super) price: Money,
    /// Short pseudonym of the phone.
    pub(super) phone: Option<u64>,
    pub(super) masked: Option<MaskedPhone>,
    /// What was done when the log was written, and what spoke first.
    pub(super) then: Option<(Seen, Option<Box<str>>)>,
}

impl Row {
    pub(super) fn of_trace(send: &SendPart<'_>, facts: &Facts, names: &mut Names) -> Result<Self, Fault> {
        let truth = &send.truth;
        let price = Money::from_units(truth.price)
            .ok_or_else(|| Fault::of("truth.price", "must be an amount from 0 to a billion"))?;
        let (scenario, class) = (names.name(&truth.scenario), names.name(&truth.class));
        let label = Some(truth.label);
        Ok(Self { label, price, ..Self::new((&*send.id).into(), facts, scenario, class) })
    }

    pub(super) fn of_log(logged: &Logged, names: &mut Names) -> Self {
        let (scenario, class) = (names.name(&logged.facts.endpoint), names.name(""));
        let row = Self::new(logged.id.clone(), &logged.facts, scenario, class);
        Self { price: logged.price, then: Some((logged.then, logged.reason.clone())), ..row }
    }

    fn new(id: Box<str>, facts: &Facts, scenario: Name, class: Name) -> Self {
        let phone = facts.phone();
        Self {
            id,
            at: facts.at,
            label: None,
            scenario,
            class,
            price: Money::default(),
            phone: phone.map(|phone| phone.id.short()),
            masked: phone.map(Phone::masked),
            then: None,
        }
    }
}

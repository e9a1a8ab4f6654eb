//! Requests for codes that wait for their answers, in trace order.

use std::collections::VecDeque;

use super::course::{Answer, Course, Judge};
use super::names::{Name, Names};
use crate::domain::{Facts, MaskedPhone, Money, Timestamp};
use crate::trace::{Fault, Label, SendPart};

/// A request for a code, as far as results name it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) id: Box<str>,
    pub(super) at: Timestamp,
    pub(super) label: Label,
    pub(super) scenario: Name,
    pub(super) class: Name,
    /// What the SMS costs.
    pub(super) price: Money,
    /// Short pseudonym of the phone.
    pub(super) phone: Option<u64>,
    pub(super) masked: Option<MaskedPhone>,
}

impl Row {
    pub(super) fn new(at: Timestamp, send: &SendPart<'_>, facts: &Facts, names: &mut Names) -> Result<Self, Fault> {
        let truth = &send.truth;
        let price = Money::from_units(truth.price)
            .ok_or_else(|| Fault::of("truth.price", "must be an amount from 0 to a billion"))?;
        let phone = facts.phone();
        Ok(Self {
            id: (&*send.id).into(),
            at,
            label: truth.label,
            scenario: names.name(&truth.scenario),
            class: names.name(&truth.class),
            price,
            phone: phone.map(|phone| phone.id.short()),
            masked: phone.map(crate::domain::Phone::masked),
        })
    }
}

/// Rows whose answers nobody has taken yet.
#[derive(Debug, Default)]
pub(super) struct Rows(VecDeque<Row>);

impl Rows {
    pub(super) fn push(&mut self, row: Row) {
        self.0.push_back(row);
    }

    /// Hands on every row whose answer is there, up to the first that waits for one.
    pub(super) fn settle<J: Judge, E>(
        &mut self,
        course: &mut Course<J>,
        mut take: impl FnMut(&Row, &Answer) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(answer) = course.take() {
            let Some(row) = self.0.pop_front() else { break };
            take(&row, &answer)?;
        }
        Ok(())
    }
}

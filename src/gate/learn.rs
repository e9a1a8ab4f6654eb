//! What became of codes: outcomes find their sessions and are counted.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Gate;
use crate::domain::{Country, DecisionId, OutcomeKind, Timestamp};
use crate::privacy::Pseudonym;
use crate::sessions::{Alias, ConversionKey, Found, Scope, Sessions, Tally};
use crate::telemetry::{OutcomeSource, Unmatched};

/// Which send an outcome is for.
#[derive(Clone, Debug)]
pub enum OutcomeTarget {
    /// The send of a decision.
    Decision(DecisionId),
    /// The session of a phone, at an endpoint or, where none is named, at any.
    Phone(Pseudonym, Option<Arc<str>>),
}

/// What an outcome found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// So many sends.
    Settled(usize),
    /// Only sends that had it before.
    Already,
    /// Nothing goes by that name, or its window has ended.
    Unmatched,
}

impl Gate {
    /// An app or a provider says what became of a code, and when.
    pub fn learn(&self, target: &OutcomeTarget, outcome: OutcomeKind, at: Timestamp) -> Learned {
        let aliases = match target {
            OutcomeTarget::Decision(decision) => vec![Alias::decision(*decision)],
            OutcomeTarget::Phone(phone, endpoint) => self.aliases_of_phone(*phone, endpoint.as_ref()),
        };
        self.learn_any(&aliases, outcome, OutcomeSource::Feed, at)
    }

    /// The first of `aliases` that finds a session is settled. Where phone and client are at odds neither is: an app may
    /// go by its session alone, and who verifies a number of its own there could name any other.
    pub(super) fn learn_any(
        &self,
        aliases: &[Alias],
        outcome: OutcomeKind,
        source: OutcomeSource,
        now: Timestamp,
    ) -> Learned {
        let revision = self.revision.load();
        let at_odds = self.sessions.at_odds(aliases, now);
        let mut learned = Learned::Unmatched;
        for alias in aliases.iter().filter(|alias| !(at_odds && alias.is_of_person())) {
            match self.sessions.settle(alias, outcome, now) {
                Found::Settled(sends) => {
                    // Who names no decision means the latest code: apps forget the ones before.
                    let own = if alias.is_decision() {
                        sends.iter().position(|send| alias.is_of(send.decision))
                    } else {
                        sends.len().checked_sub(1)
                    };
                    for (index, send) in sends.iter().enumerate() {
                        if outcome == OutcomeKind::Verified {
                            self.sighted.insert(&send.endpoint);
                        }
                        self.conversion.outcome(send, outcome);
                        self.watch.outcome(&send.endpoint, send.phone.as_ref(), send.at, outcome);
                        match send.charge {
                            Some(charge) if outcome != OutcomeKind::Verified || own == Some(index) => {
                                self.cells.outcome(&revision.kinds, charge, outcome, now);
                            }
                            Some(charge) => self.cells.settled(&revision.kinds, charge, now),
                            None => {}
                        }
                        self.tell.outcome(send, outcome, source, now);
                    }
                    return Learned::Settled(sends.len());
                }
                Found::Already => learned = Learned::Already,
                Found::Unmatched => {}
            }
        }
        if learned == Learned::Unmatched {
            self.tell.unmatched(outcome, source, if at_odds { Unmatched::AtOdds } else { Unmatched::NoSend });
        }
        learned
    }

    fn aliases_of_phone(&self, phone: Pseudonym, endpoint: Option<&Arc<str>>) -> Vec<Alias> {
        if let Some(name) = endpoint {
            return vec![Alias::phone(name, phone)];
        }
        let revision = self.revision();
        revision.endpoints.iter().map(|endpoint| Alias::phone(&endpoint.name, phone)).collect()
    }

    /// Sends, verified, delivered and undelivered of the last 24 hours, most sends first.
    pub fn conversion(&self) -> Vec<(ConversionKey, Tally)> {
        self.conversion.all(self.clock.now())
    }

    /// Countries that codes went to in the last 24 hours, with the share of their verifications that is missing for
    /// everyone.
    pub fn outages(&self) -> Vec<(Country, f32)> {
        let (now, kinds) = (self.clock.now(), &self.revision.load().kinds);
        let conversion = self.conversion.all(now);
        let countries = conversion.iter().filter_map(|(key, _)| match key.scope {
            Scope::Country(country) => Some(country),
            Scope::All | Scope::Range(_) => None,
        });
        let countries: BTreeSet<Country> = countries.collect();
        countries.into_iter().map(|country| (country, self.cells.outage_in(kinds, country, now))).collect()
    }

    /// Share of verifications that are missing for everyone, of each country that alerts count. Cheaper than
    /// [`Gate::outages`], and as of `now`.
    pub fn outages_at(&self, now: Timestamp) -> Vec<(Country, f32)> {
        let kinds = &self.revision.load().kinds;
        let countries = self.watch.countries().into_iter();
        countries.map(|country| (country, self.cells.outage_in(kinds, country, now))).collect()
    }

    /// The open sends, for metrics.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }
}

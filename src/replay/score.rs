//! The measures, by scenario and by class.
//!
//! - leaked: attack sends with an SMS, over attack sends; also in money.
//! - lost: legit sends without an SMS, and without one to the same phone by a request of the 120 s before, over legit
//!   sends. Requests count at the time of their lines, so whoever has the trace and the decisions counts the same.
//! - challenged: legit sends that were asked for a proof, over legit sends.
//! - before the first refusal: attack SMS before the first attack send without an SMS; also in money and time.

use std::collections::{BTreeMap, HashMap, VecDeque};

use foldhash::fast::RandomState;

use super::course::Answer;
use super::names::Name;
use super::rows::Row;
use crate::domain::{Money, Rung, Span, Timestamp, Verdict};
use crate::trace::Label;

/// How long an SMS serves whoever asks again.
const SERVES: Span = Span::seconds(120);

/// Counts by scenario and class.
#[derive(Debug, Default)]
pub(super) struct Score {
    pub(super) scenarios: BTreeMap<Name, Scenario>,
    pub(super) total: Counts,
    last_sms: LastSms,
}

/// One scenario.
#[derive(Debug, Default)]
pub(super) struct Scenario {
    pub(super) all: Counts,
    pub(super) classes: BTreeMap<Name, Counts>,
    pub(super) first_refusal: FirstRefusal,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) attack: Side,
    pub(super) legit: Side,
    /// Real users who got no SMS and had none.
    pub(super) lost: u64,
}

/// What was counted of attacks, or of real users.
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    pub(super) sends: u64,
    pub(super) money: Money,
    pub(super) sms: u64,
    pub(super) sms_money: Money,
    pub(super) challenged: u64,
    pub(super) solved: u64,
    /// As in [`VERDICTS`].
    pub(super) verdicts: [u64; 4],
    /// As in [`RUNGS`].
    pub(super) rungs: [u64; 4],
    pub(super) decided_by: BTreeMap<&'static str, u64>,
}

/// First answers.
pub(super) const VERDICTS: [&str; 4] = ["forward", "challenge", "cooldown", "block"];
/// Where attempts end.
pub(super) const RUNGS: [Rung; 4] = [Rung::None, Rung::Pow, Rung::Captcha, Rung::Block];

/// What an attack got before anything of it was refused. Where several traces have the scenario, in all of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FirstRefusal {
    pub(super) sms: u64,
    pub(super) money: Money,
    /// From the first attack send to the first one without an SMS; the longest of several traces.
    pub(super) after: Option<Span>,
    /// Whether an attack ran to its end without a refusal.
    pub(super) never: bool,
    /// The first attack send of this trace.
    began: Option<Timestamp>,
    /// Whether this trace had a refusal.
    refused: bool,
}

impl Score {
    /// Counts, and tells whether a real user was lost.
    pub(super) fn add(&mut self, row: &Row, answer: &Answer) -> bool {
        let served = row.phone.is_some_and(|phone| self.last_sms.serves(phone, row.at));
        if answer.sms
            && let Some(phone) = row.phone
        {
            self.last_sms.note(phone, row.at);
        }
        let Some(label) = row.label else { return false };
        let lost = label == Label::Legit && !answer.sms && !served;
        let scenario = self.scenarios.entry(row.scenario).or_default();
        let class = scenario.classes.entry(row.class).or_default();
        for counts in [&mut self.total, &mut scenario.all, class] {
            match label {
                Label::Attack => counts.attack.add(row, answer),
                Label::Legit => counts.legit.add(row, answer),
            }
            counts.lost += u64::from(lost);
        }
        if label == Label::Attack {
            scenario.first_refusal.add(row, answer);
        }
        lost
    }

    /// The next trace has a time of its own.
    pub(super) fn end_trace(&mut self) {
        self.last_sms = LastSms::default();
        self.scenarios.values_mut().for_each(|scenario| scenario.first_refusal.end_trace());
    }
}

impl Side {
    fn add(&mut self, row: &Row, answer: &Answer) {
        self.sends += 1;
        self.money += row.price;
        if answer.sms {
            self.sms += 1;
            self.sms_money += row.price;
        }
        if answer.challenge.is_some() {
            self.challenged += 1;
            self.solved += u64::from(answer.solved);
        }
        let verdict = match answer.first.verdict {
            Verdict::Forward => 0,
            Verdict::Challenge(_) => 1,
            Verdict::Cooldown { .. } | Verdict::Repeat => 2,
            Verdict::Block | Verdict::Reject => 3,
        };
        self.verdicts[verdict] += 1;
        let rung = RUNGS.iter().position(|rung| *rung == answer.rung);
        if let Some(count) = rung.and_then(|rung| self.rungs.get_mut(rung)) {
            *count += 1;
        }
        *self.decided_by.entry(answer.last.decided_by.name()).or_default() += 1;
    }
}

impl FirstRefusal {
    fn add(&mut self, row: &Row, answer: &Answer) {
        let began = *self.began.get_or_insert(row.at);
        if self.refused {
            return;
        }
        if answer.sms {
            self.sms += 1;
            self.money += row.price;
        } else {
            self.refused = true;
            self.after = self.after.max(Some(row.at.since(began)));
        }
    }

    fn end_trace(&mut self) {
        self.never |= self.began.is_some() && !self.refused;
        (self.began, self.refused) = (None, false);
    }
}

/// When phones last got an SMS, as long as it serves.
#[derive(Debug, Default)]
struct LastSms {
    times: HashMap<u64, Timestamp, RandomState>,
    order: VecDeque<(Timestamp, u64)>,
}

impl LastSms {
    fn serves(&mut self, phone: u64, now: Timestamp) -> bool {
        while let Some((at, phone)) = self.order.front().copied()
            && now.since(at) > SERVES
        {
            self.order.pop_front();
            if self.times.get(&phone) == Some(&at) {
                self.times.remove(&phone);
            }
        }
        self.times.contains_key(&phone)
    }

    fn note(&mut self, phone: u64, at: Timestamp) {
        self.times.insert(phone, at);
        self.order.push_back((at, phone));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_sms_serves_for_two_minutes_and_is_then_forgotten() {
        let at = |ms: u64| Timestamp::from_unix_ms(1_795_197_600_000 + ms);
        let mut last = LastSms::default();
        assert!(!last.serves(1, at(0)));
        last.note(1, at(0));
        last.note(2, at(60_000));
        assert!(last.serves(1, at(0)) && last.serves(1, at(120_000)));
        assert!(!last.serves(1, at(120_001)) && last.serves(2, at(120_001)));
        last.note(2, at(170_000));
        assert!(last.serves(2, at(200_000)), "the later SMS counts");
        assert!(!last.serves(3, at(400_000)));
        assert!(last.times.is_empty() && last.order.is_empty());
    }
}

//! One engine's way through a trace: the loop that the outcomes of a trace close.

use std::collections::VecDeque;
use std::sync::Arc;

use super::due::Due;
use super::judge::{Judge, Judgement};
use crate::domain::{
    ChallengeKind, Client, Decision, DecisionId, Facts, OutcomeKind, Pass, Reason, Rung, Span, Timestamp, Verdict,
};
use crate::trace::Outcome;

/// A client that takes longer to solve a challenge has not solved it.
pub(super) const CHALLENGE_TIME: Span = Span::minutes(10);
/// An outcome that comes later comes never: no session is open any more.
pub(super) const LATEST_OUTCOME: Span = Span::hours(24);
/// When a carrier's report of a failure comes.
const FAILURE_AFTER: Span = Span::seconds(20);
/// Challenges that one attempt meets at most: each rung once, and a pass that wasn't believed.
const MOST_ROUNDS: u32 = 4;
/// Outcomes that wait at the same time. One that finds no room is not learned.
const MOST_OUTCOMES: usize = 4_000_000;

/// How an attempt ended.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// What was decided first.
    pub(super) first: Arc<Decision>,
    /// What was decided last.
    pub(super) last: Arc<Decision>,
    /// Where it ended.
    pub(super) rung: Rung,
    /// The highest kind that was asked for.
    pub(super) challenge: Option<ChallengeKind>,
    /// Whether the client solved that.
    pub(super) solved: bool,
    /// Whether an SMS went out.
    pub(super) sms: bool,
    /// The last answer that asked for a proof.
    pub(super) asked: Option<Arc<Decision>>,
}

impl Answer {
    /// Why the attempt met what it met: of the last answer; where a message went out after a proof, of the one that
    /// asked for it.
    pub(super) fn reasons(&self) -> &[Reason] {
        let told = self.asked.as_ref().filter(|_| self.sms).unwrap_or(&self.last);
        &told.reasons
    }

    /// The first answer's name; a request that can't be read is refused like a blocked one.
    pub(super) fn verdict(&self) -> &'static str {
        match self.first.verdict {
            Verdict::Reject => Verdict::Block.name(),
            // Nothing goes out, and the client may come again.
            Verdict::Repeat => "cooldown",
            other => other.name(),
        }
    }
}

/// An attempt on its way.
struct Attempt {
    /// Its number among all attempts.
    number: u64,
    endpoint: usize,
    outcome: Outcome,
    first: Option<Arc<Decision>>,
    challenge: Option<ChallengeKind>,
    solved: Option<ChallengeKind>,
    asked: Option<Arc<Decision>>,
    rounds: u32,
}

/// What falls due.
enum Then {
    /// A client comes back with a pass.
    Solved(Box<(Attempt, Arc<Facts>, Pass)>),
    /// Something became of an SMS.
    Became(DecisionId, OutcomeKind),
}

/// An engine with what falls due, and the answers that nobody has taken yet.
pub(super) struct Course<J> {
    judge: J,
    due: Due<Then>,
    delivery_feed: bool,
    /// In trace order; `None` while a challenge is being solved.
    answers: VecDeque<Option<Answer>>,
    /// The number of the first of them.
    first: u64,
}

impl<J: Judge> Course<J> {
    pub(super) fn new(judge: J, delivery_feed: bool) -> Self {
        Self { judge, due: Due::new(), delivery_feed, answers: VecDeque::new(), first: 0 }
    }

    /// What it asks.
    pub(super) fn judge(&mut self) -> &mut J {
        &mut self.judge
    }

    /// Works off what is due by `now`, each thing at its time, and moves to `now`.
    pub(super) fn advance(&mut self, now: Timestamp) {
        while let Some((at, then)) = self.due.take(now) {
            self.happen(at, then);
        }
        self.judge.advance(now);
    }

    /// Works off all that is left behind the last line.
    pub(super) fn finish(&mut self) {
        while let Some((at, then)) = self.due.take(Timestamp::from_unix_ms(u64::MAX)) {
            self.happen(at, then);
        }
    }

    /// A page of the trace.
    pub(super) fn page(&mut self, client: &Client, at: Timestamp) {
        self.judge.page(client, at);
    }

    /// A request for a code.
    pub(super) fn send(&mut self, endpoint: usize, facts: Arc<Facts>, outcome: Outcome) {
        let number = self.first + self.answers.len() as u64;
        self.answers.push_back(None);
        let attempt =
            Attempt { number, endpoint, outcome, first: None, challenge: None, solved: None, asked: None, rounds: 0 };
        self.attempt(attempt, facts, None);
    }

    /// Whether the next answer in trace order is there.
    pub(super) fn is_ready(&self) -> bool {
        self.answers.front().is_some_and(Option::is_some)
    }

    /// The next answer in trace order, if it is there.
    pub(super) fn take(&mut self) -> Option<Answer> {
        let answer = self.answers.front_mut()?.take()?;
        self.answers.pop_front();
        self.first += 1;
        Some(answer)
    }

    fn happen(&mut self, at: Timestamp, then: Then) {
        self.judge.advance(at);
        match then {
            Then::Solved(solved) => {
                let (attempt, facts, pass) = *solved;
                let facts = Facts { at, ..Arc::unwrap_or_clone(facts) };
                self.attempt(attempt, facts.into(), Some(pass));
            }
            Then::Became(decision, outcome) => self.judge.learn(decision, outcome, at),
        }
    }

    fn attempt(&mut self, mut attempt: Attempt, facts: Arc<Facts>, pass: Option<Pass>) {
        let proven = pass.map(|pass| pass.rung).unwrap_or_default();
        let Judgement { facts, decision, sms } = self.judge.judge(attempt.endpoint, facts, pass);
        attempt.first.get_or_insert_with(|| Arc::clone(&decision));
        let kind = match decision.verdict {
            Verdict::Challenge(kind) if !sms => kind,
            Verdict::Challenge(_)
            | Verdict::Forward
            | Verdict::Cooldown { .. }
            | Verdict::Block
            | Verdict::Reject
            | Verdict::Repeat => {
                if sms {
                    self.follow(&attempt.outcome, &decision);
                }
                let rung = if sms { proven } else { Rung::Block };
                return self.settle(attempt, decision, rung, sms);
            }
        };
        attempt.challenge = attempt.challenge.max(Some(kind));
        attempt.asked = Some(Arc::clone(&decision));
        attempt.rounds += 1;
        let solve = Span::millis(attempt.outcome.solve_ms.unwrap_or_default());
        if attempt.outcome.solves.contains(&kind) && solve <= CHALLENGE_TIME && attempt.rounds <= MOST_ROUNDS {
            let pass = Pass { attempt: decision.id, rung: kind.rung(), unbound: None };
            attempt.solved = attempt.solved.max(Some(kind));
            self.due.put(facts.at + solve, Then::Solved(Box::new((attempt, facts, pass))));
        } else {
            let rung = attempt.challenge.map(ChallengeKind::rung).unwrap_or_default();
            self.settle(attempt, decision, rung, false);
        }
    }

    /// What becomes of an SMS that went out.
    fn follow(&mut self, outcome: &Outcome, decision: &Decision) {
        let sent = decision.at;
        let reported = match (self.delivery_feed, outcome.delivered) {
            (false, _) => None,
            (true, true) => outcome.delivery_ms.map(|ms| (Span::millis(ms), OutcomeKind::Delivered)),
            (true, false) => Some((FAILURE_AFTER, OutcomeKind::Undelivered)),
        };
        let verified = outcome.verify_ms.map(|ms| (Span::millis(ms), OutcomeKind::Verified));
        for (after, outcome) in reported.into_iter().chain(verified) {
            if after <= LATEST_OUTCOME && self.due.len() < MOST_OUTCOMES {
                self.due.put(sent + after, Then::Became(decision.id, outcome));
            }
        }
    }

    fn settle(&mut self, attempt: Attempt, last: Arc<Decision>, rung: Rung, sms: bool) {
        let Attempt { number, challenge, asked, .. } = attempt;
        let solved = attempt.solved >= challenge;
        let first = attempt.first.unwrap_or_else(|| Arc::clone(&last));
        let index = number.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        if let Some(place) = index.and_then(|index| self.answers.get_mut(index)) {
            *place = Some(Answer { first, last, rung, challenge, solved, sms, asked });
        }
    }
}

#[cfg(test)]
mod tests;

//! A decision log as a trace: what it says of an attempt and of what became of it, put together again.
//!
//! The log is read [`AHEAD`] of what is replayed, so that an attempt knows its outcome as a line of a trace does. What
//! never happened is imputed, always in the same way:
//!
//! - An SMS that went out then has the outcome that the log says. Whoever verified then would solve a challenge now,
//!   and whoever didn't would not, unless the log says that it solved one.
//! - Of attempts that were refused then, as many would verify (and solve what they are asked) as of those that were
//!   sent, chosen by a hash of the decision's id.
//! - Whoever left a challenge unsolved then leaves it unsolved now.

mod line;

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use serde::de::IgnoredAny;

use super::changes::Seen;
use crate::domain::{ChallengeKind, Facts, Money, OutcomeKind, Span, Timestamp};
use crate::journal::record::VERSION;
use crate::trace::{Fault, Outcome};
use line::LogLine;

/// How far the log is read ahead: verifications come within this time.
const AHEAD: Span = Span::minutes(10);
/// When an imputed verification comes: the median of real ones.
const IMPUTED_VERIFY: Span = Span::seconds(15);
/// How long an imputed solution takes.
const IMPUTED_SOLVE: Span = Span::seconds(5);

/// Whether a line is one of a decision log.
pub(super) fn is_log(line: &str) -> bool {
    serde_json::from_str::<LogLine<'_>>(line).is_ok()
}

/// An attempt of the log, complete.
pub(super) struct Logged {
    pub(super) id: Box<str>,
    pub(super) facts: Facts,
    /// Whether its address had loaded a page lately.
    pub(super) page_seen: bool,
    pub(super) price: Money,
    /// What was done then.
    pub(super) then: Seen,
    /// What spoke first then.
    pub(super) reason: Option<Box<str>>,
    pub(super) outcome: Outcome,
}

/// Lines that were read ahead.
#[derive(Default)]
pub(super) struct LogAhead {
    waiting: BTreeMap<(Timestamp, u64), Waiting>,
    by_id: HashMap<Box<str>, (Timestamp, u64)>,
    /// The latest challenged attempt of each phone and client.
    challenged: HashMap<u64, (Timestamp, u64)>,
    next: u64,
    latest: Timestamp,
    conversion: HashMap<Arc<str>, [u64; 2]>,
    /// Lines that a crash cut off.
    pub(super) torn: u64,
    /// Whole lines of JSON that no log has.
    pub(super) foreign: u64,
    /// Attempts that the app answered without a send: nobody knows what of.
    pub(super) not_sent: u64,
}

#[expect(clippy::struct_excessive_bools, reason = "what a log says, one by one")]
struct Waiting {
    id: Box<str>,
    facts: Facts,
    page_seen: bool,
    price: Money,
    verdict: &'static str,
    reason: Option<Box<str>>,
    forwarded: bool,
    challenged: bool,
    solved: Option<ChallengeKind>,
    solve_ms: u64,
    not_sent: bool,
    verify_ms: Option<u64>,
    delivered: Option<(bool, u64)>,
}

impl LogAhead {
    /// Takes in a line. `endpoint` gives the configuration's own name, or says that it has none of that name.
    pub(super) fn take(
        &mut self,
        text: &str,
        endpoint: impl FnOnce(&str) -> Result<Arc<str>, Fault>,
    ) -> Result<(), Fault> {
        let Ok(line) = serde_json::from_str::<LogLine<'_>>(text) else {
            match serde_json::from_str::<IgnoredAny>(text) {
                Ok(_) => self.foreign += 1,
                Err(_) => self.torn += 1,
            }
            return Ok(());
        };
        if line.v > VERSION {
            return Err(Fault::of("v", format!("is newer than {VERSION}, the version of the log that is read here")));
        }
        let at = Timestamp::from_rfc3339(&line.ts).ok_or_else(|| Fault::of("ts", "must be a time in RFC 3339"))?;
        self.latest = self.latest.max(at);
        match &*line.event {
            "decision" => return self.decision(&line, at, endpoint(&line.endpoint)?),
            "not_sent" => self.change(&line.decision, |waiting| waiting.not_sent = true),
            other => {
                if let Some(kind) = OutcomeKind::from_name(other) {
                    self.change(&line.decision, |waiting| waiting.became(kind, at));
                }
            }
        }
        Ok(())
    }

    /// The next attempt of which everything is known; at the end of the log, all of them one after another.
    pub(super) fn next(&mut self, at_end: bool) -> Option<Logged> {
        loop {
            let entry = self.waiting.first_entry().filter(|entry| at_end || entry.key().0 + AHEAD <= self.latest)?;
            let waiting = entry.remove();
            self.by_id.remove(&waiting.id);
            if waiting.forwarded && waiting.not_sent {
                self.not_sent += 1;
                continue;
            }
            let counts = self.conversion.entry(Arc::clone(&waiting.facts.endpoint)).or_default();
            if waiting.forwarded {
                counts[0] += 1;
                counts[1] += u64::from(waiting.verify_ms.is_some());
            }
            return Some(waiting.complete(*counts));
        }
    }

    fn decision(&mut self, line: &LogLine<'_>, at: Timestamp, endpoint: Arc<str>) -> Result<(), Fault> {
        let part = line.facts.as_ref().ok_or_else(|| Fault::of("facts", "is missing"))?;
        let facts = part.facts(at, endpoint).ok_or_else(|| Fault::of("facts", "is not as the log writes it"))?;
        let verdict = ["forward", "challenge", "cooldown", "block"].into_iter().find(|name| *name == line.verdict);
        // In monitor mode it was forwarded, whatever was decided.
        let verdict = if line.mode == "monitor" { "forward" } else { verdict.unwrap_or("block") };
        let forwarded = verdict == "forward";
        let who = who(&facts);
        let solved = proven(&line.proven);
        if let Some(solved) = solved
            && let Some(first) = self.challenged.get(&who).copied()
            && self.continues(first, solved, at, forwarded, &line.decision)
        {
            return Ok(());
        }
        let key = (at, self.next);
        self.next += 1;
        let challenged = verdict == "challenge";
        if challenged {
            self.challenged.retain(|_, (at, _)| *at + AHEAD > self.latest);
            self.challenged.insert(who, key);
        }
        self.by_id.insert((&*line.decision).into(), key);
        let waiting = Waiting {
            id: (&*line.decision).into(),
            facts,
            page_seen: line.page_seen,
            price: part.price(),
            verdict,
            reason: line.reasons.first().map(|reason| (&*reason.text).into()),
            forwarded,
            challenged,
            // By a widget, before it asked; or its challenge was in an older log.
            solved,
            solve_ms: 0,
            not_sent: false,
            verify_ms: None,
            delivered: None,
        };
        self.waiting.insert(key, waiting);
        Ok(())
    }

    /// A decision about a pass continues the attempt that was challenged.
    fn continues(
        &mut self,
        first: (Timestamp, u64),
        solved: ChallengeKind,
        at: Timestamp,
        forwarded: bool,
        id: &str,
    ) -> bool {
        let Some(waiting) = self.waiting.get_mut(&first) else { return false };
        waiting.solved = Some(solved);
        waiting.solve_ms = at.since(first.0).as_millis();
        waiting.forwarded = forwarded;
        self.by_id.insert(id.into(), first);
        true
    }

    fn change(&mut self, id: &str, change: impl FnOnce(&mut Waiting)) {
        if let Some(waiting) = self.by_id.get(id).and_then(|key| self.waiting.get_mut(key)) {
            change(waiting);
        }
    }
}

impl Waiting {
    fn became(&mut self, outcome: OutcomeKind, at: Timestamp) {
        let after = at.since(self.facts.at).as_millis().saturating_sub(self.solve_ms);
        match outcome {
            OutcomeKind::Verified => self.verify_ms = self.verify_ms.or(Some(after)),
            OutcomeKind::Delivered => self.delivered = Some((true, after)),
            OutcomeKind::Undelivered => self.delivered = Some((false, after)),
        }
    }

    fn complete(self, [sent, verified]: [u64; 2]) -> Logged {
        let lucky = chance(&self.id, sent) < verified;
        let both = || vec![ChallengeKind::Pow, ChallengeKind::Captcha];
        let imputed = IMPUTED_SOLVE.as_millis();
        let (solves, solve_ms) = match (self.solved, self.forwarded, self.challenged) {
            (Some(ChallengeKind::Pow), ..) => (vec![ChallengeKind::Pow], self.solve_ms),
            (Some(ChallengeKind::Captcha), ..) => (both(), self.solve_ms),
            (None, true, _) if self.verify_ms.is_some() => (both(), imputed),
            (None, false, false) if lucky => (both(), imputed),
            (None, ..) => (Vec::new(), 0),
        };
        let verify_ms = if self.forwarded { self.verify_ms } else { lucky.then_some(IMPUTED_VERIFY.as_millis()) };
        let outcome = Outcome {
            solves,
            solve_ms: Some(solve_ms),
            verify_ms,
            delivered: self.delivered.is_none_or(|(delivered, _)| delivered),
            delivery_ms: self.delivered.map(|(_, after)| after),
        };
        let then = Seen { verdict: self.verdict, sms: self.forwarded, challenged: self.challenged };
        let Self { id, facts, page_seen, price, reason, .. } = self;
        Logged { id, facts, page_seen, price, then, reason, outcome }
    }
}

fn proven(rung: &str) -> Option<ChallengeKind> {
    [ChallengeKind::Pow, ChallengeKind::Captcha].into_iter().find(|kind| kind.name() == rung)
}

/// The phone and the client (its address where it has no id) as one number.
fn who(facts: &Facts) -> u64 {
    let mut hasher = DefaultHasher::new();
    facts.phone().map(|phone| phone.id).hash(&mut hasher);
    facts.client.id.as_ref().map_or(facts.client.address.id, |client| client.id).hash(&mut hasher);
    hasher.finish()
}

/// A number below `of` that only the id decides.
fn chance(id: &str, of: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish() % of.max(1)
}

#[cfg(test)]
mod tests;

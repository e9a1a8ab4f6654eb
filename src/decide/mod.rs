//! Facts, and what the limits hold, to a decision. Pure: the same input gives the same decision, bit by bit.
//!
//! Must not know: where counts come from, who enforces, what time it is.

mod ladder;
mod listed;
mod policy;
mod prior;
mod ruled;
mod signals;
mod spent;
mod why;

pub use ladder::Standing;
pub(crate) use ladder::{RIGHT, TOLD_PRIOR};
pub use policy::{ChallengeBy, OnMissing, PageToken, Policy, Prior};
pub(crate) use prior::{page_part, parts as prior_parts, prior, with_page};
pub use spent::{after_budget, passes_soft};
pub use why::shown;

use std::sync::Arc;

use crate::cells::Kinds;
use crate::domain::{
    ChallengeKind, DecidedBy, Decision, DecisionId, Facts, Listed, Mode, NumberKind, PageCode, PassCode, PhoneFact,
    Reason, RevisionId, Rung, Span, Timestamp, Validity, Verdict,
};
use crate::limits::{Answer, Limit};

/// What one limit answered to an attempt.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The limit.
    pub limit: Arc<Limit>,
    /// Its answer.
    pub answer: Answer,
}

/// What names a decision and the state of knowledge it was made in.
#[derive(Clone, Debug)]
pub struct Circumstances<'a> {
    /// The decision's name.
    pub id: DecisionId,
    /// The configuration.
    pub revision: RevisionId,
    /// What the attempt has proven.
    pub proven: Rung,
    /// What the pass was worth that came with it.
    pub pass: Option<PassCode>,
    /// What the page's token was worth; `None` where the endpoint wants none.
    pub page: Option<PageCode>,
    /// No outcome has been seen at the endpoint.
    pub blind: bool,
    /// What a list that people fill by hand says. It has the first word.
    pub listed: Option<Listed>,
    /// How much evidence each kind of cell bears: what would have turned a decision is told by it.
    pub kinds: &'a Kinds,
}

/// A key that a full table can't count may try again then: by that time entries have expired.
const FULL_TABLE_WAIT: Span = Span::minutes(1);

/// Decides one attempt. What the endpoint doesn't accept is refused for good; what a limit has no room for, until
/// there is room. Every reason is told, the decisive one first.
///
/// Rules, then the ladder, have their say where nothing else refused. `standing` is what cells and look say; tries have none.
pub fn decide(
    policy: &Policy,
    facts: &Facts,
    readings: &[Reading],
    standing: Option<&Standing>,
    circumstances: &Circumstances<'_>,
) -> Decision {
    if let Some(listed) = &circumstances.listed {
        return listed::decide(policy, facts, standing, circumstances, listed);
    }
    let mut reasons = Vec::new();
    let mut verdict = Verdict::Forward;
    let mut decided_by = DecidedBy::Engine;
    if let Some((refusal, reason)) = refused_by_policy(policy, facts).or_else(|| refused_by_page(policy, circumstances))
        && (refusal == Verdict::Reject || !ruled::allows(standing))
    {
        (verdict, decided_by) = (refusal, DecidedBy::Rule);
        reasons.push(reason);
    }
    for reading in readings {
        let Some((refusal, reason)) = refused_by_limit(reading, facts.at) else { continue };
        reasons.push(reason);
        if reading.limit.mode == Mode::Monitor {
            continue;
        }
        if let Some(refusal) = refusal {
            let stricter = stricter(verdict, refusal);
            if stricter != verdict {
                decided_by = DecidedBy::Limit;
                let last = reasons.len() - 1;
                reasons.swap(0, last);
            }
            verdict = stricter;
        }
    }
    let rules = standing.map(|standing| &standing.rules);
    let mut heat = 0.0;
    if let Some(standing) = standing {
        let climb = standing.climb(circumstances.proven);
        heat = climb.heat;
        if verdict == Verdict::Forward {
            let mut ruled = ruled::ruled(policy, standing, climb.rung, circumstances, facts);
            (verdict, decided_by) = (ruled.verdict, ruled.decided_by);
            ruled.reasons.append(&mut reasons);
            reasons = ruled.reasons;
        }
    }
    if let PhoneFact::Unreadable(unreadable) = &facts.phone
        && policy.on_unreadable == OnMissing::Forward
    {
        reasons.push(Reason::Unreadable(unreadable.clone()));
    }
    if circumstances.blind {
        reasons.push(Reason::Blind);
    }
    Decision {
        id: circumstances.id,
        at: facts.at,
        endpoint: Arc::clone(&facts.endpoint),
        revision: circumstances.revision,
        verdict,
        trust: standing.map(|standing| standing.trust).unwrap_or_default(),
        proven: circumstances.proven,
        pass: circumstances.pass,
        page: circumstances.page,
        page_seen: standing.is_some_and(|standing| standing.page_seen),
        mode: policy.mode,
        score: score(verdict, readings, heat),
        decided_by,
        reasons,
        rules: rules.map(|rules| rules.hits.clone()).unwrap_or_default(),
        tags: rules.map(|rules| rules.tags.clone()).unwrap_or_default(),
        divert: rules.and_then(|rules| rules.divert),
    }
}

/// What the ladder asks for. Where clients can't answer a challenge there is a wait, which grows with each time that
/// the phone was told to wait in the last minutes.
fn on_the_ladder(policy: &Policy, rung: Rung, standing: &Standing, now: Timestamp) -> Verdict {
    let challenge = match rung {
        Rung::Pow => ChallengeKind::Pow,
        Rung::Captcha => ChallengeKind::Captcha,
        Rung::None | Rung::Block => return Verdict::Block,
    };
    if policy.challenge == ChallengeBy::None {
        return Verdict::Cooldown { until: now + standing.wait() };
    }
    Verdict::Challenge(challenge)
}

fn refused_by_policy(policy: &Policy, facts: &Facts) -> Option<(Verdict, Reason)> {
    let phone = match &facts.phone {
        PhoneFact::Present(phone) => phone,
        PhoneFact::Absent => {
            return (policy.on_no_phone == OnMissing::Refuse).then_some((Verdict::Reject, Reason::NoPhone));
        }
        PhoneFact::Unreadable(unreadable) => {
            let refused = policy.on_unreadable == OnMissing::Refuse;
            return refused.then(|| (Verdict::Reject, Reason::Unreadable(unreadable.clone())));
        }
    };
    if phone.validity == Validity::Impossible {
        return Some((Verdict::Block, Reason::ImpossibleNumber));
    }
    if !policy.countries.is_empty() && !phone.country.is_some_and(|country| policy.countries.contains(&country)) {
        return Some((Verdict::Block, Reason::Country(phone.country)));
    }
    policy.refuse_types.contains(&phone.kind).then_some((Verdict::Block, Reason::NumberKind(phone.kind)))
}

fn refused_by_page(policy: &Policy, circumstances: &Circumstances<'_>) -> Option<(Verdict, Reason)> {
    let page = circumstances.page.filter(|page| *page != PageCode::Good && policy.page_token == PageToken::Require);
    page.map(|page| (Verdict::Block, Reason::PageToken(page)))
}

/// `None`: the limit has room. The inner `None`: it speaks, but refuses nothing.
fn refused_by_limit(reading: &Reading, now: Timestamp) -> Option<(Option<Verdict>, Reason)> {
    let limit = &reading.limit;
    match reading.answer {
        Answer::Free { .. } => None,
        Answer::Untracked { refused } => {
            let verdict = refused.then(|| Verdict::Cooldown { until: now + FULL_TABLE_WAIT });
            Some((verdict, Reason::LimitTableFull { name: Arc::clone(&limit.name), refused }))
        }
        Answer::Full { count, until } => {
            let verdict = if limit.max == 0 { Verdict::Block } else { Verdict::Cooldown { until } };
            let reason = Reason::Limit {
                name: Arc::clone(&limit.name),
                key: limit.key_text().into(),
                what: limit.what().into(),
                count,
                max: limit.max,
                per: limit.per,
                until,
                enforced: limit.mode == Mode::Enforce,
            };
            Some((Some(verdict), reason))
        }
    }
}

/// The refusal that holds longer. What can't be judged at all comes first: it has to be mended by the client.
fn stricter(one: Verdict, other: Verdict) -> Verdict {
    match (one, other) {
        (Verdict::Reject, _) | (_, Verdict::Reject) => Verdict::Reject,
        (Verdict::Block, _) | (_, Verdict::Block) => Verdict::Block,
        (Verdict::Cooldown { until: a }, Verdict::Cooldown { until: b }) => Verdict::Cooldown { until: a.max(b) },
        (Verdict::Challenge(a), Verdict::Challenge(b)) => Verdict::Challenge(a.max(b)),
        (Verdict::Cooldown { until }, _) | (_, Verdict::Cooldown { until }) => Verdict::Cooldown { until },
        (Verdict::Repeat, Verdict::Challenge(_) | Verdict::Repeat) | (Verdict::Challenge(_), Verdict::Repeat) => {
            Verdict::Repeat
        }
        (Verdict::Forward, other) => other,
        (one, Verdict::Forward) => one,
    }
}

/// Below 50: how full the fullest enforced limit was before this attempt, or how hot the first rung of the ladder. From
/// 50 on that rung is closed, or a limit asks for a wait. 100: refused for good, or twice as hot as would do.
fn score(verdict: Verdict, readings: &[Reading], heat: f32) -> u8 {
    let heat = score_of(heat);
    match verdict {
        Verdict::Challenge(_) | Verdict::Cooldown { .. } => heat.max(50),
        Verdict::Block | Verdict::Reject => 100,
        Verdict::Forward | Verdict::Repeat => {
            readings.iter().map(fill_percent).max().map_or(0, |percent| percent / 2).max(heat)
        }
    }
}

/// Heat on the scale of scores.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
fn score_of(heat: f32) -> u8 {
    (heat * 50.0).clamp(0.0, 100.0) as u8
}

fn fill_percent(reading: &Reading) -> u8 {
    let (Answer::Free { count }, Mode::Enforce) = (&reading.answer, reading.limit.mode) else { return 0 };
    let percent = u64::from(count.saturating_sub(1)) * 98 / u64::from(reading.limit.max.max(1));
    u8::try_from(percent.min(98)).unwrap_or(98)
}

/// Number types that no code is sent to unless the operator says otherwise: none of them takes an SMS, and some of
/// them pay whoever owns them.
pub const REFUSED_TYPES: [NumberKind; 6] = [
    NumberKind::PremiumRate,
    NumberKind::SharedCost,
    NumberKind::TollFree,
    NumberKind::Pager,
    NumberKind::Uan,
    NumberKind::Voicemail,
];

#[cfg(test)]
mod tests;

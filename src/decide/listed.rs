//! What stands on a list by hand is decided by it alone: what was denied is refused, what was allowed passes.

use std::sync::Arc;

use super::{Circumstances, Policy, Standing};
use crate::domain::{DecidedBy, Decision, Facts, ListName, Listed, Reason, Verdict};

/// Decides one attempt by the entry that it falls under.
pub(super) fn decide(
    policy: &Policy,
    facts: &Facts,
    standing: Option<&Standing>,
    circumstances: &Circumstances<'_>,
    listed: &Listed,
) -> Decision {
    let (verdict, score) = match listed.list {
        ListName::Deny => (Verdict::Block, 100),
        ListName::Allow => (Verdict::Forward, 0),
    };
    let mut reasons = vec![Reason::Listed(listed.clone())];
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
        score,
        decided_by: DecidedBy::List,
        reasons,
        rules: Vec::new(),
        tags: Vec::new(),
        divert: None,
    }
}

//! Proofs whose work was asked for before the attempt was known: from a clean place, where the phone is in a hot one.

use super::evidence::{SCRIPT, stage};
use super::*;
use crate::challenge::solve;
use crate::decide::ChallengeBy;
use crate::domain::{ChallengeKind, PassCode, Rung};

/// A solved challenge for any phone, as a widget gets it.
fn solved(stage: &Stage) -> String {
    let revision = stage.gate.revision();
    let asker =
        from(8, None, "", |request| stage.gate.asker(&revision, &revision.endpoints[0], request, stage.gate.now()));
    let issued = stage.gate.challenges().issue_work(&revision.challenge, &asker, stage.gate.now()).unwrap();
    solve(&issued.altcha).unwrap()
}

/// A request of a script, which is asked for a proof wherever it comes from.
fn from<T>(last: u8, solved: Option<&str>, body: &str, then: impl FnOnce(&Request<'_>) -> T) -> T {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("user-agent", HeaderValue::from_static(SCRIPT));
    if let Some(solved) = solved {
        headers.insert("altcha", HeaderValue::try_from(solved).unwrap());
    }
    let body = Payload::Whole(body.as_bytes());
    let peer = IpAddr::from([198, 51, 100, last]);
    then(&Request { peer, method: &Method::POST, path: "/send", query: None, headers: &headers, body })
}

fn judge(stage: &Stage, solved: Option<&str>, body: &str) -> Arc<Decision> {
    from(9, solved, body, |request| stage.gate.judge(&stage.gate.revision(), 0, request)).decision
}

#[test]
fn work_that_was_asked_for_in_a_clean_place_does_not_count_in_a_hot_one() {
    let stage = stage(Mode::Enforce, ChallengeBy::Contract);
    stage.send(PHONE, 200);
    stage.pass(600);
    let hot = judge(&stage, None, PHONE);
    let light = solved(&stage);
    let explained = from(9, Some(&light), PHONE, |request| stage.gate.explain(&stage.gate.revision(), request));
    let Explanation::Judged { decision: explained, .. } = explained else { panic!("protected") };
    let refused = judge(&stage, Some(&light), PHONE);
    for decision in [&explained, &refused] {
        assert_eq!(decision.verdict, Verdict::Challenge(ChallengeKind::Pow));
        assert_eq!((decision.pass, decision.proven), (Some(PassCode::Light), Rung::None));
        assert_eq!(decision.score, hot.score, "what it is asked for now");
    }
    assert_eq!(judge(&stage, Some(&light), OTHER).pass, Some(PassCode::Spent), "it is used up");
    let passed = judge(&stage, Some(&solved(&stage)), OTHER);
    assert_eq!((passed.verdict, passed.pass), (Verdict::Forward, Some(PassCode::Counts)), "in a clean place it counts");
}

//! A verification that names two people.

use super::*;
use crate::domain::ClientSource;
use crate::telemetry::{EvidenceStats, Snapshot};

fn exposed(stage: &Stage) -> String {
    let (evidence, revision) = (EvidenceStats::default(), stage.gate.revision().id);
    stage.metrics.render(&Snapshot { tables: vec![], open_sends: 0, evidence, drift: vec![], revision })
}

/// A request of a client.
fn request_by<T>(sid: &str, path: &str, body: &str, then: impl FnOnce(&Request<'_>) -> T) -> T {
    request(path, body, |request| {
        let mut headers = request.headers.clone();
        headers.insert("cookie", HeaderValue::try_from(format!("sid={sid}")).unwrap());
        then(&Request { headers: &headers, ..*request })
    })
}

#[test]
fn a_verification_that_names_another_clients_phone_settles_neither() {
    const A: &str = r#"{"phone":"+447402417171"}"#;
    const B: &str = r#"{"phone":"+447402417172"}"#;
    let by_cookie = crate::extract::Settings { client: vec![ClientSource::Cookie("sid".into())], ..endpoint().extract };
    for match_by in [[MatchKey::Phone, MatchKey::Client], [MatchKey::Client, MatchKey::Phone]] {
        let stage = || {
            let endpoint = Endpoint { extract: by_cookie.clone(), match_by: match_by.to_vec(), ..endpoint() };
            Stage::with(&[], endpoint)
        };
        let ask = |stage: &Stage, sid: &str, body: &str| {
            let revision = stage.gate.revision();
            let judged = request_by(sid, "/send", body, |request| stage.gate.judge(&revision, 0, request));
            judged.permit.unwrap().settle(&answer(200, &HeaderMap::new()));
        };
        let verify = |stage: &Stage, sid: &str, body: &str| {
            let revision = stage.gate.revision();
            let tried = request_by(sid, "/verify", body, |request| stage.gate.judge_try(&revision, 0, request));
            assert!(tried.permit.unwrap().settle(&answer(200, &HeaderMap::new())));
            stage.tally().verified
        };
        let both = || {
            let stage = stage();
            ask(&stage, "a", A);
            ask(&stage, "b", B);
            stage
        };
        let whitewashed = both();
        assert_eq!(verify(&whitewashed, "a", B), 0);
        let label = "sendwall_unmatched_outcomes_total{source=\"verify\",outcome=\"verified\",why=\"at_odds\"} 1";
        assert!(exposed(&whitewashed).contains(label));
        assert_eq!(verify(&whitewashed, "a", A), 1, "its own counts");

        assert_eq!(verify(&both(), "c", B), 1, "typed in on another device");
        assert_eq!(verify(&both(), "b", "{}"), 1, "the client alone");
        let asked_twice = both();
        ask(&asked_twice, "a", B);
        assert_eq!(verify(&asked_twice, "b", B), 2, "asked for by both");
        let corrected = both();
        ask(&corrected, "a", r#"{"phone":"+447402417173"}"#);
        assert!(verify(&corrected, "a", A) > 0, "the one that it asked for before");
        let later = both();
        later.at(Span::minutes(9));
        ask(&later, "b", B);
        later.at(Span::minutes(11));
        assert_eq!(verify(&later, "a", B), 2, "its own code has expired");
    }
}

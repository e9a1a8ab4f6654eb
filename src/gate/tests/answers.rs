//! What an answer comes to that can't be read, and a verification that names two people.

use super::*;
use crate::domain::ClientSource;
use crate::telemetry::{EvidenceStats, Snapshot};

const JSON_SENT: &str = r#"{"ok":true}"#;

fn sending(sent_if: &str) -> Endpoint {
    Endpoint { sent_if: Expression::parse(sent_if, &EXCHANGE).unwrap(), ..endpoint() }
}

fn verifying(verified_if: &str) -> Endpoint {
    Endpoint { verified_if: Some(Expression::parse(verified_if, &EXCHANGE).unwrap()), ..endpoint() }
}

fn encoded() -> HeaderMap {
    HeaderMap::from_iter([(http::header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))])
}

/// Statuses with bodies that can't be read, and why.
const UNREADABLE: [(Result<&[u8], Unread>, &str); 6] = [
    (Ok(b""), "empty"),
    (Ok(b"<h1>Sent</h1>"), "not_json"),
    (Ok(b"cb({\"ok\":true})"), "not_json"),
    (Ok(b"\xff\xfe"), "not_json"),
    (Err(Unread::TooLarge), "too_large"),
    (Err(Unread::Cut), "cut"),
];

fn exposed(stage: &Stage) -> String {
    let (evidence, revision) = (EvidenceStats::default(), stage.gate.revision().id);
    stage.metrics.render(&Snapshot { tables: vec![], open_sends: 0, evidence, drift: vec![], revision })
}

fn unread(stage: &Stage, condition: &str, why: &str) -> bool {
    let label = format!("sendwall_unread_answers_total{{endpoint=\"login\",condition=\"{condition}\",why=\"{why}\"}}");
    exposed(stage).contains(&label)
}

#[test]
fn a_send_whose_answer_cannot_be_read_counts_where_it_may_have_been_one() {
    for (body, why) in UNREADABLE {
        for (sent_if, status, sent, hangs_on_it) in [
            ("json(\"/ok\") == true", 200, true, true),
            ("status < 300 && json(\"/ok\") == true", 200, true, true),
            ("status < 300 && json(\"/ok\") == true", 302, false, false),
            ("status < 300 && !has(json(\"/error\"))", 400, false, false),
            ("status == 204 || json(\"/ok\") == true", 204, true, false),
            ("status < 300 && !(json(\"/error\") != \"\")", 200, true, true),
        ] {
            let stage = Stage::with(&once_a_minute(), sending(sent_if));
            let headers = HeaderMap::new();
            let answer = UpstreamAnswer { status, headers: &headers, body };
            assert_eq!(stage.judge(PHONE).permit.unwrap().settle(&answer), sent, "{sent_if} {why}");
            assert_eq!(unread(&stage, "sent_if", why), hangs_on_it, "{sent_if} {why}");
            assert_eq!(stage.send(PHONE, 400), if sent { "cooldown" } else { "forward" }, "{sent_if} {why}");
        }
    }
    let stage = Stage::with(&once_a_minute(), sending("json(\"/ok\") == true"));
    let answer = UpstreamAnswer { status: 200, headers: &encoded(), body: Ok(b"\x1f\x8b") };
    assert!(stage.judge(PHONE).permit.unwrap().settle(&answer));
    assert!(unread(&stage, "sent_if", "content_encoding"));
}

#[test]
fn an_answer_that_can_be_read_is_taken_at_its_word() {
    for (body, sent) in [(JSON_SENT, true), (r#"{"ok":false}"#, false), ("{}", false), ("null", false)] {
        let stage = Stage::with(&once_a_minute(), sending("json(\"/ok\") == true"));
        let answer = UpstreamAnswer { status: 200, headers: &encoded(), body: Ok(body.as_bytes()) };
        assert_eq!(stage.judge(PHONE).permit.unwrap().settle(&answer), sent, "{body}");
    }
}

#[test]
fn a_try_whose_answer_cannot_be_read_verifies_nothing_and_is_free_only_where_that_is_the_apps_doing() {
    let tries = [limit("tries", On::Verify, KeyPart::Phone, 1, Span::minutes(15))];
    let after = |verified_if: &str, status, headers: &HeaderMap, body| {
        let stage = Stage::with(&tries, verifying(verified_if));
        assert_eq!(stage.send(PHONE, 200), "forward");
        let tried = request("/verify", PHONE, |request| stage.gate.judge_try(&stage.gate.revision(), 0, request));
        assert!(!tried.permit.unwrap().settle(&UpstreamAnswer { status, headers, body }));
        assert_eq!(stage.tally().verified, 0);
        let free = stage.verify(PHONE, false).is_none();
        (free, stage)
    };
    let (plain, either) = (HeaderMap::new(), "status == 200 && json(\"/ok\") == true");
    for (body, why) in UNREADABLE {
        let (free, stage) = after(either, 200, &plain, body);
        assert!(!free && unread(&stage, "verified_if", why), "who guesses can bring it about: {why}");
        let (free, stage) = after(either, 403, &plain, body);
        assert!(!free && !unread(&stage, "verified_if", why), "wrong whatever it says: {why}");
        assert!(after("json(\"/ok\") == true", 500, &plain, body).0, "an error of the app: {why}");
    }
    let (free, stage) = after(either, 200, &encoded(), Ok(b"\x1f\x8b"));
    assert!(free && unread(&stage, "verified_if", "content_encoding"));
    assert!(!after(either, 403, &encoded(), Ok(b"\x1f\x8b")).0);
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

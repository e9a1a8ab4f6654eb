//! Against ALTCHA's own library for Rust: it solves and accepts what is issued here, and what it issues and solves under the
//! same secrets is accepted here.

use std::collections::BTreeMap;
use std::sync::Arc;

use altcha::{
    CreateChallengeOptions, SolveChallengeOptions, VerifySolutionOptions, create_challenge, solve_challenge,
    verify_solution,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sendwall::challenge::{Asker, Binding, Bound, Challenges, Effort, Parts, Settings, Unsolved, altcha_v2};
use sendwall::clock::{Clock, SystemClock};
use sendwall::domain::DecisionId;
use sendwall::privacy::{KeyRing, Pseudonym, Purpose};
use sendwall::telemetry::Metrics;
use serde_json::json;

use super::client::to_hex;

/// The library reads the clock itself.
fn clock() -> Arc<SystemClock> {
    Arc::new(SystemClock::start())
}

fn solved(challenge: &altcha::Challenge) -> (altcha::Solution, String) {
    let solution = solve_challenge(SolveChallengeOptions::new(challenge)).unwrap().unwrap();
    let payload = json!({ "challenge": challenge, "solution": solution });
    (solution, STANDARD.encode(payload.to_string()))
}

#[test]
fn it_solves_and_accepts_what_is_issued_here() {
    let clock = clock();
    let metrics = Metrics::new("test", Arc::<SystemClock>::clone(&clock));
    let challenges = Challenges::new(Parts::fixed(Arc::clone(metrics.challenges())));
    let settings = Settings { effort: Effort::Light, ..Settings::default() };
    let attempt = DecisionId::new(clock.now(), 1);
    let binding = Binding { attempt, endpoint: "login".into(), phone: Bound::Any, client: None };
    let asker = Asker { binding, address: Pseudonym::from_bits(1), score: 50 };
    let issued = challenges.issue_work(&settings, &asker, clock.now()).unwrap();
    let challenge: altcha::Challenge = serde_json::from_value(json!(issued.altcha)).unwrap();
    let (solution, payload) = solved(&challenge);
    let secret = |purpose| to_hex(&KeyRing::fixed(1).derive(purpose));
    let verify = |options| verify_solution(options).unwrap().verified;
    let options = || VerifySolutionOptions::new(&challenge, &solution, secret(Purpose::Altcha));
    assert!(verify(options()), "by deriving the key again");
    let fast = Some(secret(Purpose::AltchaKey));
    assert!(verify(VerifySolutionOptions { hmac_key_signature_secret: fast, ..options() }), "by the key's signature");
    assert!(challenges.solve_work(&settings, &payload, clock.now()).is_ok());
}

#[test]
fn what_it_issues_and_solves_is_accepted_here() {
    let now = clock().now();
    let keys = [altcha_v2::Keys::new(b"one", b"two")];
    let options = |counter| CreateChallengeOptions {
        counter,
        cost: 1000,
        data: Some(BTreeMap::from([("scene".to_owned(), "login/é\"".into())])),
        expires_at: i64::try_from(now.unix_s() + 60).ok(),
        hmac_signature_secret: Some("one".to_owned()),
        hmac_key_signature_secret: Some("two".to_owned()),
        ..CreateChallengeOptions::default()
    };
    let (_, payload) = solved(&create_challenge(options(Some(37))).unwrap());
    let accepted = altcha_v2::check(&keys, &payload, now).unwrap();
    assert_eq!((accepted.cost, accepted.data["scene"].as_str()), (1000, "login/é\""));
    let (_, payload) = solved(&create_challenge(options(None)).unwrap());
    let refused = altcha_v2::check(&keys, &payload, now).unwrap_err();
    assert_eq!(refused, Unsolved::Malformed, "its other mode has no end to its work");
}

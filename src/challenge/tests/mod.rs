//! Solutions and passes by a clock that the test moves: what must count, and everything that must not.
#![expect(clippy::string_slice, reason = "hexadecimal digits")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::altcha_v2::Parameters;
use super::*;
use crate::domain::{DecisionId, Rung};
use crate::telemetry::Metrics;

mod any;
mod older;

const START: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);

fn challenges() -> Arc<Challenges> {
    let clock = Arc::new(crate::clock::ManualClock::at(START));
    let metrics = Metrics::new("test", clock);
    Arc::new(Challenges::new(Parts::fixed(Arc::clone(metrics.challenges()))))
}

fn settings() -> Settings {
    Settings { effort: Effort::Light, ..Settings::default() }
}

fn name(bits: u128) -> Pseudonym {
    Pseudonym::from_bits(bits)
}

fn binding() -> Binding {
    let attempt = DecisionId::new(START, 7);
    Binding { attempt, endpoint: "login".into(), phone: Bound::To(Some(name(1))), client: Some(name(2)) }
}

fn asker() -> Asker {
    Asker { binding: binding(), address: name(3), score: 0 }
}

const BEARER: Bearer<'_> =
    Bearer { endpoint: "login", phone: Some(Pseudonym::from_bits(1)), client: Some(Pseudonym::from_bits(2)) };

fn after(span: Span) -> Timestamp {
    START + span
}

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap()
}

/// What a client does.
fn solved(challenge: &Challenge) -> Value {
    let Parameters { nonce, salt, cost, key_prefix, .. } = &challenge.parameters;
    let (nonce, salt, cost) = (bytes(nonce), bytes(salt), std::num::NonZeroU32::new(*cost).unwrap());
    let keys = (0..).map(|counter| (counter, hex::encode(&altcha_v2::derive(nonce, salt, counter, cost))));
    let (counter, key) = keys.into_iter().find(|(_, key)| key.starts_with(key_prefix.as_str())).unwrap();
    json!({ "challenge": challenge, "solution": { "counter": counter, "derivedKey": key, "time": 12.5 } })
}

fn packed(payload: &Value) -> String {
    STANDARD.encode(payload.to_string())
}

#[test]
fn a_solution_gives_a_pass_that_counts_once() {
    let (challenges, settings) = (challenges(), settings());
    let issued = challenges.issue_work(&settings, &asker(), START).unwrap();
    assert_eq!(issued.expires, after(Span::minutes(5)).unix_s());
    let payload = packed(&solved(&issued.altcha));
    let redeemed = challenges.solve_work(&settings, &payload, after(Span::minutes(4))).unwrap();
    assert!(redeemed.knows_client);
    assert_eq!(challenges.solve_work(&settings, &payload, after(Span::minutes(4))).unwrap_err(), Unsolved::Spent);
    let pass = |at| challenges.hold(&redeemed.pass, &BEARER, at);
    let now = after(Span::minutes(8));
    let held = pass(now).unwrap();
    assert_eq!(held.pass(), Pass { attempt: binding().attempt, rung: Rung::Pow, unbound: None });
    assert_eq!(pass(now).unwrap_err(), PassCode::Spent);
    drop(held);
    assert_eq!(challenges.look_at(&redeemed.pass, &BEARER, now), pass(now).map(|held| held.pass()));
    pass(now).unwrap().burn();
    assert_eq!(pass(now).unwrap_err(), PassCode::Spent);
    assert_eq!(challenges.look_at(&redeemed.pass, &BEARER, now), Err(PassCode::Spent));
    assert_eq!(pass(after(Span::minutes(9))).unwrap_err(), PassCode::Expired);
}

#[test]
fn a_challenge_that_outlives_its_pass_gives_no_second_one() {
    let challenges = challenges();
    for pass_lifetime in [Span::seconds(30), Span::minutes(10)] {
        let settings = Settings { pass_lifetime, ..settings() };
        let payload = packed(&solved(&challenges.issue_work(&settings, &asker(), START).unwrap().altcha));
        let solve = |at| challenges.solve_work(&settings, &payload, after(at)).map(|redeemed| redeemed.lifetime);
        assert_eq!(solve(Span::minutes(1)), Ok(pass_lifetime));
        assert_eq!(solve(Span::minutes(2)), Err(Unsolved::Spent));
        assert_eq!(solve(Span::seconds(299)), Err(Unsolved::Spent));
        assert_eq!(solve(Span::minutes(5)), Err(Unsolved::Expired));
    }
}

#[test]
fn a_pass_counts_for_whom_it_was_made_out_to() {
    let (challenges, settings) = (challenges(), settings());
    let ticket = |binding: Binding| {
        let asker = Asker { binding, ..asker() };
        challenges.ticket(&settings, &asker, ChallengeKind::Captcha, START).unwrap()
    };
    let pass = |binding| challenges.redeem(&settings, &ticket(binding), START).unwrap().pass;
    let strict = pass(binding());
    let any = pass(Binding { phone: Bound::Any, client: None, ..binding() });
    let without = pass(Binding { phone: Bound::To(None), ..binding() });
    let look = |pass: &str, bearer| challenges.look_at(pass, &bearer, START).map(|pass| pass.rung);
    for (pass, bearer, expected) in [
        (&strict, BEARER, Ok(Rung::Captcha)),
        (&strict, Bearer { endpoint: "signup", ..BEARER }, Err(PassCode::OtherEndpoint)),
        (&strict, Bearer { phone: Some(name(9)), ..BEARER }, Err(PassCode::OtherPhone)),
        (&strict, Bearer { phone: None, ..BEARER }, Err(PassCode::OtherPhone)),
        (&strict, Bearer { client: Some(name(9)), ..BEARER }, Err(PassCode::OtherClient)),
        (&strict, Bearer { client: None, ..BEARER }, Err(PassCode::OtherClient)),
        (&strict, Bearer { phone: BEARER.client, client: BEARER.phone, ..BEARER }, Err(PassCode::OtherPhone)),
        (&any, Bearer { phone: Some(name(9)), client: None, ..BEARER }, Ok(Rung::Captcha)),
        (&any, Bearer { endpoint: "signup", ..BEARER }, Err(PassCode::OtherEndpoint)),
        (&without, BEARER, Err(PassCode::OtherPhone)),
        (&without, Bearer { phone: None, ..BEARER }, Ok(Rung::Captcha)),
    ] {
        assert_eq!(look(pass, bearer), expected, "{bearer:?}");
    }
    let token = challenges.token(&ticket(binding()));
    assert_eq!(look(&token, BEARER), Err(PassCode::Invalid), "a ticket is no pass");
    assert_eq!(challenges.read_ticket(&strict, START), Err(Unsolved::Unknown), "a pass is no ticket");
}

#[test]
fn a_form_that_is_carried_along_is_no_page_token_and_no_picture() {
    let challenges = challenges();
    for length in 0..64 {
        let form = challenges.secrets.seals.seal_text(&"1".repeat(length));
        let page = challenges.check_page(&PageSettings::default(), Some(&form), None, false, START);
        assert_eq!(page, crate::domain::PageCode::Forged, "{length}");
        assert_eq!(challenges.picture(&form, captcha::Medium::Png, START), None, "{length}");
    }
}

#[test]
fn nobody_can_tell_from_two_tickets_that_they_are_for_one_phone() {
    let (challenges, settings) = (challenges(), settings());
    let tickets = [(); 2].map(|()| challenges.ticket(&settings, &asker(), ChallengeKind::Pow, START).unwrap());
    let [one, other] = tickets;
    assert_ne!((one.phone, one.client, one.endpoint), (other.phone, other.client, other.endpoint));
    assert_ne!(one.nonce, other.nonce);
}

/// A solved challenge, to be changed.
struct Solved {
    good: Value,
    other: Value,
    key: String,
}

impl Solved {
    fn by(challenges: &Challenges) -> Self {
        let solve = || solved(&challenges.issue_work(&settings(), &asker(), START).unwrap().altcha);
        let (good, other) = (solve(), solve());
        let key = good["solution"]["derivedKey"].as_str().unwrap().to_owned();
        Self { good, other, key }
    }

    fn with(&self, path: &str, value: impl Into<Value>) -> Value {
        let mut changed = self.good.clone();
        *changed.pointer_mut(path).unwrap() = value.into();
        changed
    }

    fn without(&self, path: &str, field: &str) -> Value {
        let mut changed = self.good.clone();
        changed.pointer_mut(path).unwrap().as_object_mut().unwrap().remove(field);
        changed
    }

    fn upper(&self, path: &str) -> Value {
        self.with(path, self.good.pointer(path).unwrap().as_str().unwrap().to_uppercase())
    }

    fn with_others(&self, path: &str) -> Value {
        self.with(path, self.other.pointer(path).unwrap().clone())
    }
}

/// Each of these is a bug that some ALTCHA library had.
#[test]
fn solutions_that_must_be_rejected_are() {
    let challenges = challenges();
    let solved = Solved::by(&challenges);
    let with = |value: Value| solved.with("/solution/derivedKey", value);
    let count = |value: Value| solved.with("/solution/counter", value);
    let key = &solved.key;
    for (what, payload, expected) in [
        ("a key that does not begin with the prefix", with("ab".repeat(32).into()), Unsolved::Wrong),
        ("no more than the prefix", with(format!("{}{}", &key[..32], "0".repeat(32)).into()), Unsolved::Wrong),
        ("another challenge's key", solved.with_others("/solution"), Unsolved::Wrong),
        ("a fraction", count(json!(1.5)), Unsolved::Malformed),
        ("a whole fraction", count(json!(37.0)), Unsolved::Malformed),
        ("below zero", count(json!(-1)), Unsolved::Malformed),
        ("beyond 32 bits", count(json!(4_294_967_296_u64)), Unsolved::Malformed),
        ("a counter as text", count(json!("37")), Unsolved::Malformed),
        ("an upper-case key", solved.upper("/solution/derivedKey"), Unsolved::Malformed),
        ("an odd key", with(key[1..].into()), Unsolved::Malformed),
        ("a longer key", with(format!("{key}00").into()), Unsolved::Malformed),
        ("no solution", solved.without("", "solution"), Unsolved::Malformed),
        ("no key", solved.without("/solution", "derivedKey"), Unsolved::Malformed),
        ("an array", json!([solved.good]), Unsolved::Malformed),
    ] {
        assert_eq!(challenges.solve_work(&settings(), &packed(&payload), START).unwrap_err(), expected, "{what}");
    }
    let text = packed(&solved.good);
    for (what, text) in [
        ("nothing", ""),
        ("no base64", "{}"),
        ("base64 of the URL kind", &text.replace('+', "-").replace('/', "_").replace('=', "")),
        ("white space", &format!(" {text}")),
        ("two of them", &format!("{text}{text}")),
        ("too long", &"A".repeat(4100)),
    ] {
        let found = challenges.solve_work(&settings(), text, START).unwrap_err();
        assert_eq!(found, Unsolved::Malformed, "{what}");
    }
    let late = challenges.solve_work(&settings(), &text, after(Span::minutes(5))).unwrap_err();
    assert_eq!(late, Unsolved::Expired);
    assert_eq!(challenges.usage().0, 0, "nothing of this was stored");
    assert!(challenges.solve_work(&settings(), &text, START).is_ok(), "and the challenge is still good");
}

#[test]
fn challenges_that_were_changed_are_rejected() {
    let challenges = challenges();
    let solved = Solved::by(&challenges);
    let (parameters, signature) = ("/challenge/parameters", "/challenge/signature");
    let with = |field: &str, value: Value| solved.with(&format!("{parameters}/{field}"), value);
    for (what, payload, expected) in [
        ("no signature", solved.without("/challenge", "signature"), Unsolved::Malformed),
        ("null for a signature", solved.with(signature, Value::Null), Unsolved::Malformed),
        ("an empty signature", solved.with(signature, ""), Unsolved::Malformed),
        ("an upper-case signature", solved.upper(signature), Unsolved::Malformed),
        ("another's signature", solved.with_others(signature), Unsolved::Unknown),
        ("no key signature", solved.without(parameters, "keySignature"), Unsolved::Malformed),
        ("an empty prefix", with("keyPrefix", "".into()), Unsolved::Unknown),
        ("a shorter prefix", with("keyPrefix", solved.key[..2].into()), Unsolved::Unknown),
        ("a prefix as long as the key", with("keyPrefix", solved.key.as_str().into()), Unsolved::Unknown),
        ("a shorter key length", with("keyLength", json!(16)), Unsolved::Unknown),
        ("another algorithm", with("algorithm", "SHA-256".into()), Unsolved::Unknown),
        ("less cost", with("cost", json!(1)), Unsolved::Unknown),
        ("no cost", with("cost", json!(0)), Unsolved::Unknown),
        ("a later end", with("expiresAt", json!(4_102_444_800_u64)), Unsolved::Unknown),
        ("no end", solved.without(parameters, "expiresAt"), Unsolved::Malformed),
        ("another's ticket", solved.with_others("/challenge/parameters/data/ticket"), Unsolved::Unknown),
        ("no data", solved.without(parameters, "data"), Unsolved::Unknown),
        ("more data", with("data", json!({ "ticket": "x", "more": "y" })), Unsolved::Unknown),
        ("a field of no meaning", solved.with(parameters, json!({ "memoryCost": 1 })), Unsolved::Malformed),
    ] {
        assert_eq!(challenges.solve_work(&settings(), &packed(&payload), START).unwrap_err(), expected, "{what}");
    }
    let twice = solved.good.to_string().replacen("\"cost\":1000", "\"cost\":1,\"cost\":1000", 1);
    let found = challenges.solve_work(&settings(), &STANDARD.encode(twice), START).unwrap_err();
    assert_eq!(found, Unsolved::Malformed, "a field twice");
}

/// What was signed with the secret, but is none of ours: a second program that asks for less.
#[test]
fn challenges_of_another_kind_are_rejected_whoever_signed_them() {
    let keys = [altcha_v2::Keys::new(b"one", b"two")];
    let (token, work) = ("ticket", (Work { cost: 100, counters: 3 }, 0));
    let ticket = challenges().ticket(&settings(), &asker(), ChallengeKind::Pow, START).unwrap();
    let good = altcha_v2::issue(&keys, &ticket, token, work, 5);
    let check = |parameters: Parameters| {
        let challenge = altcha_v2::signed(&keys, parameters);
        let mut payload = solved(&good);
        payload["challenge"] = json!(challenge);
        altcha_v2::verify(&keys, &packed(&payload), START)
    };
    let parameters = || good.parameters.clone();
    assert_eq!(check(parameters()).as_deref(), Ok(token));
    for changed in [
        Parameters { cost: 99, ..parameters() },
        Parameters { algorithm: "SHA-256".to_owned(), ..parameters() },
        Parameters { algorithm: "pbkdf2/sha-256".to_owned(), ..parameters() },
        Parameters { key_length: 16, ..parameters() },
        Parameters { key_prefix: String::new(), ..parameters() },
        Parameters { key_prefix: parameters().key_prefix[..2].to_owned(), ..parameters() },
        Parameters { data: std::collections::BTreeMap::default(), ..parameters() },
    ] {
        assert_eq!(check(changed), Err(Unsolved::Unknown));
    }
    assert_eq!(check(Parameters { expires_at: 0, ..parameters() }), Err(Unsolved::Expired));
}

/// Made with ALTCHA's own library for JavaScript, version 2.8.0.
#[test]
fn the_vectors_of_the_makers_library() {
    let keys = [altcha_v2::Keys::new(b"smsfw-test-hmac-secret", b"smsfw-test-key-secret")];
    let parameters = json!({
        "algorithm": "PBKDF2/SHA-256", "cost": 1000, "data": { "scene": "login" }, "expiresAt": 4_102_444_800_u64,
        "keyLength": 32, "keyPrefix": "90700b7c67d3712413b1f689a430935e",
        "keySignature": "ae5502e99c3cf83f016d0f859cef56c4eff6ce435fe3739a2e89eb461feaa2d1",
        "nonce": "04f4a0d9b9f41fc5b3dd6d3f952746f1", "salt": "236d070d8b11024ebc8b21270f4c2313",
    });
    let signature = "c80d2f554f43dd948c3cf7ddab26b3377a1d6358a5753d715708d9f473c3e3f1";
    let challenge = json!({ "parameters": parameters, "signature": signature });
    let key = "90700b7c67d3712413b1f689a430935ee8b45f59eea9c392b6f35b672c4d845a";
    let solution = json!({ "counter": 37, "derivedKey": key });
    let payload = packed(&json!({ "challenge": challenge, "solution": solution }));
    let accepted = altcha_v2::check(&keys, &payload, START).unwrap();
    assert_eq!(accepted.data["scene"], "login");
    let challenge: Challenge = serde_json::from_value(challenge).unwrap();
    assert_eq!(solved(&challenge)["solution"]["derivedKey"], key, "found by trying");
    // The other mode, right and without work: neither is issued here, so neither is accepted.
    let probabilistic = json!({
        "parameters": {
            "algorithm": "SHA-256", "cost": 1, "expiresAt": 4_102_444_800_u64, "keyLength": 32, "keyPrefix": "000",
            "nonce": "f3451d62b7f52c1ad5bf46c6d1f125f7", "salt": "6b9b470706a86995649821abce93ffc3",
        },
        "signature": "2dacdc61e85a5074037bb3c10dfbf5eb479a0cc574a95cb8673ddcd19a30da96",
    });
    for (counter, key) in [
        (1684, "0000dcf8e8953454fab57c1c0f76f07942ddcaf108e142374914176ce7b8faff"),
        (0, "b1111493c9fc6dd90c86a948b5156d27ac4a78711489d4f225804bf63674e311"),
    ] {
        let solution = json!({ "counter": counter, "derivedKey": key });
        let payload = packed(&json!({ "challenge": probabilistic, "solution": solution }));
        assert_eq!(altcha_v2::check(&keys, &payload, START).unwrap_err(), Unsolved::Malformed);
    }
}

#[test]
fn what_was_issued_before_the_start_is_not_known() {
    let metrics = Metrics::new("test", Arc::new(crate::clock::ManualClock::at(START)));
    let parts = || Parts::fixed(Arc::clone(metrics.challenges()));
    let (before, settings) = (Challenges::new(parts()), settings());
    let payload = packed(&solved(&before.issue_work(&settings, &asker(), START).unwrap().altcha));
    let pass = before.solve_work(&settings, &payload, START).unwrap().pass;
    let restarted = Arc::new(Challenges::new(Parts { since: after(Span::millis(1)), ..parts() }));
    let now = after(Span::seconds(1));
    assert_eq!(restarted.solve_work(&settings, &payload, now).unwrap_err(), Unsolved::Expired);
    assert_eq!(restarted.hold(&pass, &BEARER, now).unwrap_err(), PassCode::Expired);
}

#[test]
fn when_the_store_is_full_none_are_issued_and_none_is_forgotten() {
    let metrics = Metrics::new("test", Arc::new(crate::clock::ManualClock::at(START)));
    let memory = Challenges::bytes_of(3);
    let parts = Parts { memory, ..Parts::fixed(Arc::clone(metrics.challenges())) };
    let (challenges, settings) = (Arc::new(Challenges::new(parts)), settings());
    let issue = |at| challenges.issue_work(&settings, &asker(), at);
    let first = packed(&solved(&issue(START).unwrap().altcha));
    assert!(challenges.solve_work(&settings, &first, START).is_ok());
    assert!([START, START].map(issue).iter().all(Result::is_ok));
    assert_eq!(issue(after(Span::minutes(9))).unwrap_err(), TooMany::InAll);
    assert_eq!(challenges.solve_work(&settings, &first, after(Span::minutes(4))).unwrap_err(), Unsolved::Spent);
    assert!(issue(after(Span::minutes(11))).is_ok(), "they and their passes have expired");
}

#[test]
fn one_solution_in_a_thousand_threads_is_spent_once() {
    let (challenges, settings) = (challenges(), settings());
    let payload = packed(&solved(&challenges.issue_work(&settings, &asker(), START).unwrap().altcha));
    let submit = || challenges.solve_work(&settings, &payload, START).is_ok();
    let passes = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..1000).map(|_| scope.spawn(submit)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).filter(|got| *got).count()
    });
    assert_eq!(passes, 1);
}

#[test]
fn a_challenge_that_was_redeemed_does_not_count_again_as_a_solution() {
    let (challenges, settings) = (challenges(), settings());
    let payload = packed(&solved(&challenges.issue_work(&settings, &asker(), START).unwrap().altcha));
    let pass = challenges.solve_work(&settings, &payload, START).unwrap().pass;
    let held = challenges.hold_solution(&settings, &payload, &BEARER, START).unwrap();
    assert_eq!(challenges.hold(&pass, &BEARER, START).unwrap_err(), PassCode::Spent, "they are one");
    held.burn();
    assert_eq!(challenges.hold(&pass, &BEARER, START).unwrap_err(), PassCode::Spent);
}

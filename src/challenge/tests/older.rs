//! ALTCHA's version 1.

use super::*;

#[test]
fn version_1_by_the_makers_vector_and_its_bugs() {
    let keys = [altcha_v2::Keys::new(b"smsfw-test-hmac-secret", b"unused")];
    let good = json!({
        "algorithm": "SHA-256",
        "challenge": "d7670a4b9dede808a9ce4907a8fd8a277968b15022e9222ab326f7a49b4f1c4c",
        "number": 4242, "salt": "00112233445566778899aabb?expires=4102444800&",
        "signature": "b4ba6ed0e14cd613941fc44b7fd13a3fa69457a125afc843a2f6d5ba299f76ed", "took": 120,
    });
    let check = |payload: &Value| altcha_v1::check(&keys, &packed(payload), START);
    assert_eq!(check(&good).as_deref(), Ok("00112233445566778899aabb?expires=4102444800&"));
    let with = |field: &str, value: Value| {
        let mut changed = good.clone();
        changed[field] = value;
        changed
    };
    for (what, payload, expected) in [
        ("another number", with("number", json!(4243)), Unsolved::Wrong),
        ("a number as text", with("number", json!("4242")), Unsolved::Malformed),
        ("a fraction", with("number", json!(4242.0)), Unsolved::Malformed),
        ("below zero", with("number", json!(-1)), Unsolved::Malformed),
        (
            "digits moved into the salt",
            {
                let mut spliced = with("salt", "00112233445566778899aabb?expires=4102444800&42".into());
                spliced["number"] = json!(42);
                spliced
            },
            Unsolved::Unknown,
        ),
        (
            "a salt without its end",
            with("salt", "00112233445566778899aabb?expires=4102444800".into()),
            Unsolved::Unknown,
        ),
        ("a later end", with("salt", "00112233445566778899aabb?expires=4102444801&".into()), Unsolved::Wrong),
        ("another algorithm", with("algorithm", "SHA-1".into()), Unsolved::Unknown),
        ("an upper-case signature", with("signature", "B4".repeat(32).into()), Unsolved::Malformed),
        ("another's signature", with("signature", "b4".repeat(32).into()), Unsolved::Unknown),
        ("no signature", with("signature", Value::Null), Unsolved::Malformed),
    ] {
        assert_eq!(check(&payload), Err(expected), "{what}");
    }
    let late = Timestamp::from_unix_ms(4_102_444_800_000);
    assert_eq!(altcha_v1::check(&keys, &packed(&good), late), Err(Unsolved::Expired));
}

#[test]
fn version_1_counts_where_it_is_on_and_version_2_always() {
    let challenges = challenges();
    let on = Settings { older_altcha: true, ..settings() };
    let issued = challenges.issue_v1(&on, &asker(), START).unwrap();
    let hash = |number: u32| {
        let text = format!("{}{number}", issued.salt);
        hex::encode(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref())
    };
    let number = (0..=issued.maxnumber).find(|number| hash(*number) == issued.challenge).unwrap();
    let mut payload = json!(issued);
    payload["number"] = json!(number);
    let payload = packed(&payload);
    let hold = |settings: &Settings, bearer| challenges.hold_solution(settings, &payload, bearer, START);
    assert_eq!(hold(&settings(), &BEARER).unwrap_err(), PassCode::Invalid, "it is off");
    let other = Bearer { phone: Some(name(9)), ..BEARER };
    assert_eq!(hold(&on, &other).unwrap_err(), PassCode::OtherPhone);
    let held = hold(&on, &BEARER).unwrap();
    assert_eq!(hold(&on, &BEARER).unwrap_err(), PassCode::Spent);
    held.burn();
    assert_eq!(challenges.look_at_solution(&on, &payload, &BEARER, START), Err(PassCode::Spent));
    assert_eq!(challenges.solve_work(&on, &payload, START).unwrap_err(), Unsolved::Spent);
}

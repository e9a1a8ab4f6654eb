//! Pictures and spoken digits.

use serde_json::json;

use crate::captcha::stage::{Stage, picture};
use crate::support::client::curl;

fn start() -> Stage {
    Stage::start(r#"["image"]"#, "", &[])
}

#[test]
fn a_picture_is_shown_solved_and_its_pass_sends_one_code() {
    let stage = start();
    let asked = stage.ask();
    let image = curl(&[
        "-o",
        "/dev/null",
        "-w",
        "%{content_type} %{size_download}",
        &stage.sendwall.url(picture(&asked.challenge)),
    ]);
    let (kind, size) = image.split_once(' ').unwrap();
    assert_eq!(kind, "image/png");
    assert!(size.parse::<u32>().unwrap() > 1000, "{image}");
    let [letters, _] = stage.answers(&asked.challenge);
    let solved = stage.solve(&asked, "image", &letters.to_lowercase());
    let before = stage.app.requests().len();
    let sent = stage.send_with(&asked, &solved);
    assert_eq!(sent.status, 200, "{sent:?}");
    assert_eq!(stage.app.requests().len(), before + 1);
    assert_eq!(stage.sendwall.decision(&sent)["proven"], "captcha");
    let again = stage.send_with(&asked, &solved);
    assert_eq!(again.code(), "pass_spent");
    assert_eq!(stage.sendwall.decision(&again)["pass"], "spent");
    assert_eq!(stage.solve(&asked, "image", &letters).code(), "challenge_spent");
    assert_eq!(stage.sendwall.metric("sendwall_captcha_answers_total", &["image", "solved"]), 1.0);
}

#[test]
fn digits_are_spoken_in_the_language_that_is_asked_for_and_solve_it_too() {
    let stage = start();
    let asked = stage.ask();
    let audio = asked.challenge["offers"][0]["audio"].as_str().unwrap().to_owned();
    let fetch = |path: &str, language: &str| {
        let header = format!("accept-language: {language}");
        let url = stage.sendwall.url(path);
        curl(&["-o", "/dev/null", "-w", "%{content_type} %{size_download}", "-H", &header, &url])
    };
    let english = fetch(&audio, "en-GB,en;q=0.9");
    assert!(english.starts_with("audio/wav "), "{english}");
    assert_eq!(fetch(&audio, "xx"), english, "drawn once, and English where nothing else fits");
    assert_ne!(fetch(&audio, "de"), english);
    assert_eq!(fetch(&format!("{audio}?lang=de"), "en"), fetch(&audio, "de"));
    let [_, digits] = stage.answers(&asked.challenge);
    assert_eq!(stage.send_with(&asked, &stage.solve(&asked, "image", &digits)).status, 200);
}

#[test]
fn a_wrong_answer_brings_another_picture_and_too_many_end_it() {
    let stage = start();
    let mut asked = stage.ask();
    let mut seen = vec![picture(&asked.challenge).to_owned()];
    for _ in 0..4 {
        let wrong = stage.solve(&asked, "image", "WRONG1");
        assert_eq!((wrong.status, &*wrong.code()), (403, "solution_wrong"));
        asked.challenge = wrong.json()["challenge"].clone();
        let picture = picture(&asked.challenge).to_owned();
        assert!(!seen.contains(&picture));
        seen.push(picture);
    }
    for _ in 0..2 {
        let ended = stage.solve(&asked, "image", "WRONG1");
        assert_eq!((ended.status, &*ended.code()), (429, "too_many"));
    }
    let [letters, _] = stage.answers(&asked.challenge);
    assert_eq!(stage.solve(&asked, "image", &letters).code(), "too_many", "be it right");
    let again = stage.sendwall.send(&asked.phone);
    assert_eq!(again.json()["challenge"]["kind"], "captcha", "a new request gets a new challenge");
}

#[test]
fn a_second_try_solves_it_and_a_form_does_as_well() {
    let stage = start();
    let mut asked = stage.ask();
    asked.challenge = stage.solve(&asked, "image", "WRONG1").json()["challenge"].clone();
    let [letters, _] = stage.answers(&asked.challenge);
    let token = asked.challenge["token"].as_str().unwrap();
    let form = format!("token={token}&provider=image&answer={letters}");
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let solved = stage.sendwall.ask("POST", "/_sendwall/solve", &headers, &form);
    assert_eq!(stage.send_with(&asked, &solved).status, 200);
}

#[test]
fn what_was_not_asked_is_not_drawn_and_what_is_made_up_is_not_looked_at() {
    let stage = start();
    let asked = stage.ask();
    let token = asked.challenge["token"].as_str().unwrap();
    for path in ["x.png", "x", ".png", &format!("{token}.png"), &format!("{}.gif", "a".repeat(71))] {
        assert_eq!(stage.sendwall.ask("GET", &format!("/_sendwall/captcha/{path}"), &[], "").status, 404, "{path}");
    }
    for (body, code) in [
        (json!({ "token": "made up", "provider": "image", "answer": "ABC" }), "challenge_unknown"),
        (json!({ "token": token, "provider": "turnstile", "answer": "ABC" }), "solution_malformed"),
        (json!({ "token": token, "provider": "sms" }), "solution_malformed"),
        (json!({ "token": token }), "solution_malformed"),
        (json!({ "token": [token], "provider": "image" }), "solution_malformed"),
    ] {
        let answer = stage.sendwall.post("/_sendwall/solve", &[], &body.to_string());
        assert_eq!(answer.code(), code, "{body} {answer:?}");
    }
}

#[test]
fn a_pass_is_for_its_phone() {
    let stage = start();
    let (one, other) = (stage.ask(), stage.ask());
    let [letters, _] = stage.answers(&one.challenge);
    let solved = stage.solve(&one, "image", &letters);
    assert_eq!(stage.send_with(&other, &solved).code(), "pass_other_phone");
    assert_eq!(stage.send_with(&one, &solved).status, 200);
}

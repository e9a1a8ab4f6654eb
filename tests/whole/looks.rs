//! What attempts look like, through the real proxy: models that are swapped while it runs, and endpoints whose real users
//! all look odd.

use std::fs;

use sendwall::model::{Artifact, Body, Calibration, FEATURES, Scale, Tree};
use serde_json::Value;

use crate::support::proxy::eventually;
use crate::whole::stage::{CHROME, CODE, Directory, SCRIPT, SHOP_LOGIN, Sendwall, shop};

const AS_SCRIPT: [(&str, &str); 2] = [("user-agent", SCRIPT), ("accept", "*/*")];

fn config(top: &str) -> String {
    format!(
        r#"
default_limits = false
mode = "enforce"
{top}

{SHOP_LOGIN}
"#
    )
}

/// The status that a client with these headers gets for a phone that nobody asked for yet.
fn status(sendwall: &Sendwall, headers: &[(&str, &str)], number: u32) -> u16 {
    sendwall.post("/api/send-code", headers, &format!(r#"{{"phone":"+4474024{number:05}"}}"#)).status
}

/// A model that asks for a proof of browsers without a language, if `enough` isn't beyond what it ever says.
fn asks_without_language(enough: f64) -> String {
    let mut model = Artifact::read(&fs::read_to_string("models/shipped.model").unwrap()).unwrap();
    let feature = FEATURES.iter().position(|feature| feature.name == "no_language").unwrap();
    let tree = Tree {
        feature: vec![i16::try_from(feature).unwrap(), -1, -1],
        below: vec![0.5, 0.0, 0.0],
        left: vec![1, 0, 0],
        value: vec![-1.0, -4.0, 4.0],
    };
    model.body = Body::Boosted { base: 0.0, trees: vec![tree] };
    model.calibration = Calibration { slope: 1.0, intercept: 0.0 };
    model.scale = Scale { from: 0.0, enough };
    model.to_text()
}

#[test]
fn a_model_is_swapped_while_it_runs_and_one_that_cannot_be_used_leaves_the_other_in_force() {
    let app = shop();
    let directory = Directory::new();
    let strict = asks_without_language(3.0);
    directory.write("own.model", &strict);
    let sendwall = Sendwall::start_in(directory, app.address, &config("[model]\nfile = \"own.model\""));
    let bare = [("user-agent", CHROME), ("accept", "*/*"), ("accept-encoding", "gzip")];
    assert_eq!(status(&sendwall, &bare, 0), 428);
    let asked = || sendwall.metric("sendwall_model_attempts_total", &["model=\"active\"", "asks=\"proof\""]);
    assert_eq!(asked(), 1.0);

    let problems = || sendwall.admin("/readyz").json()["reload_problems"].to_string();
    sendwall.directory.write("own.model", &strict[..strict.len() / 2]);
    eventually("a damaged one is told", || problems().contains("the model is damaged"));
    assert_eq!(status(&sendwall, &bare, 1), 428, "and the one before it stays");

    sendwall.directory.write("own.model", &asks_without_language(1_000.0));
    eventually("another one is in force", || problems() == "[]");
    assert_eq!((status(&sendwall, &bare, 2), asked()), (200, 2.0));
    assert_eq!(status(&sendwall, &AS_SCRIPT, 3), 428, "what is certain needs no model");
}

/// An app's server asks for its users' codes, so that all of them look like one script.
#[test]
fn where_every_real_user_looks_like_a_script_that_is_no_reason_any_more() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &config("").replace("enforce", "monitor"));
    let prior = |number: u32| {
        let body = format!(r#"{{"phone":"+4474024{number:05}"}}"#);
        let told: Value = sendwall.decision(&sendwall.post("/api/send-code", &AS_SCRIPT, &body));
        let reasons = told["reasons"].as_array().unwrap().clone();
        let look = reasons.iter().find(|reason| reason["code"] == "look");
        look.map_or(0.0, |reason| reason["prior"].as_f64().unwrap())
    };
    assert_eq!(prior(0), 1.0);
    for number in 1..60 {
        assert_eq!(status(&sendwall, &AS_SCRIPT, number), 200);
        assert_eq!(sendwall.verify(&format!("+4474024{number:05}"), CODE).status, 200);
    }
    eventually("its real users are known", || prior(60) < 0.5);
}

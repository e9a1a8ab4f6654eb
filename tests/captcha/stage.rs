//! sendwall with captchas, and phones that it asks to solve one.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sendwall::challenge::{Challenges, Parts, Secrets};
use sendwall::clock::ManualClock;
use sendwall::privacy::KeyRing;
use sendwall::telemetry::Metrics;
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::gate::LIMITS_ALONE;
use crate::whole::stage::{Answer, Directory, Sendwall, shop};

/// sendwall before a shop.
pub(crate) struct Stage {
    pub(crate) sendwall: Sendwall,
    pub(crate) app: App,
}

/// A captcha that some phone has to solve.
pub(crate) struct Asked {
    pub(crate) phone: String,
    pub(crate) challenge: Value,
}

impl Stage {
    /// `captcha` is the endpoint's list, `tables` the `[[captcha]]` that it names; each file of `secrets` says `12345`.
    pub(crate) fn start(captcha: &str, tables: &str, secrets: &[&str]) -> Self {
        let directory = Directory::new();
        for name in secrets {
            directory.write(name, "12345\n");
        }
        let app = shop();
        let rules = rules(captcha, tables);
        Self { sendwall: Sendwall::start_in(directory, app.address, &rules), app }
    }

    /// A phone that has used up what it may prove by less: its first code goes out, and while nobody answers that the next
    /// one asks for a captcha.
    pub(crate) fn ask(&self) -> Asked {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let phone = format!("+4474024{:05}", 17_171 + NEXT.fetch_add(1, Ordering::Relaxed));
        assert_eq!(self.sendwall.send(&phone).status, 200);
        self.ask_again(&phone)
    }

    /// The same phone asks for the same code once more.
    pub(crate) fn ask_again(&self, phone: &str) -> Asked {
        let asked = self.sendwall.send(phone);
        assert_eq!((asked.status, &*asked.code()), (428, "challenge_required"), "{asked:?}");
        let challenge = asked.json()["challenge"].clone();
        assert_eq!(challenge["kind"], "captcha", "{challenge}");
        Asked { phone: phone.to_owned(), challenge }
    }

    /// Posts a solution as JSON.
    pub(crate) fn solve(&self, asked: &Asked, provider: &str, answer: &str) -> Answer {
        let body = json!({ "token": asked.challenge["token"], "provider": provider, "answer": answer });
        self.sendwall.post("/_sendwall/solve", &[], &body.to_string())
    }

    /// Asks for the code again, with the pass that a solution gave.
    pub(crate) fn send_with(&self, asked: &Asked, solved: &Answer) -> Answer {
        assert_eq!(solved.status, 200, "{solved:?}");
        let pass = solved.json()["pass"].as_str().unwrap().to_owned();
        let body = json!({ "phone": asked.phone }).to_string();
        self.sendwall.post("/api/send-code", &[("sendwall-pass", &pass)], &body)
    }

    /// What the picture of a challenge shows and its voice says, from the process' own keys.
    pub(crate) fn answers(&self, challenge: &Value) -> [String; 2] {
        let keys = fs::read_to_string(self.sendwall.directory.0.join("state/keys")).unwrap();
        let metrics = Metrics::new("test", Arc::new(ManualClock::default()));
        let parts = Parts::fixed(Arc::clone(metrics.challenges()));
        let secrets = Secrets::of(&KeyRing::parse(&keys, "file").unwrap());
        let name = picture(challenge).strip_prefix("/_sendwall/captcha/").unwrap().strip_suffix(".png").unwrap();
        Challenges::new(Parts { secrets, ..parts }).answers(name).unwrap()
    }
}

/// The path of a challenge's picture.
pub(crate) fn picture(challenge: &Value) -> &str {
    let offers = challenge["offers"].as_array().unwrap();
    let image = offers.iter().find(|offer| offer["provider"] == "image");
    image.unwrap_or_else(|| panic!("no picture: {challenge}"))["image"].as_str().unwrap()
}

pub(crate) fn rules(captcha: &str, tables: &str) -> String {
    let patient = LIMITS_ALONE.replace(
        "cells.phone = { open_floor = 100000, rate_floor = 100000 }",
        "cells.phone = { open_floor = 1, rate_floor = 100000, limit = 1000 }",
    );
    format!(
        r#"{patient}
mode = "enforce"
default_limits = false
outbound.allow = ["127.0.0.0/8"]
[challenge]
work = "light"
issue_per_address = 60000
[[endpoint]]
name = "login"
send = "POST /api/send-code"
verify = "POST /api/verify"
verified_if = "status == 200"
captcha = {captcha}
{tables}"#
    )
}

//! Challenges and passes as they grow old, over real sockets on a clock that the test moves.

use std::sync::Arc;

use sendwall::clock::{Clock, ManualClock};
use sendwall::domain::{Span, Timestamp};
use serde_json::Value;

use super::client::{payload, solve};
use super::passes::{FAKE, rules};
use crate::support::app::App;
use crate::support::gate::judge_at;
use crate::support::proxy::{Proxy, settings};
use crate::whole::stage::{Answer, ask, shop};

const BODY: &str = r#"{"phone":"+447402417171"}"#;
const JSON: (&str, &str) = ("content-type", "application/json");

/// A proxy whose time the test moves.
struct Stage {
    _app: App,
    proxy: Proxy,
    clock: Arc<ManualClock>,
}

impl Stage {
    fn start() -> Self {
        let app = shop();
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix_ms(1_795_198_202_000)));
        let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let judge = judge_at(&rules("lifetime = \"4m\"\npass_lifetime = \"3m\""), shared);
        let proxy = Proxy::start(settings(app.address), judge.gate);
        Self { _app: app, proxy, clock }
    }

    fn send(&self, headers: &[(&str, &str)]) -> Answer {
        let headers = [&[JSON, FAKE, ("x-device-id", "mine")], headers].concat();
        ask("POST", &self.proxy.url("/api/send-code"), &headers, BODY)
    }

    fn challenge(&self) -> Value {
        let asked = self.send(&[]);
        assert_eq!(asked.code(), "challenge_required", "{asked:?}");
        asked.json()["challenge"].clone()
    }

    fn pass(&self) -> String {
        let solved = solve(&self.proxy.url(""), &self.challenge());
        solved.json()["pass"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_pass_expires_with_its_own_code_to_the_millisecond() {
    let stage = Stage::start();
    let [first, second] = [stage.pass(), stage.pass()];
    stage.clock.advance(Span::millis(3 * 60_000 - 1));
    assert_eq!(stage.send(&[("sendwall-pass", &first)]).status, 200, "its last moment");
    stage.clock.advance(Span::millis(1));
    let late = stage.send(&[("sendwall-pass", &second)]);
    assert_eq!((late.status, late.code().as_str()), (428, "pass_expired"));
    let again = solve(&stage.proxy.url(""), &late.json()["challenge"]);
    let pass = again.json()["pass"].as_str().unwrap().to_owned();
    assert_eq!(stage.send(&[("sendwall-pass", &pass)]).status, 200, "the answer brings the next challenge");
    assert_eq!(stage.send(&[("sendwall-pass", &pass)]).code(), "pass_spent");
    stage.clock.advance(Span::hours(1));
    assert_eq!(stage.send(&[("sendwall-pass", &pass)]).code(), "pass_expired", "which is all that is known then");
}

#[test]
fn a_challenge_expires_with_its_own_code() {
    let stage = Stage::start();
    let challenge = stage.challenge();
    let solution = format!("{{\"payload\":\"{}\"}}", payload(&challenge["altcha"]));
    let post = || ask("POST", &stage.proxy.url("/_sendwall/solve"), &[JSON], &solution);
    stage.clock.advance(Span::minutes(4) + Span::seconds(1));
    let late = post();
    assert_eq!((late.status, late.code().as_str()), (410, "challenge_expired"));
}

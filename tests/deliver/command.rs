//! `sendwall alerts test`, by a configuration and by a running sendwall; and a channel that a reload adds.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::app::{App, reply};
use crate::whole::stage::{Directory, Sendwall, shop};

fn rules(app: &App, name: &str) -> String {
    format!(
        "[[endpoint]]\nname = \"codes\"\nsend = \"POST /api/send-code\"\n\
         [[alerts.channel]]\nname = \"{name}\"\nkind = \"slack\"\nurl_file = \"slack-url\"\nallow_private = true\n\
         [[alerts.channel]]\nname = \"closed\"\nkind = \"alertmanager\"\nurl = \"http://{}\"\nallow_private = true\n",
        app.address
    )
}

fn test(directory: &Directory, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_sendwall"))
        .args(["alerts", "test"])
        .args(arguments)
        .current_dir(&directory.0)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    (status.code().unwrap(), text(&stdout), text(&stderr))
}

#[test]
fn a_test_alert_is_marked_and_the_receivers_answer_is_shown() {
    let app = App::start(|request, stream| match request.target() {
        "/services/T/B/X" => reply(stream, "200 OK", "", "ok"),
        _ => reply(stream, "410 Gone", "", "this is over"),
    });
    let directory = Directory::new();
    directory.write("slack-url", &format!("http://{}/services/T/B/X\n", app.address));
    let config = format!("upstream = \"http://127.0.0.1:1\"\nstate = \"state\"\n{}", rules(&app, "on-call"));
    directory.write("sendwall.toml", &config);

    let by_config = |name: &str| test(&directory, &[name, "--config", "sendwall.toml"]);
    assert_eq!(by_config("on-call"), (0, "200 ok".to_owned(), "on-call took the test alert".to_owned()));
    let told: Value = serde_json::from_slice(&app.requests()[0].body).unwrap();
    assert_eq!(told["text"], "[TEST] A test of the alert channel on-call: nothing has happened");
    assert_eq!(
        by_config("closed"),
        (1, "410 this is over".to_owned(), "closed did not take the test alert".to_owned())
    );
    let (status, told, notes) = test(&directory, &["closed", "--config", "sendwall.toml", "--json"]);
    assert_eq!((status, notes.as_str()), (1, ""));
    assert_eq!(told, r#"{"channel":"closed","delivered":false,"answer":"410 this is over"}"#);
    let (status, _, error) = by_config("on-cal");
    assert_eq!((status, error.contains("did you mean \"on-call\"?")), (2, true), "{error}");
    assert!(!directory.0.join("state").exists(), "a test leaves no trace");
}

#[test]
fn a_running_sendwall_tests_its_channels_and_a_reload_changes_them() {
    let (upstream, app) = (shop(), App::saying("ok"));
    let directory = Directory::new();
    directory.write("slack-url", &format!("http://{}/services/T/B/X", app.address));
    let sendwall = Sendwall::start_in(directory, upstream.address, &rules(&app, "on-call"));
    let admin = sendwall.admin.to_string();
    let by_admin = |name: &str| test(&sendwall.directory, &[name, "--admin", &admin]);
    assert_eq!(by_admin("on-call"), (0, "200 ok".to_owned(), "on-call took the test alert".to_owned()));
    assert_eq!(by_admin("night").0, 2, "there is no such channel");
    let (status, told, _) = test(&sendwall.directory, &["on-call", "--admin", &admin, "--json"]);
    assert_eq!((status, told.as_str()), (0, r#"{"channel":"on-call","delivered":true,"answer":"200 ok"}"#));

    sendwall.write_rules(&rules(&app, "night"));
    assert_eq!(sendwall.admin_post("/api/reload", "").status, 200);
    assert_eq!(by_admin("night").0, 0);
    assert_eq!(by_admin("on-call").0, 2, "it is no more");
    assert!(!sendwall.log().contains("services/T/B/X"), "an URL is a secret:\n{}", sendwall.log());
}

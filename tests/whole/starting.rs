//! Starting: from a file, from flags, and not at all.

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use serde_json::json;

use crate::support::proxy::eventually;
use crate::whole::stage::{CODE, Directory, SHOP_LOGIN, Sendwall, shop};

fn sendwall(directory: &Directory, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sendwall"));
    command.args(arguments).current_dir(&directory.0).env_remove("SENDWALL_KEY");
    command.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn it_runs_without_a_file() {
    let app = shop();
    let upstream = format!("http://{}", app.address);
    let arguments = [
        "run",
        "--upstream",
        &upstream,
        "--protect",
        "POST /api/send-code",
        "--protect",
        "POST /api/resend",
        "--verify",
        "POST /api/verify",
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
    ];
    let sendwall = Sendwall::start_with(app.address, &arguments);
    assert_eq!([sendwall.send("+447402417171").status, sendwall.send("+447402417171").status], [200, 200]);
    let decisions = sendwall.admin("/api/decisions").json();
    assert_eq!(decisions["decisions"][0]["verdict"], "cooldown", "monitored, by the default limits: {decisions}");
    let resent = sendwall.post("/api/resend", &[], r#"{"phone":"+447402417172"}"#);
    assert!(resent.header("sendwall-decision").is_some());
    assert_eq!(sendwall.verify("+447402417171", CODE).status, 200);
    assert_eq!(sendwall.metric("sendwall_outcomes_total", &["outcome=\"verified\""]), 2.0);
    assert_eq!(sendwall.post("/api/send-code", &[], "{").status, 200);
    assert_eq!(sendwall.admin("/api/status").json()["totals"]["would_reject"], 1, "nobody could read it");
    let refused = sendwall.admin_post("/api/reload", "");
    assert!(refused.status == 422 && refused.body.contains("without a configuration file"), "{}", refused.body);
    assert_eq!(sendwall.admin("/readyz").json()["reload_problems"], json!([]), "no trouble, for nothing could end it");
}

#[test]
fn a_state_directory_has_one_process() {
    let app = shop();
    let mut first = Sendwall::start(app.address, SHOP_LOGIN);
    let second = sendwall(&first.directory, &["run", "--config", "sendwall.toml"]);
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success() && said.contains("another sendwall uses the state directory"), "{said}");
    assert!(!first.end("-KILL").success());
    first.start_again();
}

#[test]
fn flags_can_enforce_and_name_state_and_region() {
    let app = shop();
    let upstream = format!("http://{}", app.address);
    let arguments = [
        "run",
        "--upstream",
        &upstream,
        "--protect",
        "POST /api/send-code",
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
        "--enforce",
        "--state",
        "kept",
        "--default-region",
        "GB",
    ];
    let sendwall = Sendwall::start_with(app.address, &arguments);
    assert_eq!([sendwall.send("07402417171").status, sendwall.send("+447402417171").status], [200, 429]);
    assert_eq!(sendwall.post("/api/send-code", &[], "{").status, 400);
    let totals = &sendwall.admin("/api/status").json()["totals"];
    assert_eq!((&totals["rejected"], &totals["would_reject"], &totals["saved_sms"]), (&json!(1), &json!(0), &json!(1)));
    assert!(sendwall.directory.0.join("kept/keys").exists() && sendwall.directory.0.join("kept/decisions").is_dir());
}

#[test]
fn what_stops_a_start_is_said_with_status_2() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let endpoint = "[[endpoint]]\nname = \"login\"\nsend = \"POST /send\"\n";
    let directory = Directory::new();
    let file = |name: &str, text: &str| directory.write(name, text).to_str().unwrap().to_owned();
    let upstream = "upstream = \"http://127.0.0.1:1\"";
    let used = file("used.toml", &format!("{upstream}\nlisten = \"{address}\"\nadmin = \"127.0.0.1:0\"\n{endpoint}"));
    let used_admin =
        file("admin.toml", &format!("{upstream}\nadmin = \"{address}\"\nlisten = \"127.0.0.1:0\"\n{endpoint}"));
    let bad = file(
        "bad.toml",
        "upstram = \"http://127.0.0.1:1\"\nmode = \"enforced\"\n[[endpoint]]\nname = \"login\"\nsend = \"/send\"\n",
    );
    let no_toml = file("no.toml", "listen = \n");
    let cases: [(&[&str], &[&str]); 7] = [
        (&["run", "--config", &used], &[&address, "in use"]),
        (&["run", "--config", &used_admin], &[&address, "in use"]),
        (&["run", "--config", &bad], &["upstram", "upstream", "enforced", "bad.toml:1", "bad.toml:2", "bad.toml:5"]),
        (&["run", "--config", &no_toml], &["no.toml:1"]),
        (&["run", "--config", "missing.toml"], &["missing.toml", "No such file"]),
        (&["run"], &["--config"]),
        (&["run", "--upstream", "ftp://x", "--protect", "send"], &["--upstream", "--protect"]),
    ];
    for (arguments, said) in cases {
        let output = sendwall(&directory, arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty(), "{arguments:?}: errors go to standard error");
        for word in said {
            assert!(error.contains(word), "{arguments:?}: no {word:?} in\n{error}");
        }
    }
}

#[test]
fn check_and_explain_leave_no_trace() {
    let directory = Directory::new();
    let text =
        "upstream = \"http://127.0.0.1:1\"\nstate = \"state\"\n[[endpoint]]\nname = \"login\"\nsend = \"POST /send\"\n";
    directory.write("good.toml", text);
    directory.write(
        "request",
        "POST /send HTTP/1.1\nHost: a\nContent-Type: application/json\n\n{\"phone\":\"+447402417171\"}\n",
    );
    for arguments in [&["check", "good.toml"][..], &["check", "--config", "good.toml"]] {
        let checked = sendwall(&directory, arguments);
        assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    }
    let mut full = Command::new(env!("CARGO_BIN_EXE_sendwall"));
    full.args(["check", "good.toml"]).current_dir(&directory.0);
    let full = full.stdout(fs::File::options().write(true).open("/dev/full").unwrap()).output().unwrap();
    assert!(full.status.code() == Some(2) && !full.stderr.is_empty(), "what nobody could read is no answer: {full:?}");
    let explained = sendwall(&directory, &["explain", "--config", "good.toml", "--request", "request"]);
    assert_eq!(explained.status.code(), Some(0), "{explained:?}");
    let told = String::from_utf8(explained.stdout).unwrap();
    assert!(told.contains("+44 7402 41••71") && !told.contains("447402417171"), "{told}");
    assert!(!directory.0.join("state").exists());
}

#[test]
fn check_says_of_a_database_that_is_missing_that_the_rest_would_run() {
    let directory = Directory::new();
    let text = "upstream = \"http://127.0.0.1:1\"\n[[endpoint]]\nname = \"login\"\nsend = \"POST /send\"\n";
    let geo = "[geo]\ncountry = \"missing.mmdb\"\n";
    for (more, end) in [("", "can't be used"), (geo, "names what can't be read, and would run without it")] {
        let bad = if more.is_empty() { "nonsense = 1\n" } else { "" };
        directory.write("sendwall.toml", &format!("{bad}{text}{more}"));
        let checked = sendwall(&directory, &["check", "sendwall.toml"]);
        let told = String::from_utf8_lossy(&checked.stdout);
        assert_eq!(checked.status.code(), Some(1), "{told}");
        assert!(told.contains(&format!("sendwall.toml {end}: 1 error")), "{told}");
    }
}

#[test]
fn check_tells_programs_in_json_that_there_is_nothing_to_read() {
    let directory = Directory::new();
    let checked = sendwall(&directory, &["check", "--json", "missing.toml"]);
    assert_eq!(checked.status.code(), Some(2), "{checked:?}");
    let told: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!((&told[0]["severity"], &told[0]["file"]), (&json!("error"), &json!("missing.toml")), "{told}");
    assert!(told[0]["message"].as_str().unwrap().contains("No such file"), "{told}");
}

#[test]
fn it_takes_the_file_descriptors_that_it_may_and_tells_where_they_are_too_few() {
    let directory = Directory::new();
    let text = "upstream = \"http://127.0.0.1:1\"\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n\
                [[endpoint]]\nname = \"login\"\nsend = \"POST /send\"\n";
    directory.write("few.toml", text);
    directory
        .write("enough.toml", &format!("max_connections = 100\nupstream_pool = {{ max_connections = 100 }}\n{text}"));
    for (config, is_told) in [("few.toml", true), ("enough.toml", false)] {
        let log = directory.0.join(format!("{config}.log"));
        let script = "ulimit -S -n 128; ulimit -H -n 512; exec \"$0\" run --config \"$1\"";
        let mut command = Command::new("sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_sendwall"), config]).current_dir(&directory.0);
        command.env_remove("SENDWALL_KEY").stdin(Stdio::null()).stderr(fs::File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let said = || fs::read_to_string(&log).unwrap();
        eventually("it listens", || said().contains("listening what=\"admin\""));
        let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
        let _ended = (child.kill().unwrap(), child.wait().unwrap());
        let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
        assert_eq!(files.split_whitespace().next(), Some("512"), "{limits}");
        assert_eq!(said().contains("allowed=512 needed=11088"), is_told, "{}", said());
    }
}

#[test]
fn a_database_that_cannot_be_read_keeps_nothing_from_running_and_is_told() {
    let app = shop();
    let rules = |size: u32| {
        format!(
            "sessions = {{ capacity = {size} }}\n[geo]\ncountry = \"missing.mmdb\"\n[[endpoint]]\nname = \"login\"\n\
             send = \"POST /api/send-code\"\ndefault_region = \"GB\"\n"
        )
    };
    let sendwall = Sendwall::start(app.address, &rules(1000));
    assert_eq!(sendwall.send("+447402417171").status, 200);
    let ready = sendwall.admin("/readyz");
    let geo = serde_json::json!([{ "name": "country", "loaded": false }]);
    assert_eq!((ready.status, &ready.json()["geo"]), (200, &geo));
    eventually("the log says so", || sendwall.log().contains("a GeoIP database cannot be read"));
    sendwall.write_rules(&rules(2000));
    assert_eq!(sendwall.admin_post("/api/reload", "").status, 200);
    let incidents = || sendwall.admin("/api/incidents").json()["incidents"].to_string();
    eventually("people are told", || incidents().contains("missing.mmdb"));

    let checked = self::sendwall(&sendwall.directory, &["check", "sendwall.toml"]);
    let said = String::from_utf8_lossy(&checked.stdout);
    assert_eq!(checked.status.code(), Some(1), "{said}");
    assert!(said.contains("error: sendwall.toml") && said.contains("missing.mmdb"), "{said}");
}

//! A thousand requests in many shapes, and then: is a raw number, address or cookie anywhere but in the app's hands?

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use sendwall::gate::Ids;
use serde_json::json;

use crate::whole::stage::{Answer, CODE, Directory, Sendwall, shop};

const REQUESTS: usize = 1000;

const CONFIGURATION: &str = r#"
mode = "enforce"
trusted_proxies = ["127.0.0.0/8"]
cells.range = { open_floor = 20, rate_floor = 1000 }
cells.wide_range = { open_floor = 150, rate_floor = 1000 }
cells.fingerprint = { open_floor = 1000, rate_floor = 1000 }
cells.country = { open_floor = 1000, rate_floor = 1000 }
cells.new_countries = { open_floor = 1000, rate_floor = 1000 }
cells.endpoint = { open_floor = 1000, rate_floor = 1000 }

[log]
level = "trace"

[[endpoint]]
name = "login"
send = ["POST /api/send-code", "GET /api/send-code"]
verify = "POST /api/verify"
verified_if = 'json("/ok") == true'
match = ["phone", "client", "response:/request_id"]
client = ["cookie:sid", "header:x-device"]
default_region = "GB"
countries = ["GB"]
max_body = "4KiB"

[[endpoint]]
name = "path"
send = "POST /api/phones/*/code"
phone = "path:3"
mode = "monitor"

[[endpoint]]
name = "header"
send = "POST /api/header"
phone = "header:x-phone"

[[limit]]
name = "address"
key = ["ip"]
max = 3
per = "1h"
mode = "monitor"
"#;

/// Whose traces are looked for.
struct Person {
    /// E.164 without plus.
    phone: u64,
    address: String,
    cookie: String,
}

impl Person {
    /// Number `index`: random, but the same in every run.
    fn new(index: usize, random: &Ids) -> Self {
        // British mobiles, and numbers of countries that aren't served.
        let phone = match index % 10 {
            7 => 353_850_000_000 + random.random() % 10_000_000,
            8 => 33_612_000_000 + random.random() % 1_000_000,
            _ => 447_402_400_000 + random.random() % 99_999,
        };
        let part = |from: u64, to: u64| from + random.random() % (to - from);
        let address = if index % 5 == 4 {
            format!("2001:db8:{:x}:{:x}::{:x}", part(0x1000, 0xffff), part(0x1000, 0xffff), part(0x1000, 0xffff))
        } else {
            format!("{}.{}.{}.{}", part(20, 99), part(100, 255), part(100, 255), part(100, 255))
        };
        Self { phone, address, cookie: format!("sid{:016x}{:016x}", random.random(), random.random()) }
    }

    fn national(&self) -> String {
        let digits = self.phone.to_string();
        let code = ["353", "33", "44"].into_iter().find(|code| digits.starts_with(code)).unwrap();
        digits[code.len()..].to_owned()
    }
}

/// Sends the request of shape `index` and gives its answers.
#[expect(clippy::too_many_lines, reason = "a table: one row a shape")]
fn request(sendwall: &Sendwall, index: usize, person: &Person, other: &Person) -> Vec<Answer> {
    let (phone, national) = (person.phone, person.national());
    let cookie = format!("sid={}", person.cookie);
    let common = [("x-forwarded-for", person.address.as_str()), ("cookie", cookie.as_str())];
    let post = |path: &str, kind: &str, more: &[(&str, &str)], body: &str| {
        let headers: Vec<_> = [("content-type", kind)].iter().chain(&common).chain(more).copied().collect();
        sendwall.ask("POST", path, &headers, body)
    };
    let json = |body: String| post("/api/send-code", "application/json", &[], &body);
    let form = |body: String| post("/api/send-code", "application/x-www-form-urlencoded", &[], &body);
    let get = |path: String, more: &[(&str, &str)]| {
        let headers: Vec<_> = common.iter().chain(more).copied().collect();
        sendwall.ask("GET", &path, &headers, "")
    };
    let (spaced, digits) = (format!("+{phone}"), phone.to_string());
    match index % 41 {
        0 => vec![json(format!(r#"{{"phone":"+{phone}"}}"#)), json(format!(r#"{{"phone":"+{phone}"}}"#))],
        1 => vec![json(format!(r#"{{"user":{{"mobile":{phone}}}}}"#))],
        2 => vec![json(format!(r#"{{"phone":"0{national}"}}"#))],
        3 => vec![json(format!(r#"{{"phone":"+{phone}","tel":"+{}"}}"#, other.phone))],
        4 => vec![json(format!(r#"{{"phone":"+{phone}","phone":"+{}"}}"#, other.phone))],
        5 => vec![json(format!(r#"{{"phone":"+{phone}"#))],
        6 => vec![json(format!(r#"{{"phone":"+{phone}123456789"}}"#))],
        7 => vec![json(format!(r#"{{"+{phone}":"phone"}}"#)), json(format!(r#"{{"{phone}":{{"phone":true}}}}"#))],
        8 => vec![json(format!(r#"{{"phone":["+{phone}","+{}"]}}"#, other.phone))],
        9 => vec![form(format!("phone=%2B{phone}"))],
        10 => vec![form(format!("mobile=0{national}&mobile={}", other.phone))],
        11 => vec![form(format!("{phone}=1&phone={phone}%ff"))],
        12 => vec![form(format!("country_code=44&phone={national}"))],
        13 => vec![get(format!("/api/send-code?phone=%2B{phone}"), &[])],
        14 => vec![get(format!("/api/send-code?{phone}={phone}"), &[])],
        15 | 16 => {
            let name = if index.is_multiple_of(2) { "phone".to_owned() } else { format!("f{phone}") };
            let body = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n+{phone}\r\n--b--\r\n");
            vec![post("/api/send-code", "multipart/form-data; boundary=b", &[], &body)]
        }
        17 => vec![post("/api/send-code", "multipart/form-data; boundary=b", &[], &format!("--b\r\nbroken +{phone}"))],
        18 => vec![post(&format!("/api/phones/+{phone}/code"), "application/json", &[], "{}")],
        19 => vec![post(&format!("/api/phones/x{phone}x/code"), "application/json", &[], "{}")],
        20 => vec![post("/api/header", "application/json", &[("x-phone", &spaced)], "{}")],
        21 => vec![post("/api/header", "application/json", &[("x-phone", &format!("{spaced}, {spaced}9"))], "{}")],
        22 => vec![get(format!("/account/{phone}/orders?tel={phone}"), &[("x-phone", &digits)])],
        23 => vec![get("/broken".to_owned(), &[("x-phone", &digits)]), get(format!("/_sendwall/{phone}"), &[])],
        24 => vec![post("/api/send-code", &format!("text/{phone}"), &[], &digits)],
        25 => vec![json(format!(r#"{{"phone":"+{phone}","pad":"{}"}}"#, "x".repeat(5000)))],
        26 => vec![post("/api/send-code", "application/json", &[("content-encoding", "gzip")], &spaced)],
        27 => {
            let verify = |code: &str| {
                post("/api/verify", "application/json", &[], &format!(r#"{{"phone":"+{phone}","code":"{code}"}}"#))
            };
            vec![json(format!(r#"{{"phone":"+{phone}"}}"#)), verify(CODE), verify("000000"), verify("1")]
        }
        28 => {
            let told = json!({"outcomes": [
                {"outcome": "delivered", "phone": spaced, "event_id": digits},
                {"outcome": spaced, "phone": spaced},
                {"outcome": "verified", "phone": digits, "endpoint": spaced},
                {"outcome": "verified", "decision": spaced},
                {"outcome": "verified", "phone": spaced, "at": spaced},
                spaced,
            ]});
            vec![sendwall.admin_post("/api/outcomes", &told.to_string()), sendwall.admin_post("/api/outcomes", &spaced)]
        }
        29 => vec![
            sendwall.admin(&format!("/api/decisions/{phone}")),
            sendwall.admin(&format!("/api/decisions?endpoint={phone}&verdict={phone}&{phone}=1")),
            sendwall.admin(&format!("/{phone}")),
        ],
        30 => {
            let agent = format!("App/{phone} (tel {spaced})");
            let agent = [("user-agent", agent.as_str()), ("x-device", &digits), ("origin", "https://a.example")];
            vec![post("/api/send-code", "application/json", &agent, &format!(r#"{{"phone":"+{phone}"}}"#))]
        }
        31 => {
            vec![json(format!(r#"{{"phone_{phone}":"garbage"}}"#)), json(format!(r#"{{"phone":{{"{phone}":"x"}}}}"#))]
        }
        32 => vec![
            json(format!(r#"{{"{phone}":{{"phone":"garbage"}}}}"#)),
            json(format!(r#"{{"{phone}":1,"{phone}":2}}"#)),
        ],
        33 => vec![
            json(format!(r#"{{"tel{phone}":[1,true],"mobile{phone}":7}}"#)),
            json(format!(r#"{{"phone":"{national}"}}"#)),
        ],
        34 => vec![form(format!("phone_{phone}=garbage")), form(format!("user[{phone}][phone]=x&phone[{phone}]=%ff"))],
        35 => vec![get(format!("/api/send-code?phone_{phone}=garbage&tel%ff{phone}=1"), &[])],
        36 => {
            let body =
                format!("<sms><phone_{phone}>x</phone_{phone}><phone>+{phone}</phone><tel>{}</tel></sms>", other.phone);
            vec![
                post("/api/send-code", "application/xml", &[], &body),
                post("/api/send-code", "text/xml", &[], &spaced),
            ]
        }
        37 => {
            let query = format!(r#"{{"query":"mutation {{ send(phone: \"+{phone}\", tel{phone}: \"x\") }}"}}"#);
            vec![json(query)]
        }
        38 => vec![
            post(&format!("/api/send-code;{phone}"), "application/json", &[], &format!(r#"{{"phone":"+{phone}"}}"#)),
            post(
                "/api/send-code",
                "application/json",
                &[("x-request-id", &digits), ("connection", "x-request-id")],
                "{}",
            ),
        ],
        _ => vec![json(format!(r#"{{"email":"{phone}@example.com"}}"#)), json(format!(r#"{{"n":{phone}}}"#))],
    }
}

/// Everything that sendwall said, each with where.
fn everything(sendwall: &mut Sendwall, answers: &[Answer]) -> Vec<(String, String)> {
    let mut said = Vec::new();
    for answer in answers {
        let body = if answer.headers.contains_key("x-shop") { "" } else { &answer.body };
        said.push(("an answer".to_owned(), format!("{:?} {body}", answer.headers)));
    }
    for path in ["/metrics", "/readyz", "/api/status", "/api/decisions?limit=1000", "/api/conversion?limit=1000"] {
        let answer = sendwall.admin(path);
        assert_eq!(answer.status, 200, "{path}");
        said.push((path.to_owned(), answer.body));
    }
    let decided: Vec<_> = answers.iter().filter_map(|answer| answer.header("sendwall-decision")).collect();
    for id in decided.iter().step_by(decided.len() / 12) {
        let admin = format!("http://{}", sendwall.admin);
        let mut command = Command::new(env!("CARGO_BIN_EXE_sendwall"));
        let explained = command.args(["explain", "--decision", id, "--admin", &admin]).stdin(Stdio::null()).output();
        let explained = explained.unwrap();
        assert!(explained.status.success(), "{explained:?}");
        said.push((format!("explain {id}"), String::from_utf8(explained.stdout).unwrap()));
    }
    assert!(sendwall.end("-TERM").success());
    said.push(("the process log".to_owned(), sendwall.log()));
    let files = files(&sendwall.directory.0.join("state"));
    assert!(files.iter().any(|(_, text)| text.lines().count() > REQUESTS), "the decision log is there");
    said.extend(files);
    said
}

fn files(directory: &Path) -> Vec<(String, String)> {
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        if path.is_dir() {
            return files(&path);
        }
        vec![(path.display().to_string(), String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned())]
    };
    paths.flat_map(read).collect()
}

/// Every run of `length` digits in a text whose separators within numbers were taken out.
fn digit_runs(text: &str, length: usize) -> HashSet<&str> {
    let bytes = text.as_bytes();
    let windows = bytes.windows(length).enumerate().filter(|(_, run)| run.iter().all(u8::is_ascii_digit));
    windows.map(|(start, _)| &text[start..start + length]).collect()
}

/// What of these people is in a text.
fn found<'a>(text: &str, people: &'a [Person]) -> Vec<&'a Person> {
    let joined: String = text.chars().filter(|c| !" -.()•".contains(*c)).collect();
    // The national digits, which those of E.164 end with: 9 or 10 of them.
    let (nine, ten) = (digit_runs(&joined, 9), digit_runs(&joined, 10));
    let tokens: HashSet<_> = text.split(|c: char| !(c.is_ascii_alphanumeric() || ".:".contains(c))).collect();
    let has = |person: &&Person| {
        let national = person.national();
        nine.contains(national.as_str())
            || ten.contains(national.as_str())
            || tokens.contains(person.address.as_str())
            || text.contains(&person.cookie)
    };
    people.iter().filter(has).collect()
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let person = Person::new(0, &Ids::new(1));
    let (phone, national) = (person.phone, person.national());
    for text in [
        format!("x+{phone}y"),
        format!("phone=0{national}"),
        format!("+44 {} {}", &national[..4], &national[4..]),
        format!("\"address\":\"{}\"", person.address),
        format!("cookie {}x", person.cookie),
    ] {
        assert_eq!(found(&text, &[Person::new(0, &Ids::new(1))]).len(), 1, "{text}");
    }
    assert!(found("+44 7402 41••71 at 203.0.113.0/24", &[person]).is_empty());
}

#[test]
fn no_raw_number_address_or_cookie_is_in_anything_that_sendwall_says() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, CONFIGURATION);
    let random = Ids::new(2_026);
    let people: Vec<_> = (0..REQUESTS).map(|index| Person::new(index, &random)).collect();
    let (running, crowd) = (&sendwall, &people);
    let answers: Vec<_> = thread::scope(|scope| {
        let walk = move |first: usize| {
            let mine = (first..REQUESTS).step_by(4);
            mine.flat_map(|i| request(running, i, &crowd[i], &crowd[(i + 1) % REQUESTS])).collect::<Vec<_>>()
        };
        let clients: Vec<_> = (0..4).map(|first| scope.spawn(move || walk(first))).collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    let statuses: HashSet<_> = answers.iter().map(|answer| answer.status).collect();
    for status in [200, 400, 403, 404, 422, 428, 429, 502] {
        assert!(statuses.contains(&status), "no answer with {status}: the shapes are too few: {statuses:?}");
    }
    assert!(sendwall.metric("sendwall_outcomes_total", &["outcome=\"verified\""]) > 0.0);
    let said = everything(&mut sendwall, &answers);
    let snapshot = fs::read(sendwall.directory.0.join("state/snapshot")).unwrap();
    let words: HashSet<_> = snapshot.windows(8).map(|word| u64::from_le_bytes(word.try_into().unwrap())).collect();
    assert!(people.iter().all(|person| !words.contains(&person.phone)), "the snapshot holds a number as a number");
    for (place, text) in said {
        let leaks = found(&text, &people);
        assert!(
            leaks.is_empty(),
            "{place} holds something of {} people, such as {} {} {}:\n{}",
            leaks.len(),
            leaks[0].phone,
            leaks[0].address,
            leaks[0].cookie,
            text.chars().take(3000).collect::<String>()
        );
    }
}

#[test]
fn a_broken_configuration_or_request_is_told_without_the_numbers_in_it() {
    let directory = Directory::new();
    directory.write(
        "good.toml",
        "upstream = \"http://127.0.0.1:1\"\n[[endpoint]]\nname = \"login\"\nsend = \"POST /send\"\n",
    );
    let person = Person::new(0, &Ids::new(3));
    for request in [
        format!("POST /{} HTTP/1.1\nbad header {}\n\n", person.phone, person.phone),
        format!(
            "POST /send HTTP/1.1\nHost: a\nContent-Type: application/json\n\n{{\"phone\":\"+{}\",\"tel\":\"+447402417171\"}}",
            person.phone
        ),
        format!(
            "POST /send HTTP/1.1\nHost: a\nContent-Type: application/json\n\n{{\"{}\":{{\"phone\":[]}}}}",
            person.phone
        ),
    ] {
        directory.write("request", &request);
        let mut command = Command::new(env!("CARGO_BIN_EXE_sendwall"));
        let arguments = ["explain", "--config", "good.toml", "--request", "request", "--from", &person.address];
        let output = command.args(arguments).current_dir(&directory.0).stdin(Stdio::null()).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!said.is_empty());
        assert!(found(&said, std::slice::from_ref(&person)).is_empty(), "{said}");
    }
}

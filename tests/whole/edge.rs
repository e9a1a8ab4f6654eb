//! The listener's edges: TLS, PROXY headers, and whose word about an address is believed.

use std::io::Write as _;
use std::net::TcpStream;

use crate::support::client::{PATIENCE, curl, read_to_close, status};
use crate::whole::stage::{Directory, Sendwall, shop};

/// One code for an address in a minute. Clients here are scripts.
const BY_ADDRESS: &str = r#"
mode = "enforce"
prior = "none"
cells.phone = { open_floor = 100 }
default_limits = false

[[endpoint]]
name = "login"
send = "POST /api/send-code"
default_region = "GB"

[[limit]]
name = "address"
key = ["ip"]
max = 1
per = "60s"
"#;

fn with_proxies(rules: &str, networks: &str) -> String {
    format!("trusted_proxies = {networks}\n{rules}")
}

#[test]
fn a_tls_listener_serves_http_1_and_2() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let directory = Directory::new();
    directory.write("key.pem", &made.signing_key.serialize_pem());
    let certificate = directory.write("certificate.pem", &made.cert.pem());
    let app = shop();
    let tls = "[tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n";
    let sendwall = Sendwall::start_in(directory, app.address, &format!("{BY_ADDRESS}\n{tls}"));
    let url = |path: &str| format!("https://localhost:{}{path}", sendwall.address.port());
    let trusted = ["--cacert", certificate.to_str().unwrap(), "--ipv4"];
    let json = ["-H", "content-type: application/json", "-d", r#"{"phone":"+447402417171"}"#];
    for (version, name, code) in [("--http1.1", "1.1", "200"), ("--http2", "2", "429")] {
        let told = ["-o", "/dev/null", "-w", "%{http_version} %{http_code}"];
        let url = url("/api/send-code");
        let arguments = [&[version][..], &trusted, &json, &told, &[&url]].concat();
        assert_eq!(curl(&arguments), format!("{name} {code}"));
    }
    let page = curl(&[&trusted[..], &["-i", "--http2", &url("/")]].concat());
    let cookie = page.lines().find(|line| line.starts_with("set-cookie: sendwall_visit=")).unwrap();
    assert!(cookie.contains("; Secure"), "{cookie}");
}

#[test]
fn http_2_without_tls_is_judged_too() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, BY_ADDRESS);
    let ask = || {
        let format = ["-o", "/dev/null", "-w", "%{http_version} %{http_code}", "--http2-prior-knowledge"];
        let json = ["-H", "content-type: application/json", "-d", r#"{"phone":"+447402417171"}"#];
        curl(&[&format[..], &json, &[&sendwall.url("/api/send-code")]].concat())
    };
    assert_eq!([ask(), ask()], ["2 200", "2 429"]);
}

#[test]
fn the_address_behind_a_trusted_proxy_is_what_limits_count_by() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &with_proxies(BY_ADDRESS, "[\"127.0.0.0/8\", \"10.0.0.0/8\"]"));
    let from = |name: &str, value: &str| {
        sendwall.post("/api/send-code", &[(name, value)], r#"{"phone":"+447402417171"}"#).status
    };
    for (name, value, status) in [
        ("x-forwarded-for", "203.0.113.1", 200),
        ("x-forwarded-for", "203.0.113.1", 429),
        ("x-forwarded-for", "203.0.113.2", 200),
        ("x-forwarded-for", "198.51.100.1, 203.0.113.1", 429), // what the client wrote itself, on the left
        ("x-forwarded-for", "203.0.113.3, 10.1.2.3", 200),     // a second proxy of ours
        ("x-forwarded-for", "203.0.113.3, 10.9.9.9", 429),
        ("x-forwarded-for", "[2001:db8:1:2::7]:4711", 200),
        ("x-forwarded-for", "2001:db8:1:2:ffff::1", 429), // the same /64
        ("x-forwarded-for", "2001:db8:1:3::7", 200),
    ] {
        assert_eq!(from(name, value), status, "{name}: {value}");
    }
}

#[test]
fn a_header_that_the_trusted_proxy_passes_on_changes_nobodys_address() {
    let app = shop();
    let rules = with_proxies(BY_ADDRESS, "[\"127.0.0.0/8\"]");
    for (read, (written, of_proxy), (passed_on, of_client)) in [
        ("x-forwarded-for", ("x-forwarded-for", "203.0.113.1"), ("forwarded", "for=198.51.100.1")),
        ("forwarded", ("forwarded", "for=203.0.113.1"), ("x-forwarded-for", "198.51.100.1")),
    ] {
        let sendwall = Sendwall::start(app.address, &format!("forwarded_header = \"{read}\"\n{rules}"));
        let post =
            |headers: &[(&str, &str)]| sendwall.post("/api/send-code", headers, r#"{"phone":"+447402417171"}"#).status;
        assert_eq!(post(&[(written, of_proxy)]), 200, "{read}");
        assert_eq!(post(&[(written, of_proxy), (passed_on, of_client)]), 429, "{read}: the same address");
    }
}

#[test]
fn nobody_else_is_believed_about_an_address() {
    let app = shop();
    for rules in [BY_ADDRESS.to_owned(), with_proxies(BY_ADDRESS, "[\"192.0.2.0/24\"]")] {
        let sendwall = Sendwall::start(app.address, &rules);
        let names = ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip", "client-ip"];
        let statuses = names.map(|name| {
            let value = if name == "forwarded" { "for=203.0.113.77" } else { "203.0.113.77" };
            sendwall.post("/api/send-code", &[(name, value)], r#"{"phone":"+447402417171"}"#).status
        });
        assert_eq!(statuses, [200, 429, 429, 429, 429, 429]);
    }
}

#[test]
fn a_proxy_header_is_believed_from_a_trusted_proxy_alone() {
    let app = shop();
    let rules = with_proxies(BY_ADDRESS, "[\"127.0.0.0/8\"]").replacen("mode", "proxy_protocol = true\nmode", 1);
    let sendwall = Sendwall::start(app.address, &rules);
    let body = r#"{"phone":"+447402417171"}"#;
    let request = format!(
        "POST /api/send-code HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let ask = |header: &[u8]| {
        let mut stream = TcpStream::connect(sendwall.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&[header, request.as_bytes()].concat()).unwrap();
        status(&read_to_close(&mut stream))
    };
    let version_2 = |last: u8| {
        let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
        header.extend([203, 0, 113, last, 127, 0, 0, 1, 0x12, 0x34, 0, 80]);
        header
    };
    assert_eq!(ask(b"PROXY TCP4 203.0.113.1 127.0.0.1 4711 80\r\n"), 200);
    assert_eq!(ask(b"PROXY TCP4 203.0.113.1 127.0.0.1 4712 80\r\n"), 429);
    assert_eq!(ask(&version_2(2)), 200);
    assert_eq!(ask(&version_2(1)), 429, "the same address in the other version");
    assert_eq!(ask(b"PROXY TCP4 nonsense\r\n"), 0, "closed without an answer");
}

//! Mail to a real SMTP server (aiosmtpd).

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use sendwall::alerts::Sink as _;
use sendwall::alerts::deliver::{Mail, Security, Target, Verdict};
use sendwall::domain::{Span, Timestamp};
use serde_json::Value;

use super::{Stage, alert, channel, python, resolved};

/// Refuses `nobody@`, is busy for `later@`, and prints each mail that it takes as a line of JSON. Its arguments: how it is
/// protected, its certificate and its key; protected, it takes mail of `sendwall` with the password `right` alone.
const SERVER: &str = r#"
import asyncio, json, os, ssl, sys
from email import message_from_bytes, policy
from aiosmtpd.smtp import SMTP, AuthResult

class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        if address.startswith("later@"):
            return "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        told = {"connections": connections, "from": envelope.mail_from, "to": envelope.rcpt_tos, "headers": dict(mail.items()), "body": mail.get_content()}
        print(json.dumps(told), flush=True)
        return "250 2.0.0 queued as 42"

security, certificate, key = sys.argv[1:]
context = None
options = {"enable_SMTPUTF8": True}
if security != "none":
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    options |= {"auth_required": True, "auth_require_tls": security == "starttls"}
    options["authenticator"] = lambda server, session, envelope, mechanism, data: AuthResult(
        success=(data.login, data.password) == (b"sendwall", b"right"), handled=False)
if security == "starttls":
    options |= {"tls_context": context, "require_starttls": True}

connections = 0

def connected():
    global connections
    connections += 1
    return SMTP(Handler(), **options)

async def main():
    loop = asyncio.get_running_loop()
    loop.call_later(30, os._exit, 1)
    wrapped = context if security == "tls" else None
    server = await loop.create_server(connected, "127.0.0.1", 0, ssl=wrapped)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"#;

/// The server; ends with its standard input.
pub(super) struct Server {
    child: Child,
    _open: ChildStdin,
    lines: BufReader<ChildStdout>,
    pub(super) port: u16,
}

impl Server {
    fn start() -> Self {
        Self::protected("none", Path::new(""))
    }

    /// Under `certificate.pem` and `key.pem` of that directory.
    pub(super) fn protected(security: &str, directory: &Path) -> Self {
        let files = ["certificate.pem", "key.pem"].map(|name| directory.join(name));
        let mut python = python();
        python.args(["-c", SERVER, security]).args(files).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = python.spawn().unwrap();
        let (mut open, mut lines) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        open.flush().unwrap();
        let mut port = String::new();
        lines.read_line(&mut port).unwrap();
        Self { child, _open: open, lines, port: port.trim().parse().unwrap() }
    }

    pub(super) fn mail(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn target(&self, to: &str) -> Target {
        Target::Email(Box::new(Mail {
            host: "localhost".to_owned(),
            port: self.port,
            security: Security::None,
            login: None,
            from: "sendwall <alerts@example.com>".to_owned(),
            to: vec![to.to_owned()],
        }))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

const NOW: Timestamp = Timestamp::from_unix_ms(1_795_198_202_000);

#[test]
fn an_incidents_mails_arrive_and_stand_together() {
    let mut server = Server::start();
    let stage = Stage::start(vec![channel("mail", server.target("On call <oncall@example.com>"))], None, NOW);
    let first = alert(NOW, 1, 1);
    let over = resolved(&first, NOW + Span::minutes(5));
    stage.courier.take(&first);
    stage.courier.take(&over);
    let (begin, end) = (server.mail(), server.mail());
    stage.stop();
    assert_eq!(begin["from"], "alerts@example.com");
    assert_eq!(begin["to"], serde_json::json!(["oncall@example.com"]));
    assert_eq!(begin["headers"]["Subject"], "[CRITICAL] 142 SMS in 5m to UZ (limit 40)");
    assert_eq!(begin["headers"]["Message-ID"], format!("<{}@example.com>", first.id));
    assert_eq!(begin["headers"]["Auto-Submitted"], "auto-generated");
    assert!(begin["body"].as_str().unwrap().contains("+99899394: 142 SMS"), "{begin}");
    assert_eq!(begin["headers"]["References"], end["headers"]["References"]);
    assert!(end["headers"]["Subject"].as_str().unwrap().starts_with("[RESOLVED]"), "{end}");
}

#[test]
fn a_mail_servers_answers_are_understood() {
    let server = Server::start();
    let channels = ["nobody", "later", "fine"].map(|name| channel(name, server.target(&format!("{name}@example.com"))));
    let refused = Mail { port: 1, ..mail_of(&channels[0].target) };
    let channels: Vec<_> = channels.into_iter().chain([channel("closed", Target::Email(Box::new(refused)))]).collect();
    let stage = Stage::start(channels.clone(), None, NOW);
    let test = |name: &str| stage.runtime.block_on(stage.courier.test(name)).unwrap();
    let fine = test("fine");
    assert_eq!((fine.verdict, fine.said.as_str()), (Verdict::Delivered, "250 2.0.0 queued as 42"));
    assert!(matches!(test("nobody").verdict, Verdict::Never { why } if why.contains("no such user")));
    assert!(
        matches!(test("later").verdict, Verdict::Later(later) if !later.may_have_arrived && later.why.contains("try again"))
    );
    assert!(
        matches!(test("closed").verdict, Verdict::Later(later) if !later.may_have_arrived && later.reason == "connect")
    );

    let private =
        channels.into_iter().map(|channel| sendwall::alerts::deliver::Channel { allow_private: false, ..channel });
    stage.pass(Span::seconds(1), private.collect(), None);
    let forbidden = stage.runtime.block_on(stage.courier.test("fine")).unwrap();
    assert!(matches!(forbidden.verdict, Verdict::Later(later) if later.reason == "forbidden"), "{}", forbidden.said);
    stage.stop();
}

#[test]
fn a_mail_takes_one_connection() {
    let mut server = Server::start();
    let stage = Stage::start(vec![channel("mail", server.target("oncall@example.com"))], None, NOW);
    assert_eq!(stage.runtime.block_on(stage.courier.test("mail")).unwrap().verdict, Verdict::Delivered);
    assert_eq!(server.mail()["connections"], 1);
    stage.stop();
}

#[test]
fn a_mailbox_that_is_gone_keeps_no_mail_from_the_others() {
    let mut server = Server::start();
    let to = |name: &str, addresses: &[&str]| {
        let mail = Mail { to: addresses.iter().map(|to| (*to).to_owned()).collect(), ..mail_of(&server.target("")) };
        channel(name, Target::Email(Box::new(mail)))
    };
    let some = to("some", &["nobody@example.com", "oncall@example.com", "later@example.com", "second@example.com"]);
    let none = to("none", &["nobody@example.com", "later@example.com"]);
    let gone = to("gone", &["nobody@example.com", "nobody@example.org"]);
    let stage = Stage::start(vec![some, none, gone], None, NOW);
    let test = |name: &str| stage.runtime.block_on(stage.courier.test(name)).unwrap();
    let told = test("some");
    assert_eq!(told.verdict, Verdict::Delivered, "{}", told.said);
    assert!(told.said.starts_with("250 2.0.0 queued as 42; not for all: "), "{}", told.said);
    assert!(told.said.contains("no such user") && told.said.contains("try again later"), "{}", told.said);
    let got = server.mail();
    assert_eq!(got["to"], serde_json::json!(["oncall@example.com", "second@example.com"]));
    assert!(got["headers"]["To"].as_str().unwrap().contains("nobody@example.com"), "{got}");
    assert!(matches!(test("none").verdict, Verdict::Later(later) if later.why.contains("try again")));
    assert!(matches!(test("gone").verdict, Verdict::Never { why } if why.contains("no such user")));
    stage.stop();
}

fn mail_of(target: &Target) -> Mail {
    let Target::Email(mail) = target else { panic!("{target:?}") };
    Mail::clone(mail)
}

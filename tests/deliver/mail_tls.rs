//! Mail over TLS, from the first byte and by `STARTTLS`: to a server whose certificate is checked before anything is said.

use std::sync::Arc;

use sendwall::alerts::deliver::{self, Channel, Later, Mail, Reply, Security, Target, Verdict};
use sendwall::domain::Timestamp;
use sendwall::net;
use sendwall::privacy::Secret;

use super::channel;
use super::mail::Server;
use crate::whole::stage::Directory;

const NOW: Timestamp = Timestamp::from_unix_ms(1_795_198_202_000);
const WAYS: [(&str, Security); 2] = [("tls", Security::Tls), ("starttls", Security::StartTls)];

/// A directory with a certificate for `name`, which is its own authority, and its key.
fn certificate(name: &str) -> Directory {
    let directory = Directory::new();
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    directory.write("key.pem", &made.signing_key.serialize_pem());
    directory.write("certificate.pem", &made.cert.pem());
    directory
}

fn mail(server: &Server, security: Security, password: &str) -> Arc<Channel> {
    let target = Target::Email(Box::new(Mail {
        host: "localhost".to_owned(),
        port: server.port,
        security,
        login: Some(("sendwall".to_owned(), Secret::new(password))),
        from: "alerts@example.com".to_owned(),
        to: vec!["oncall@example.com".to_owned()],
    }));
    Arc::new(channel("mail", target))
}

/// Sends a test alert, believing the authority of `trusted`, else those of the system.
fn send(channel: &Arc<Channel>, trusted: Option<&Directory>) -> Reply {
    let ca = trusted.map(|directory| directory.0.join("certificate.pem"));
    let net = net::Settings { ca, ..net::Settings::default() };
    tokio::runtime::Runtime::new().unwrap().block_on(deliver::test(channel, &net, NOW)).unwrap()
}

fn is_unsent(reply: &Reply, because: &str) -> bool {
    matches!(&reply.verdict, Verdict::Later(Later { reason, may_have_arrived: false, .. }) if *reason == because)
}

#[test]
fn mail_goes_over_tls_both_ways_and_a_wrong_password_is_told() {
    for (way, security) in WAYS {
        let files = certificate("localhost");
        let mut server = Server::protected(way, &files.0);
        let sent = send(&mail(&server, security, "right"), Some(&files));
        assert_eq!((sent.verdict, sent.said.as_str()), (Verdict::Delivered, "250 2.0.0 queued as 42"), "{way}");
        let got = server.mail();
        assert!(got["headers"]["Subject"].as_str().unwrap().contains("[TEST]"), "{way}: {got}");
        let refused = send(&mail(&server, security, "wrong"), Some(&files));
        assert!(is_unsent(&refused, "refused") && refused.said.contains("535"), "{way}: {refused:?}");
    }
}

#[test]
fn a_certificate_that_is_not_the_servers_is_refused_before_anything_is_said() {
    for (way, security) in WAYS {
        let (right, foreign, other) = (certificate("localhost"), certificate("mail.example"), certificate("localhost"));
        let cases = [
            (&right, None, "UnknownIssuer", "no authority of the system signed it"),
            (&right, Some(&other), "", "another authority than the one that was named"),
            (&foreign, Some(&foreign), "not valid for name \"localhost\"", "it is for another name"),
        ];
        for (files, trusted, why, about) in cases {
            let server = Server::protected(way, &files.0);
            let told = send(&mail(&server, security, "right"), trusted);
            assert!(is_unsent(&told, "tls"), "{way}, {about}: {told:?}");
            let begin = format!("no TLS with localhost:{}: invalid peer certificate: ", server.port);
            assert!(told.said.starts_with(&begin) && told.said.contains(why), "{way}, {about}: {}", told.said);
            assert!(
                told.said.ends_with("; for an authority of your own name its file in [outbound] ca"),
                "{}",
                told.said
            );
        }
    }
}

#[test]
fn without_the_tls_that_is_asked_for_nothing_is_sent() {
    let files = certificate("localhost");
    let plain = Server::protected("none", &files.0);
    for (way, security) in WAYS {
        let told = send(&mail(&plain, security, "right"), Some(&files));
        assert!(!matches!(told.verdict, Verdict::Delivered), "{way}: {told:?}");
        println!("{way}: {told:?}");
        assert!(is_unsent(&told, "tls"), "{way}: {told:?}");
    }
}

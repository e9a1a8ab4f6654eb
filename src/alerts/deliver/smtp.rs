//! One mail to one server. The address is checked and connected to here, so that a mail server is held to the same
//! rules as any other receiver; what is said there is `lettre`'s affair.

use std::io;
use std::net::SocketAddr;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use tokio::net::TcpStream;

use super::channel::{Channel, Mail, Security};
use super::formats::{Item, mail as form};
use super::sender::Reply;
use super::text::{clip, one_line};
use super::verdict::{Later, Verdict, failing, refused};
use crate::domain::Timestamp;
use crate::net;

/// Of what the server says so much is told.
const MOST_TOLD: usize = 300;

/// Sends one mail to all of its receivers.
pub(super) async fn send(
    mail: &Mail,
    channel: &Channel,
    items: &[Item<'_>],
    settings: &net::Settings,
    now: Timestamp,
) -> Reply {
    let message = match form::message(mail, channel, items, now) {
        Ok(message) => message,
        Err(error) => return Reply::unsent("unsendable", error.to_string()),
    };
    let address = match reach(mail, settings).await {
        Ok(address) => address,
        Err((reason, said)) => return Reply::unsent(reason, said),
    };
    let transport = match transport(mail, address, settings) {
        Ok(transport) => transport,
        Err(said) => return Reply::unsent("tls", said),
    };
    // The whole conversation: a server that stalls at each step in turn must not hold up the others.
    let within = settings.timeouts.answer + settings.timeouts.body;
    match tokio::time::timeout(within.to_duration(), transport.send(message)).await {
        Ok(Ok(answer)) => {
            let said = answer.message().collect::<Vec<_>>().join(" ");
            Reply { verdict: Verdict::Delivered, said: format!("{} {}", answer.code(), one_line(&said)) }
        }
        Ok(Err(error)) => judge(&error, mail),
        Err(_elapsed) => {
            let said = format!("{} did not finish within {within}", mail.host);
            let why = said.clone();
            Reply {
                verdict: Verdict::Later(Later { reason: "timeout", why, pause: None, may_have_arrived: true }),
                said,
            }
        }
    }
}

/// An address of the server that may be reached and answers.
async fn reach(mail: &Mail, settings: &net::Settings) -> Result<SocketAddr, (&'static str, String)> {
    let Mail { host, port, .. } = mail;
    let lookup = tokio::net::lookup_host((host.as_str(), *port));
    let found = tokio::time::timeout(settings.timeouts.resolve.to_duration(), lookup).await;
    let found = found.map_err(|_elapsed| ("timeout", format!("{host} was not found in time")))?;
    let found: Vec<SocketAddr> =
        found.map_err(|error| ("resolve", format!("{host} cannot be found: {error}")))?.collect();
    let mut last = ("resolve", format!("{host} has no address"));
    for address in found {
        if !settings.reach.allows(address.ip()) {
            let said = format!(
                "{host} is at {}, which is not a public address; set `allow_private` if it is meant",
                address.ip()
            );
            last = ("forbidden", said);
            continue;
        }
        match tokio::time::timeout(settings.timeouts.connect.to_duration(), TcpStream::connect(address)).await {
            Ok(Ok(_stream)) => return Ok(address),
            Ok(Err(error)) => last = ("connect", format!("{host} cannot be reached: {error}")),
            Err(_elapsed) => last = ("timeout", format!("{host} did not accept a connection in time")),
        }
    }
    Err(last)
}

fn transport(
    mail: &Mail,
    address: SocketAddr,
    settings: &net::Settings,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let tls = match mail.security {
        Security::None => Tls::None,
        Security::Tls => Tls::Wrapper(parameters(mail, settings)?),
        Security::StartTls => Tls::Required(parameters(mail, settings)?),
    };
    let domain = mail.from.rsplit('@').next().unwrap_or_default().trim_end_matches('>').to_owned();
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.ip().to_string())
        .port(address.port())
        .hello_name(ClientId::Domain(domain))
        .timeout(Some(settings.timeouts.answer.to_duration()))
        .tls(tls);
    Ok(match &mail.login {
        Some((user, password)) => {
            builder.credentials(Credentials::new(user.clone(), password.expose().to_owned())).build()
        }
        None => builder.build(),
    })
}

/// TLS to a server of that name, checked by the operator's authorities or the system's.
fn parameters(mail: &Mail, settings: &net::Settings) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(mail.host.clone());
    if let Some(ca) = &settings.ca {
        let pem = std::fs::read(ca).map_err(|error| format!("cannot read {}: {error}", ca.display()))?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| format!("{}: {error}", ca.display()))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(|error| error.to_string())
}

fn judge(error: &Error, mail: &Mail) -> Reply {
    let tls = tls_fault(error);
    let said = match tls {
        Some(fault) => format!(
            "no TLS with {}:{}: {fault}; for an authority of your own name its file in [outbound] ca",
            mail.host, mail.port
        ),
        None => chain(error),
    };
    let said = clip(&one_line(&said), MOST_TOLD).into_owned();
    let why = said.clone();
    let code = error.status().map(|code| code.to_string());
    let verdict = match code.as_deref() {
        // The login: people can mend it.
        Some("530" | "534" | "535" | "538") => refused(why),
        Some(_) if error.is_permanent() => Verdict::Never { why },
        Some(_) => Verdict::Later(Later { reason: "receiver_error", why, pause: None, may_have_arrived: false }),
        None if error.is_client() || error.is_tls() || tls.is_some() => {
            Verdict::Later(Later { reason: "tls", why, pause: None, may_have_arrived: false })
        }
        None => failing(None, why),
    };
    Reply { verdict, said }
}

/// What TLS says where the handshake failed, before anything of the mail was sent. An I/O error doesn't name what is
/// wrapped in it as its source.
fn tls_fault(error: &Error) -> Option<&rustls::Error> {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let inner = wrapped.map_or(error, |wrapped| wrapped as &(dyn std::error::Error + 'static));
        if let Some(fault) = inner.downcast_ref() {
            return Some(fault);
        }
        cause = error.source();
    }
    None
}

/// An error with its causes, each said once.
fn chain(error: &Error) -> String {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        cause = error.source();
    }
    said
}

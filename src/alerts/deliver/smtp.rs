//! One mail to one server, over one connection. Its addresses are found and checked here, so that a mail server is held to
//! the same rules as any other receiver; how each is spoken to is `lettre`'s affair.

use std::io;
use std::net::SocketAddr;

use lettre::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{self, Data, Rcpt};
use lettre::transport::smtp::extension::{ClientId, MailBodyParameter, MailParameter};

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
    let mut connection = match connect(mail, settings).await {
        Ok(connection) => connection,
        Err(reply) => return reply,
    };
    // The whole conversation: a server that stalls at each step in turn must not hold up the others.
    let within = settings.timeouts.answer + settings.timeouts.body;
    match tokio::time::timeout(within.to_duration(), converse(&mut connection, &message)).await {
        Ok(Ok(said)) => Reply { verdict: Verdict::Delivered, said },
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

/// A connection to the first address of the server that may be reached and answers. As long as there is none, nothing was
/// sent.
async fn connect(mail: &Mail, settings: &net::Settings) -> Result<AsyncSmtpConnection, Reply> {
    let Mail { host, port, .. } = mail;
    let lookup = tokio::net::lookup_host((host.as_str(), *port));
    let found = tokio::time::timeout(settings.timeouts.resolve.to_duration(), lookup).await;
    let found = found.map_err(|_elapsed| Reply::unsent("timeout", format!("{host} was not found in time")))?;
    let found: Vec<SocketAddr> =
        found.map_err(|error| Reply::unsent("resolve", format!("{host} cannot be found: {error}")))?.collect();
    let tls = match mail.security {
        Security::None => None,
        Security::Tls | Security::StartTls => {
            Some(parameters(mail, settings).map_err(|said| Reply::unsent("tls", said))?)
        }
    };
    let within = settings.timeouts.connect + settings.timeouts.answer;
    let mut last = Reply::unsent("resolve", format!("{host} has no address"));
    for address in found {
        if !settings.reach.allows(address.ip()) {
            let said = format!(
                "{host} is at {}, which is not a public address; set `allow_private` if it is meant",
                address.ip()
            );
            last = Reply::unsent("forbidden", said);
            continue;
        }
        match tokio::time::timeout(within.to_duration(), open(mail, address, tls.as_ref(), settings)).await {
            Ok(Ok(connection)) => return Ok(connection),
            // It is there, and this is what it says.
            Ok(Err(error)) if error.status().is_some() || error.is_client() || tls_fault(&error).is_some() => {
                return Err(judge(&error, mail));
            }
            Ok(Err(error)) => {
                let said = format!("{host} cannot be reached: {}", net::with_causes(&error));
                last = Reply::unsent("connect", clip(&one_line(&said), MOST_TOLD).into_owned());
            }
            Err(_elapsed) => last = Reply::unsent("timeout", format!("{host} did not answer in time")),
        }
    }
    Err(last)
}

/// Connects to this address, protects the connection and logs in.
async fn open(
    mail: &Mail,
    address: SocketAddr,
    tls: Option<&TlsParameters>,
    settings: &net::Settings,
) -> Result<AsyncSmtpConnection, Error> {
    let domain = mail.from.rsplit('@').next().unwrap_or_default().trim_end_matches('>').to_owned();
    let hello = ClientId::Domain(domain);
    let wrapped = tls.filter(|_| mail.security == Security::Tls).cloned();
    let within = Some(settings.timeouts.connect.to_duration());
    let mut connection = AsyncSmtpConnection::connect_tokio1(address, within, &hello, wrapped, None).await?;
    if let Some(tls) = tls.filter(|_| mail.security == Security::StartTls) {
        connection.starttls(tls.clone(), &hello).await?;
    }
    if let Some((user, password)) = &mail.login {
        let login = Credentials::new(user.clone(), password.expose().to_owned());
        connection.auth(DEFAULT_MECHANISMS, &login).await?;
    }
    Ok(connection)
}

/// Hands over the mail to all receivers that the server knows; gives what it said. One mailbox that is gone must not keep an
/// alert from the others.
async fn converse(connection: &mut AsyncSmtpConnection, message: &Message) -> Result<String, Error> {
    let (envelope, text) = (message.envelope(), message.formatted());
    let mut options = Vec::new();
    // A server that doesn't know these says so.
    if !envelope.to().iter().chain(envelope.from()).all(|address| address.to_string().is_ascii()) {
        options.push(MailParameter::SmtpUtfEight);
    }
    if !text.is_ascii() {
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    connection.command(commands::Mail::new(envelope.from().cloned(), options)).await?;
    let mut refused: Vec<Error> = Vec::new();
    for to in envelope.to() {
        match connection.command(Rcpt::new(to.clone(), Vec::new())).await {
            Ok(_taken) => {}
            Err(error) if error.status().is_some() => refused.push(error),
            Err(error) => return Err(error),
        }
    }
    // All of them: then the mail comes again if one may take it later.
    if refused.len() == envelope.to().len() {
        connection.abort().await;
        refused.sort_by_key(Error::is_permanent);
        return Err(refused.swap_remove(0));
    }
    connection.command(Data).await?;
    let answer = connection.message(&text).await?;
    connection.abort().await;
    let said = answer.message().collect::<Vec<_>>().join(" ");
    let told = format!("{} {}", answer.code(), one_line(&said));
    let without = refused.iter().map(|error| format!("; not for all: {}", one_line(&net::with_causes(error))));
    Ok(clip(&std::iter::once(told).chain(without).collect::<String>(), MOST_TOLD).into_owned())
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
        None => net::with_causes(error),
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

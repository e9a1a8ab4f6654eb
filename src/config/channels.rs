//! `[[alerts.channel]]`: where alerts go.
//!
//! A channel that cannot work is an error here, so that nobody finds out on the night of an attack.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use super::reader::Section;
use super::source::Fault;
use super::values;
use crate::alerts::Severity;
use crate::alerts::deliver::{
    Channel, Mail, Matcher, NAMES, Security, SigningKey, Target, Template, Text, TextError, Url,
};
use crate::net::Reach;
use crate::privacy::Secret;
use crate::rules::nearest;

const KINDS: [(&str, Kind); 10] = [
    ("webhook", Kind::Webhook),
    ("alertmanager", Kind::Alertmanager),
    ("alertmanager_webhook", Kind::AlertmanagerWebhook),
    ("pagerduty", Kind::PagerDuty),
    ("slack", Kind::Slack),
    ("feishu", Kind::Feishu),
    ("dingtalk", Kind::DingTalk),
    ("wecom", Kind::WeCom),
    ("telegram", Kind::Telegram),
    ("email", Kind::Email),
];

const SEVERITIES: [(&str, Severity); 2] = [("warn", Severity::Warn), ("critical", Severity::Critical)];

const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";
const TELEGRAM: &str = "https://api.telegram.org";

/// Longest secret file, in bytes: some keys.
const MAX_SECRET: usize = 16 * 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Webhook,
    Alertmanager,
    AlertmanagerWebhook,
    PagerDuty,
    Slack,
    Feishu,
    DingTalk,
    WeCom,
    Telegram,
    Email,
}

impl Kind {
    fn name(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// Whether its URL is all that it takes to write there.
    const fn has_secret_url(self) -> bool {
        matches!(self, Self::Slack | Self::Feishu | Self::DingTalk | Self::WeCom)
    }

    /// Its maker's address, where everybody uses the same.
    const fn usual_url(self) -> Option<&'static str> {
        match self {
            Self::PagerDuty => Some(PAGERDUTY),
            Self::Telegram => Some(TELEGRAM),
            _ => None,
        }
    }

    /// Messages a minute that the receiver takes, or that people can read.
    const fn usual_rate(self) -> u32 {
        match self {
            Self::Webhook | Self::Alertmanager | Self::AlertmanagerWebhook => 600,
            Self::PagerDuty | Self::Slack | Self::Feishu => 60,
            Self::DingTalk | Self::WeCom | Self::Telegram | Self::Email => 20,
        }
    }

    /// What its secret is.
    const fn secret(self) -> Option<(&'static str, bool)> {
        match self {
            Self::Webhook => Some(("the signing keys, one a line, the newest first: each `whsec_` and base64", true)),
            Self::PagerDuty => Some(("the integration key", true)),
            Self::Telegram => Some(("the bot's token", true)),
            Self::Alertmanager | Self::AlertmanagerWebhook => Some(("a bearer token", false)),
            Self::Feishu | Self::DingTalk => Some(("the bot's signing secret", false)),
            Self::Email => Some(("the password", false)),
            Self::Slack | Self::WeCom => None,
        }
    }
}

/// Reads every channel. `reach` are the addresses that all outgoing requests may go to.
pub(super) fn read(alerts: &mut Section<'_>, reach: &Reach) -> Vec<Arc<Channel>> {
    let mut names: Vec<Arc<str>> = Vec::new();
    let link: Option<Arc<str>> = alerts.parsed("link", link).map(Arc::from);
    alerts.tables("channel", |section| {
        section.require("name", "it stands in logs and metrics, such as name = \"on-call\"");
        let name: Option<Arc<str>> = section.parsed("name", values::name).map(Arc::from);
        if let Some(name) = &name {
            if names.contains(name) {
                section.error("name", Fault::new(format!("two channels are named {name:?}")));
            }
            names.push(Arc::clone(name));
        }
        let channel = channel(section, name, reach)?;
        Some(Arc::new(Channel { link: link.clone(), ..channel }))
    })
}

fn channel(section: &mut Section<'_>, name: Option<Arc<str>>, reach: &Reach) -> Option<Channel> {
    section.require("kind", &format!("write one of {}", values::quoted(KINDS.iter().map(|(name, _)| *name))));
    let kind = section.choice("kind", &KINDS);
    let target = target(section, kind);
    let severities = section.list("severities", |text| values::one_of(text, &SEVERITIES)).unwrap_or_default();
    let matchers = section.list("matchers", matcher).unwrap_or_default();
    let template = section.table("template", template);
    let send_resolved = section.bool("send_resolved", true);
    let allow_private = section.bool("allow_private", false);
    let rate = section.integer("rate", 1..=6000).and_then(|rate| u32::try_from(rate).ok());
    let target = target?;
    check_reach(section, &target, allow_private, reach);
    let rate = rate.unwrap_or_else(|| kind.map_or(20, Kind::usual_rate));
    Some(Channel {
        name: name?,
        target,
        template,
        severities,
        matchers,
        send_resolved,
        rate,
        allow_private,
        link: None,
    })
}

/// An address that people can open.
fn link(text: &str) -> Result<&str, Fault> {
    let bad = |why| Fault::new(format!("{text:?} {why}")).hint("write it so, such as \"https://sendwall.example\"");
    match Url::parse(text) {
        Ok(_) if text.contains(['?', '#']) => Err(bad("can't be continued with a path")),
        Ok(_) => Ok(text.trim().trim_end_matches('/')),
        Err(_not_a_url) => Err(bad("is no address that people can open")),
    }
}

/// Who receives. Reads every key, also those that this kind has no use for.
fn target(section: &mut Section<'_>, kind: Option<Kind>) -> Option<Target> {
    let url = url_text(section, kind);
    let secret = secret(section, kind);
    let chat = section.text("chat").map(Arc::from);
    let from = section.parsed("from", address);
    let to = section.list("to", address);
    let kind = kind?;
    let unused = [
        ("chat", kind != Kind::Telegram),
        ("from", kind != Kind::Email),
        ("to", kind != Kind::Email),
        ("secret_file", kind.secret().is_none()),
    ];
    for (key, _) in unused.iter().filter(|(key, is_unused)| *is_unused && section.has(key)) {
        section.warning(key, Fault::new(format!("a channel of kind {:?} has no use for this", kind.name())));
    }
    if let Some((what, true)) = kind.secret() {
        section.require("secret_file", &format!("name a file with {what}"));
    }
    if kind == Kind::Email {
        section.require("from", "name the sender, such as from = \"sendwall <alerts@example.com>\"");
        section.require("to", "name the receivers, such as to = [\"oncall@example.com\"]");
        return mail(section, &url?, secret, from, to);
    }
    if kind == Kind::Telegram {
        section.require("chat", "name the chat's id, such as chat = \"-1001234567890\", or a public one's @name");
    }
    let url = match url?.parse_url() {
        Ok(url) => url,
        Err(fault) => {
            section.error(url_key(section), fault);
            return None;
        }
    };
    Some(match kind {
        Kind::Webhook => Target::Webhook { url, keys: signing_keys(section, secret?.expose())? },
        Kind::Alertmanager => Target::Alertmanager { url, token: secret },
        Kind::AlertmanagerWebhook => Target::AlertmanagerWebhook { url, token: secret },
        Kind::PagerDuty => Target::PagerDuty { url, routing_key: secret? },
        Kind::Slack => Target::Slack { url },
        Kind::Feishu => Target::Feishu { url, secret },
        Kind::DingTalk => Target::DingTalk { url, secret },
        Kind::WeCom => Target::WeCom { url },
        Kind::Telegram => Target::Telegram { url, token: secret?, chat: chat? },
        Kind::Email => return None,
    })
}

/// A URL's text, and whether it is a secret.
struct UrlText(Secret);

impl UrlText {
    fn parse_url(&self) -> Result<Url, Fault> {
        Url::parse(self.0.expose()).map_err(|error| Fault::new(error.to_string()).secret())
    }
}

fn url_key(section: &Section<'_>) -> &'static str {
    if section.has("url_file") { "url_file" } else { "url" }
}

fn url_text(section: &mut Section<'_>, kind: Option<Kind>) -> Option<UrlText> {
    let (inline, file) = (section.text("url"), section.file("url_file"));
    if section.has("url") && section.has("url_file") {
        section.error("url", Fault::new("there are both `url` and `url_file`; which of them is meant?").secret());
    }
    if let Some(kind) = kind.filter(|kind| kind.has_secret_url() && section.has("url")) {
        let fault = Fault::new(format!("who knows the URL of a {} bot can write there: it is a secret", kind.name()));
        section.error("url", fault.hint("put it into a file of its own and name the file in `url_file`").secret());
    }
    if let Some(file) = file {
        return text_of(section, "url_file", &file).map(UrlText);
    }
    let url = inline.or_else(|| kind.and_then(Kind::usual_url));
    if url.is_none() && !section.has("url_file") && !section.has("url") {
        let (key, example) = match kind {
            Some(kind) if kind.has_secret_url() => ("url_file", "name a file with the URL that its maker gave you"),
            Some(Kind::Email) => ("url", "name the mail server, such as url = \"smtps://user@mail.example:465\""),
            _ => ("url", "name the receiver, such as url = \"https://hooks.example/alerts\""),
        };
        section.require(key, example);
    }
    url.map(|url| UrlText(Secret::new(url)))
}

fn secret(section: &mut Section<'_>, kind: Option<Kind>) -> Option<Secret> {
    let file = section.file("secret_file")?;
    kind.and_then(Kind::secret)?;
    text_of(section, "secret_file", &file)
}

/// The text of a file that holds a secret.
fn text_of(section: &Section<'_>, key: &str, file: &Path) -> Option<Secret> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let secret = Secret::new(&text);
    let fault = if secret.expose().is_empty() {
        "is empty, or no text"
    } else if text.len() > MAX_SECRET {
        "is too large to hold a secret"
    } else {
        return Some(secret);
    };
    section.error(key, Fault::new(format!("{} {fault}", file.display())));
    None
}

fn signing_keys(section: &Section<'_>, text: &str) -> Option<Vec<SigningKey>> {
    let keys: Option<Vec<_>> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(SigningKey::parse).collect();
    if keys.is_none() {
        let fault = Fault::new("a line of this file is no signing key: `whsec_` and 24 to 64 bytes in base64");
        section.error("secret_file", fault.hint("make one with: echo \"whsec_$(openssl rand -base64 32)\""));
    }
    keys
}

fn mail(
    section: &Section<'_>,
    url: &UrlText,
    password: Option<Secret>,
    from: Option<String>,
    to: Option<Vec<String>>,
) -> Option<Target> {
    let server = server(url.0.expose());
    let Some((security, user, host, port)) = server else {
        let fault = Fault::new("this is no mail server");
        section.error(
            url_key(section),
            fault
                .hint("write smtps://user@host:465 (TLS), smtp://user@host:587 (STARTTLS) or smtp+plain://127.0.0.1:25")
                .secret(),
        );
        return None;
    };
    let login = match (user, password) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        (Some(_), None) => {
            section.require("secret_file", "name a file with the password of the user in `url`");
            return None;
        }
        (None, Some(_)) => {
            let fault = Fault::new("there is a password and no user");
            section.error("secret_file", fault.hint("name the user in `url`, such as \"smtps://user@mail.example\""));
            return None;
        }
    };
    if login.is_some() && security == Security::None {
        let fault = Fault::new("the password would go over the network for everyone to read");
        section.error(url_key(section), fault.hint("use smtps:// or smtp://").secret());
    }
    let to = to.filter(|to| !to.is_empty());
    if to.is_none() && section.has("to") {
        section.error("to", Fault::new("there is nobody to write to"));
    }
    Some(Target::Email(Box::new(Mail { host, port, security, login, from: from?, to: to? })))
}

fn server(url: &str) -> Option<(Security, Option<String>, String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let (security, usual) = match scheme {
        "smtps" => (Security::Tls, 465),
        "smtp" => (Security::StartTls, 587),
        "smtp+plain" => (Security::None, 25),
        _ => return None,
    };
    let (user, authority) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
    let authority: http::uri::Authority = authority.trim_end_matches('/').parse().ok()?;
    let host = authority.host().trim_matches(['[', ']']);
    let port = authority.port().map_or(Some(usual), |port| Some(port.as_u16()))?;
    let user = user.map(|user| percent_encoding::percent_decode_str(user).decode_utf8_lossy().into_owned());
    let is_plain = user.as_ref().is_none_or(|user| !user.is_empty() && !user.contains(':'));
    (!host.is_empty() && is_plain).then(|| (security, user, host.to_owned(), port))
}

fn address(text: &str) -> Result<String, Fault> {
    match text.parse::<lettre::message::Mailbox>() {
        Ok(_mailbox) => Ok(text.to_owned()),
        Err(_) => Err(Fault::new(format!("{text:?} is no mail address"))
            .hint("write one such as \"oncall@example.com\" or \"On call <oncall@example.com>\"")),
    }
}

fn matcher(text: &str) -> Result<Matcher, Fault> {
    let fault = || Fault::new(format!("{text:?} is no condition on an alert"));
    Matcher::parse(text)
        .ok_or_else(|| fault().hint("write one such as \"country=UZ\", \"kind!=trouble\", \"range=+9989*\""))
}

fn template(section: &mut Section<'_>) -> Template {
    let default = Template::default();
    Template {
        title: section.parsed("title", text).unwrap_or(default.title),
        body: section.parsed("body", text).unwrap_or(default.body),
    }
}

fn text(text: &str) -> Result<Text, Fault> {
    Text::parse(text).map_err(|error| {
        let fault = Fault::new(error.to_string());
        match error {
            TextError::Unbalanced { at } => fault.at(at),
            TextError::Unknown { name, at } => match nearest(&name, NAMES) {
                Some(known) => fault.hint(format!("did you mean `{{{known}}}`?")),
                None => fault.hint(format!("there are {}", NAMES.map(|name| format!("{{{name}}}")).join(", "))),
            }
            .at(at),
        }
    })
}

/// A receiver at an address that can be told to be private by its text alone would be refused at each attempt.
fn check_reach(section: &Section<'_>, target: &Target, allow_private: bool, reach: &Reach) {
    let host = match target {
        Target::Email(mail) => mail.host.as_str(),
        Target::Webhook { url, .. }
        | Target::AlertmanagerWebhook { url, .. }
        | Target::Alertmanager { url, .. }
        | Target::PagerDuty { url, .. }
        | Target::Slack { url }
        | Target::Feishu { url, .. }
        | Target::DingTalk { url, .. }
        | Target::WeCom { url }
        | Target::Telegram { url, .. } => url.host(),
    };
    let address = if host == "localhost" { Some(IpAddr::from([127, 0, 0, 1])) } else { host.parse().ok() };
    if let Some(address) = address.filter(|address| !allow_private && !reach.allows(*address)) {
        let fault = Fault::new(format!("{address} is not a public address, so nothing would be sent there"));
        section.error(url_key(section), fault.hint("set allow_private = true if it is meant").secret());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_servers_read() {
        for (url, expected) in [
            (
                "smtps://me%40example.com@mail.example",
                Some((Security::Tls, Some("me@example.com"), "mail.example", 465)),
            ),
            (
                "smtps://me@example.com@mail.example:2465/",
                Some((Security::Tls, Some("me@example.com"), "mail.example", 2465)),
            ),
            ("smtp://mail.example", Some((Security::StartTls, None, "mail.example", 587))),
            ("smtp+plain://[::1]:2525", Some((Security::None, None, "::1", 2525))),
            ("smtp://me:hunter2@mail.example", None),
            ("https://mail.example", None),
            ("mail.example", None),
            ("smtp://", None),
        ] {
            let expected =
                expected.map(|(security, user, host, port)| (security, user.map(str::to_owned), host.to_owned(), port));
            assert_eq!(server(url), expected, "{url}");
        }
    }
}

//! A channel as it is configured: where alerts go, which of them, and how often.

use std::fmt;
use std::sync::Arc;

use http::Uri;

use super::super::{Alert, Severity, Status};
use super::formats::webhook::SigningKey;
use super::template::Template;
use crate::net;
use crate::privacy::Secret;

/// Where alerts go, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Stands in metrics, logs and the spool.
    pub name: Arc<str>,
    /// Who receives.
    pub target: Target,
    /// How a message is worded.
    pub template: Template,
    /// Severities that it takes; empty is all.
    pub severities: Vec<Severity>,
    /// What an alert's labels, `kind` and `rule` must be; all of them must fit.
    pub matchers: Vec<Matcher>,
    /// Whether it is told that an incident is over.
    pub send_resolved: bool,
    /// Messages a minute, at most.
    pub rate: u32,
    /// Whether the receiver may be at an address that isn't public.
    pub allow_private: bool,
    /// Where people reach the admin address, without a slash at its end.
    pub link: Option<Arc<str>>,
}

impl Channel {
    /// Where people find an incident.
    pub(super) fn link_to(&self, alert: &Alert) -> Option<String> {
        self.link.as_ref().map(|link| format!("{link}/api/incidents/{}", alert.incident))
    }

    /// Whether this alert goes here.
    pub fn takes(&self, alert: &Alert) -> bool {
        (self.severities.is_empty() || self.severities.contains(&alert.severity))
            && (self.send_resolved || alert.status != Status::Resolved)
            && self.matchers.iter().all(|matcher| matcher.fits(alert))
    }
}

/// One condition on an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    /// A label, `kind` or `rule`.
    pub name: String,
    /// The value, which may hold `*` for any characters. What lacks the label has the empty value.
    pub value: String,
    /// Whether it must be another value instead.
    pub negated: bool,
}

impl Matcher {
    /// Reads `country=UZ`, `kind!=trouble`, `range=+9989*`.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, value) = text.split_once('=')?;
        let (name, negated) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
        let name = name.trim();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let fits = !name.is_empty() && name.chars().all(is_plain);
        fits.then(|| Self { name: name.to_owned(), value: value.trim().to_owned(), negated })
    }

    fn fits(&self, alert: &Alert) -> bool {
        let value = match self.name.as_str() {
            "kind" => alert.kind.name(),
            "rule" => &alert.rule,
            name => alert.labels.get(name).map_or("", String::as_str),
        };
        like(&self.value, value) != self.negated
    }
}

/// Whether `text` is `pattern`, in which `*` stands for any characters.
fn like(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        match left.split_once(part) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(end)
}

/// Who receives, with all that it takes to reach them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Any program that takes Standard Webhooks.
    Webhook {
        /// Where.
        url: Url,
        /// Newest first; each signs, so that a receiver can change keys without a gap.
        keys: Vec<SigningKey>,
    },
    /// Any program that takes what an Alertmanager sends (webhook, version 4).
    AlertmanagerWebhook {
        /// Where.
        url: Url,
        /// A bearer token.
        token: Option<Secret>,
    },
    /// An Alertmanager.
    Alertmanager {
        /// Where: its `/api/v2/alerts`.
        url: Url,
        /// A bearer token.
        token: Option<Secret>,
    },
    /// `PagerDuty`, Events API v2.
    PagerDuty {
        /// Where.
        url: Url,
        /// The integration key.
        routing_key: Secret,
    },
    /// Slack, incoming webhook.
    Slack {
        /// Where; a secret.
        url: Url,
    },
    /// Feishu or Lark, custom bot.
    Feishu {
        /// Where; a secret.
        url: Url,
        /// For its signature.
        secret: Option<Secret>,
    },
    /// `DingTalk`, custom bot.
    DingTalk {
        /// Where; a secret.
        url: Url,
        /// For its signature.
        secret: Option<Secret>,
    },
    /// `WeCom`, group bot.
    WeCom {
        /// Where; a secret.
        url: Url,
    },
    /// Telegram, Bot API.
    Telegram {
        /// Where the API is, without the token.
        url: Url,
        /// The bot's token.
        token: Secret,
        /// The id of a chat, or `@name` of a public one.
        chat: Arc<str>,
    },
    /// Mail, by SMTP.
    Email(Box<Mail>),
}

/// What it takes to send mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Name or address of the mail server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// User name and password.
    pub login: Option<(String, Secret)>,
    /// The sender.
    pub from: String,
    /// The receivers.
    pub to: Vec<String>,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (port 465).
    Tls,
    /// TLS after `STARTTLS`, without which nothing is sent (port 587).
    StartTls,
    /// None: for a server on this machine.
    None,
}

impl Target {
    /// The name in configuration and metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::AlertmanagerWebhook { .. } => "alertmanager_webhook",
            Self::Alertmanager { .. } => "alertmanager",
            Self::PagerDuty { .. } => "pagerduty",
            Self::Slack { .. } => "slack",
            Self::Feishu { .. } => "feishu",
            Self::DingTalk { .. } => "dingtalk",
            Self::WeCom { .. } => "wecom",
            Self::Telegram { .. } => "telegram",
            Self::Email(_) => "email",
        }
    }

    /// Whether several alerts fit into one message. A program that is told of each alone isn't made to read digests.
    pub(super) const fn merges(&self) -> bool {
        !matches!(self, Self::Webhook { .. } | Self::PagerDuty { .. })
    }
}

/// An `http` or `https` URL. Shows its scheme, host and port alone: paths and queries of webhooks are secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(Uri);

/// The text is no URL that can be posted to. It isn't repeated: it may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no http:// or https:// URL with a host and without a user name")]
pub struct NotAUrl;

impl Url {
    /// Reads a URL.
    pub fn parse(text: &str) -> Result<Self, NotAUrl> {
        let uri: Uri = text.trim().parse().map_err(|_not_a_uri| NotAUrl)?;
        net::Target::of(&uri).map_err(|_not_a_target| NotAUrl)?;
        Ok(Self(uri))
    }

    /// Whether it is `https`.
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// The host, without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        self.0.host().unwrap_or_default().trim_matches(['[', ']'])
    }

    /// Whether its path ends so.
    pub(super) fn path_ends(&self, end: &str) -> bool {
        self.0.path().ends_with(end)
    }

    /// The whole of it, without a slash at its end. To be used, and not shown.
    pub(super) fn expose(&self) -> String {
        let whole = self.0.to_string();
        whole.strip_suffix('/').map_or_else(|| whole.clone(), str::to_owned)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.0.authority().map(http::uri::Authority::as_str).unwrap_or_default();
        write!(f, "{}://{authority}/***", self.0.scheme_str().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::deliver::sample;

    #[test]
    fn a_channel_takes_what_fits_all_of_its_conditions() {
        let alert = sample::alert();
        for (matchers, severities, takes) in [
            (&["country=UZ"][..], &[][..], true),
            (&["country!=UZ"], &[], false),
            (&["country=U*", "kind=messages", "rule=messages-*"], &[Severity::Critical], true),
            (&["country=UZ", "kind=trouble"], &[], false),
            (&["range="], &[], true),
            (&["range!="], &[], false),
            (&[], &[Severity::Warn], false),
        ] {
            let channel = Channel {
                matchers: matchers.iter().map(|text| Matcher::parse(text).unwrap()).collect(),
                severities: severities.to_vec(),
                ..sample::channel(sample::slack("https://hooks.example/x"))
            };
            assert_eq!(channel.takes(&alert), takes, "{matchers:?} {severities:?}");
        }
        let channel = Channel { send_resolved: false, ..sample::channel(sample::slack("https://hooks.example/x")) };
        assert!(channel.takes(&alert) && !channel.takes(&sample::resolved()));
    }

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text, is_like) in [
            ("*", "", true),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("a*c*e", "abcde", true),
            ("a*e*c", "abcde", false),
            ("ab*b", "ab", false),
            ("ab", "abc", false),
        ] {
            assert_eq!(like(pattern, text), is_like, "{pattern} {text}");
        }
        assert!(Matcher::parse("country").is_none() && Matcher::parse("a b=c").is_none());
    }

    #[test]
    fn a_url_shows_nothing_secret() {
        let url = Url::parse(" https://hooks.example:8443/services/T/B/secret?key=secret\n").unwrap();
        assert_eq!(format!("{url:?}"), "https://hooks.example:8443/***");
        for wrong in ["hooks.example", "ftp://hooks.example", "https://me:secret@hooks.example", ""] {
            assert!(Url::parse(wrong).is_err(), "{wrong}");
        }
    }
}

//! What the operator sets about captchas.

use std::fmt;
use std::sync::Arc;

use http::Uri;

use super::inbound::Inbound;
use crate::domain::Span;
use crate::net::Client;
use crate::privacy::Secret;

/// One way to meet the rung of captchas.
#[derive(Clone, Debug)]
pub enum Way {
    /// sendwall's own picture, with spoken digits beside it.
    Image,
    /// Somebody else's widget.
    Provider(Arc<Provider>),
    /// The user sends an SMS.
    Sms(Arc<Inbound>),
}

impl Way {
    /// The name that offers and solutions carry.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Provider(provider) => provider.kind.name(),
            Self::Sms(_) => "sms",
        }
    }
}

/// What all endpoints share. The default has no provider and no number.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// What asks providers; `None` where there are none.
    pub client: Option<Client>,
    /// Numbers that users text, by the name of their hook.
    pub inbound: Vec<Arc<Inbound>>,
}

/// A captcha by somebody else.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Unique; in logs, metrics and the configuration.
    pub name: Arc<str>,
    /// Whose it is.
    pub kind: Kind,
    /// What its widget is given.
    pub site_key: Box<str>,
    /// What it is asked with.
    pub secret: Secret,
    /// Where it is asked.
    pub url: Uri,
    /// Hosts whose pages may show it; empty: any. Where the provider tells an Android app instead, its name.
    pub hostnames: Vec<Box<str>>,
    /// From here on a score is a person's (reCAPTCHA v3; 0 to 1).
    pub min_score: f64,
    /// What becomes of its users while it doesn't answer.
    pub when_down: WhenDown,
    /// How long all of a question may take.
    pub timeout: Span,
}

/// What becomes of users while their provider doesn't answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenDown {
    /// They get the picture.
    Image,
    /// They wait.
    Refuse,
    /// They pass, so many a minute; then they wait.
    Pass {
        /// At most.
        per_minute: u32,
    },
}

/// Whose captcha it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Cloudflare's.
    Turnstile,
    /// Intuition Machines'.
    Hcaptcha,
    /// Google's, with a box to tick.
    RecaptchaV2,
    /// Google's, with a score.
    RecaptchaV3,
    /// A proof of work on a server of the operator's.
    Mcaptcha,
    /// Another.
    Cap,
    /// `GeeTest`'s, version 4.
    Geetest,
}

impl Kind {
    /// Every kind by its name in the configuration, in offers and in solutions.
    pub const ALL: [(&'static str, Self); 7] = [
        ("turnstile", Self::Turnstile),
        ("hcaptcha", Self::Hcaptcha),
        ("recaptcha", Self::RecaptchaV2),
        ("recaptcha_v3", Self::RecaptchaV3),
        ("mcaptcha", Self::Mcaptcha),
        ("cap", Self::Cap),
        ("geetest", Self::Geetest),
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Turnstile => "turnstile",
            Self::Hcaptcha => "hcaptcha",
            Self::RecaptchaV2 => "recaptcha",
            Self::RecaptchaV3 => "recaptcha_v3",
            Self::Mcaptcha => "mcaptcha",
            Self::Cap => "cap",
            Self::Geetest => "geetest",
        }
    }

    /// Where it is asked unless the operator says otherwise; `None` for those that the operator runs.
    pub const fn url(self) -> Option<&'static str> {
        match self {
            Self::Turnstile => Some("https://challenges.cloudflare.com/turnstile/v0/siteverify"),
            Self::Hcaptcha => Some("https://api.hcaptcha.com/siteverify"),
            Self::RecaptchaV2 | Self::RecaptchaV3 => Some("https://www.google.com/recaptcha/api/siteverify"),
            Self::Geetest => Some("https://gcaptcha4.geetest.com/validate"),
            Self::Mcaptcha | Self::Cap => None,
        }
    }

    /// Whether its answer tells which page showed the widget.
    pub const fn tells_hostname(self) -> bool {
        match self {
            Self::Turnstile | Self::Hcaptcha | Self::RecaptchaV2 | Self::RecaptchaV3 | Self::Geetest => true,
            Self::Mcaptcha | Self::Cap => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

//! `[[captcha]]`: the captchas of others, and numbers that users text. What an endpoint offers names them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use http::Uri;

use super::reader::Section;
use super::source::Fault;
use super::values;
use crate::challenge::captcha::{Format, Inbound, Kind, Provider, Way, WhenDown};
use crate::domain::Span;
use crate::net::Target;
use crate::numbering::Numbering;
use crate::numbering::PriceTable;
use crate::privacy::Secret;
use crate::rules::nearest;

/// Every way by its name; `image` is always there, and what is faulty is there without its way.
#[derive(Debug)]
pub(super) struct Ways(BTreeMap<Arc<str>, Option<Way>>);

/// The name of the built-in one.
const IMAGE: &str = "image";

/// What a table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Provider(Kind),
    Sms,
}

/// Reads every `[[captcha]]`.
pub(super) fn read(root: &mut Section<'_>) -> Ways {
    let mut ways = BTreeMap::from([(Arc::from(IMAGE), Some(Way::Image))]);
    let mut options: Vec<(&'static str, Whose)> =
        Kind::ALL.into_iter().map(|(name, kind)| (name, Whose::Provider(kind))).collect();
    options.push(("sms", Whose::Sms));
    let read = root.tables("captcha", |section| {
        section.require("provider", "whose captcha it is, such as provider = \"turnstile\"");
        let whose = section.choice("provider", &options);
        let default = options.iter().find(|(_, option)| Some(*option) == whose).map_or("captcha", |(name, _)| *name);
        let name: Arc<str> = section.parsed("name", values::name).unwrap_or(default).into();
        if ways.contains_key(&name) {
            let fault = Fault::new(format!("there is a captcha of the name {name:?} already"));
            section.error("name", fault.hint("give each a `name` of its own"));
        }
        let secret = secret(section);
        let provider = provider(section, &name, whose, secret.as_ref());
        let inbound = inbound(section, &name, whose, secret.as_ref());
        let way = provider.map(|provider| Way::Provider(Arc::new(provider)));
        let way = way.or_else(|| inbound.map(|inbound| Way::Sms(Arc::new(inbound))));
        ways.insert(Arc::clone(&name), way);
        Some(())
    });
    drop(read);
    Ways(ways)
}

impl Ways {
    /// What one endpoint offers, in its order; the picture where it doesn't say.
    pub(super) fn of_endpoint(&self, section: &mut Section<'_>) -> Vec<Way> {
        let find = |name: &str| {
            self.0.get(name).cloned().ok_or_else(|| {
                let fault = Fault::new(format!("there is no captcha of the name {name:?}"));
                match nearest(name, self.0.keys().map(|name| &**name)) {
                    Some(near) => fault.hint(format!("did you mean {near:?}?")),
                    None => fault.hint("add a [[captcha]] with this `name`; \"image\" is built in"),
                }
            })
        };
        let Some(ways) = section.list("captcha", find) else { return vec![Way::Image] };
        let is_named = !ways.is_empty();
        let ways: Vec<Way> = ways.into_iter().flatten().collect();
        if !is_named {
            let fault = Fault::new("without any captcha nobody can meet its rung");
            section.error("captcha", fault.hint("write captcha = [\"image\"]"));
        }
        let twice =
            ways.iter().enumerate().find(|(index, way)| ways.iter().take(*index).any(|w| w.name() == way.name()));
        if let Some((_, way)) = twice {
            let fault = Fault::new(format!("{:?} is offered twice, and clients could not tell which", way.name()));
            section.error("captcha", fault.hint("keep one of each provider"));
        }
        ways
    }

    /// The numbers that users text.
    pub(super) fn inbound(&self) -> Vec<Arc<Inbound>> {
        let numbers = self.0.values().filter_map(|way| match way {
            Some(Way::Sms(inbound)) => Some(Arc::clone(inbound)),
            Some(Way::Image | Way::Provider(_)) | None => None,
        });
        numbers.collect()
    }
}

fn secret(section: &mut Section<'_>) -> Option<Secret> {
    section.require("secret_file", "a file with the secret key that the provider gave you, readable by sendwall alone");
    let file = section.file("secret_file")?;
    let secret = read_secret(&file);
    if secret.is_none() {
        section.error("secret_file", Fault::new("the secret is not one line of printable ASCII characters"));
    }
    secret
}

fn read_secret(file: &Path) -> Option<Secret> {
    let secret = Secret::new(&fs::read_to_string(file).ok()?);
    let is_sendable = !secret.expose().is_empty() && secret.expose().chars().all(|c| c.is_ascii_graphic());
    is_sendable.then_some(secret)
}

/// Reads the keys of a provider, and says where they have no effect.
fn provider(
    section: &mut Section<'_>,
    name: &Arc<str>,
    whose: Option<Whose>,
    secret: Option<&Secret>,
) -> Option<Provider> {
    let kind = match whose {
        Some(Whose::Provider(kind)) => Some(kind),
        Some(Whose::Sms) | None => None,
    };
    if kind.is_some() {
        section.require("site_key", "the public key of your site, which its widget is given");
    }
    let site_key = section.parsed("site_key", site_key);
    let url = url(section, kind);
    let hostnames = section.list("hostnames", |text| values::host_name(text).map(Box::from));
    let min_score = section.number("min_score", 0.0..=1.0).map_or(0.5, f64::from);
    let when_down = when_down(section);
    let timeout = section.span("timeout", Span::millis(100)..=Span::seconds(30)).unwrap_or(Span::seconds(5));
    if whose == Some(Whose::Sms) {
        no_effect(section, &["site_key", "url", "hostnames", "min_score", "when_down", "pass_at_most", "timeout"]);
    }
    let kind = kind?;
    if kind != Kind::RecaptchaV3 {
        no_effect(section, &["min_score"]);
    }
    if !kind.tells_hostname() {
        no_effect(section, &["hostnames"]);
    } else if !section.has("hostnames") || hostnames.as_ref().is_some_and(Vec::is_empty) {
        let fault = Fault::new("a widget on any page that knows your site key gives tokens that count here");
        section.warning("hostnames", fault.hint("name the hosts of your pages, such as hostnames = [\"app.example\"]"));
    }
    Some(Provider {
        name: Arc::clone(name),
        kind,
        site_key: site_key?,
        secret: secret?.clone(),
        url: url?,
        hostnames: hostnames.unwrap_or_default(),
        min_score,
        when_down,
        timeout,
    })
}

fn site_key(text: &str) -> Result<Box<str>, Fault> {
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic()) {
        return Ok(Box::from(text));
    }
    Err(Fault::new(format!("{text:?} is no site key")).hint("copy it from the provider's page of your site"))
}

fn url(section: &mut Section<'_>, kind: Option<Kind>) -> Option<Uri> {
    let own = section.parsed("url", |text| {
        let url = text.parse::<Uri>().ok().filter(|url| Target::of(url).is_ok());
        url.ok_or_else(|| Fault::new(format!("{text:?} is not the URL of a server, such as https://cap.example/...")))
    });
    let kind = kind?;
    if own.as_ref().is_some_and(|url| url.scheme_str() == Some("http")) {
        let fault = Fault::new("the secret goes to this address without encryption");
        section.warning("url", fault.hint("use https, or keep it on this machine"));
    }
    match (own, kind.url()) {
        (Some(own), _) => Some(own),
        (None, Some(known)) => known.parse().ok(),
        (None, None) => {
            let hint = match kind {
                Kind::Cap => "url = \"https://cap.example/SITE_KEY/siteverify\"",
                _ => "url = \"https://mcaptcha.example/api/v1/pow/siteverify\"",
            };
            if !section.has("url") {
                section.error("", Fault::new(format!("{kind} runs on your own server, so it needs `url`")).hint(hint));
            }
            None
        }
    }
}

fn when_down(section: &mut Section<'_>) -> WhenDown {
    let per_minute = section.integer("pass_at_most", 0..=100_000).and_then(|number| u32::try_from(number).ok());
    let options = [
        ("image", WhenDown::Image),
        ("refuse", WhenDown::Refuse),
        ("pass", WhenDown::Pass { per_minute: per_minute.unwrap_or(10) }),
    ];
    let when_down = section.choice("when_down", &options).unwrap_or(WhenDown::Image);
    if per_minute.is_some() && !matches!(when_down, WhenDown::Pass { .. }) {
        let fault = Fault::new("this has no effect unless when_down = \"pass\"");
        section.warning("pass_at_most", fault);
    }
    when_down
}

/// Reads the keys of a number that users text, and says where they have no effect.
fn inbound(
    section: &mut Section<'_>,
    name: &Arc<str>,
    whose: Option<Whose>,
    secret: Option<&Secret>,
) -> Option<Inbound> {
    let is_sms = whose == Some(Whose::Sms);
    if is_sms {
        section.require("number", "the number that users text, in international form (+44...)");
        section.require("format", "how its provider tells of an SMS: \"twilio\", \"vonage\" or \"generic\"");
    }
    let number = section.parsed("number", |text| {
        let is_number = text.starts_with('+') && Numbering::new(PriceTable::default()).read(text, None).is_ok();
        let fault = || Fault::new(format!("{text:?} is not a number in international form")).hint("write it as +44...");
        if is_number { Ok(compact(text)) } else { Err(fault()) }
    });
    let format = section.choice("format", &Format::ALL);
    let url = section.text("hook_url");
    if !is_sms {
        no_effect(section, &["number", "format", "hook_url"]);
        return None;
    }
    if format == Some(Format::Twilio) && url.is_none() {
        let hint = format!("hook_url = \"https://app.example/_sendwall/hook/{name}\", exactly as Twilio has it");
        section.error("", Fault::new("Twilio signs the URL that it calls, so it must be known").hint(hint));
    }
    Some(Inbound {
        name: Arc::clone(name),
        format: format?,
        secret: secret?.clone(),
        number: number?,
        url: url.unwrap_or_default().into(),
    })
}

fn compact(number: &str) -> Box<str> {
    number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

fn no_effect(section: &Section<'_>, keys: &[&'static str]) {
    for key in keys.iter().filter(|key| section.has(key)) {
        section.warning(key, Fault::new("this has no effect for this provider"));
    }
}

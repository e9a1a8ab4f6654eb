//! The forms in which receivers want alerts, one a file: an alert to a request, and an answer to a verdict. Pure.

mod alertmanager;
mod dingtalk;
mod feishu;
pub(super) mod mail;
mod pagerduty;
mod slack;
mod telegram;
pub(super) mod webhook;
mod wecom;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Request, Uri};
use ring::hmac::{HMAC_SHA256, Key, sign};
use serde_json::Value;

use super::super::Alert;
use super::channel::{Channel, Target};
use super::template::Words;
use super::text::{Escape, clip};
use super::verdict::{Verdict, by_status};
use crate::domain::Timestamp;
use crate::net::Answer;
use crate::privacy::Secret;

/// An alert that is to be told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub(super) alert: &'a Alert,
    /// Whether it may have been told before.
    pub(super) repeat: bool,
}

/// Nothing can be sent to this receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no request can be made for this receiver: {0}")]
pub(super) struct Unsendable(pub(super) &'static str);

/// What goes to the receiver.
pub(super) fn request(channel: &Channel, items: &[Item<'_>], now: Timestamp) -> Result<Request<Bytes>, Unsendable> {
    let words = |escape| words(channel, items, escape);
    match &channel.target {
        Target::Webhook { url, keys } => webhook::request(url, keys, channel, items, now),
        Target::AlertmanagerWebhook { url, token } => {
            let body = alertmanager::payload(channel, items);
            bearer(post(&url.expose(), &body)?, token.as_ref())
        }
        Target::Alertmanager { url, token } => {
            bearer(post(&alertmanager::api(url), &alertmanager::alerts(channel, items))?, token.as_ref())
        }
        Target::PagerDuty { url, routing_key } => post(&url.expose(), &pagerduty::event(routing_key, channel, items)),
        Target::Slack { url } => post(&url.expose(), &slack::message(&words(Escape::Entities))),
        Target::Feishu { url, secret } => {
            post(&url.expose(), &feishu::message(&words(Escape::None), items, secret.as_ref(), now))
        }
        Target::DingTalk { url, secret } => {
            let body = dingtalk::message(&words(Escape::Lookalikes));
            post(&dingtalk::address(url, secret.as_ref(), now), &body)
        }
        Target::WeCom { url } => post(&url.expose(), &wecom::message(&words(Escape::Lookalikes))),
        Target::Telegram { url, token, chat } => {
            post(&telegram::address(url, token), &telegram::message(&words(Escape::Entities), chat))
        }
        Target::Email(_) => Err(Unsendable("mail isn't sent by HTTP")),
    }
}

/// What the receiver's answer means.
pub(super) fn verdict(target: &Target, answer: &Answer, now: Timestamp) -> Verdict {
    match target {
        Target::Webhook { .. } | Target::AlertmanagerWebhook { .. } | Target::Alertmanager { .. } => {
            by_status(answer, now)
        }
        Target::PagerDuty { .. } => pagerduty::verdict(answer, now),
        Target::Slack { .. } => slack::verdict(answer, now),
        Target::Feishu { .. } => feishu::verdict(answer, now),
        Target::DingTalk { .. } => dingtalk::verdict(answer, now),
        Target::WeCom { .. } => wecom::verdict(answer, now),
        Target::Telegram { .. } => telegram::verdict(answer, now),
        Target::Email(_) => Verdict::Never { why: "mail isn't sent by HTTP".to_owned() },
    }
}

/// Of each alert in a digest so much is told.
const MOST_OF_EACH: usize = 280;

/// What the message says: of one alert all, of several a line each.
fn words(channel: &Channel, items: &[Item<'_>], escape: Escape) -> Words {
    let about = |item: &Item<'_>| channel.template.words(item, channel.link_to(item.alert).as_deref(), escape);
    if let [only] = items {
        return about(only);
    }
    let lines = items.iter().map(|item| {
        let title = about(item).title;
        let again = if item.repeat { " (sent again)" } else { "" };
        format!("- {}{again}", clip(&title, MOST_OF_EACH))
    });
    let title = format!("{} alerts in one message, as they came faster than this channel takes them", items.len());
    Words { title, body: lines.collect::<Vec<_>>().join("\n") }
}

/// Whether something in the message is still going on.
fn is_firing(items: &[Item<'_>]) -> bool {
    items.iter().any(|item| item.alert.status != super::super::Status::Resolved)
}

fn post(url: &str, body: &Value) -> Result<Request<Bytes>, Unsendable> {
    let uri: Uri = url.parse().map_err(|_not_a_uri| Unsendable("its URL is none"))?;
    let mut request = Request::post(uri).body(Bytes::from(body.to_string()));
    if let Ok(request) = &mut request {
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    request.map_err(|_malformed| Unsendable("its URL is none"))
}

/// A header whose value isn't logged.
fn header(request: &mut Request<Bytes>, name: HeaderName, value: &str) -> Result<(), Unsendable> {
    let value = HeaderValue::from_str(value).map(|mut value| {
        value.set_sensitive(true);
        value
    });
    let value = value.map_err(|_invalid| Unsendable("a secret holds characters that no header may hold"))?;
    request.headers_mut().insert(name, value);
    Ok(())
}

fn bearer(mut request: Request<Bytes>, token: Option<&Secret>) -> Result<Request<Bytes>, Unsendable> {
    if let Some(token) = token {
        header(&mut request, AUTHORIZATION, &format!("Bearer {}", token.expose()))?;
    }
    Ok(request)
}

/// HMAC-SHA256 in base64.
fn signature(key: &[u8], message: &[u8]) -> String {
    STANDARD.encode(sign(&Key::new(HMAC_SHA256, key), message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::deliver::sample::{self, STARTED};

    fn text(request: &Request<Bytes>) -> String {
        String::from_utf8_lossy(request.body()).into_owned()
    }

    #[test]
    fn no_receivers_message_shows_a_secret_that_is_not_its_own_or_breaks_its_markup() {
        let mut alert = sample::alert();
        alert.summary = "<!channel> <at user_id=\"all\"></at> [x](http://evil) \u{1b}[31m".to_owned();
        alert.details = vec!["<@everyone> @all".repeat(4000)];
        for target in sample::targets() {
            let channel = sample::channel(target);
            let request = request(&channel, &[Item { alert: &alert, repeat: false }], STARTED).unwrap();
            let (kind, body) = (channel.target.kind(), text(&request));
            assert!(serde_json::from_str::<Value>(&body).is_ok(), "{kind}: {body}");
            if ["slack", "telegram"].contains(&kind) {
                assert!(!body.contains("<!channel>") && !body.contains("<@everyone>"), "{kind}: {body}");
            }
            if ["dingtalk", "wecom"].contains(&kind) {
                assert!(!body.contains("[x](") && !body.contains("@all"), "{kind}: {body}");
            }
            assert!(!format!("{:?}", channel.target).contains("hunter2"), "{kind}");
            let most = match kind {
                "wecom" => 5_000,
                "slack" | "telegram" => 18_000, // ampersands count once there, and six bytes here
                "feishu" | "dingtalk" => 20_000,
                _ => usize::MAX,
            };
            assert!(body.len() <= most, "{kind}: {} bytes", body.len());
        }
    }

    #[test]
    fn a_digest_tells_each_alert_and_which_of_them_are_repeats() {
        let (first, second) = (sample::alert(), sample::resolved());
        let items = [Item { alert: &first, repeat: true }, Item { alert: &second, repeat: false }];
        let words = words(&sample::channel(sample::slack("https://hooks.example/x")), &items, Escape::None);
        assert!(words.title.starts_with("2 alerts in one message"), "{}", words.title);
        assert_eq!(
            words.body,
            "- [CRITICAL] 142 SMS in 5m to UZ (limit 40) (sent again)\n- [RESOLVED] SMS to UZ are as they were before"
        );
        for target in sample::targets().into_iter().filter(Target::merges) {
            let channel = sample::channel(target);
            let body = text(&request(&channel, &items, STARTED).unwrap());
            assert!(body.contains("142 SMS") && body.contains("as they were"), "{}: {body}", channel.target.kind());
        }
    }
}

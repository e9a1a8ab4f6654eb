//! Mail: one alert, or a digest of several, as plain text.
//!
//! The id of a mail is made from its alert's, so that a mail program shows a repeat as what it is, and each mail of an
//! incident refers to the incident, so that they stand together.

use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};

use super::{Item, words};
use crate::alerts::deliver::channel::{Channel, Mail};
use crate::alerts::deliver::text::{Escape, clip};
use crate::domain::Timestamp;

/// A line of a mail's head is 998 characters at most; nobody reads as much.
const SUBJECT_CHARS: usize = 200;

/// The addresses can't be read.
#[derive(Debug, thiserror::Error)]
#[error("no mail can be made: {0}")]
pub(in super::super) struct Unmailable(String);

/// The mail that tells these alerts.
pub(in super::super) fn message(
    mail: &Mail,
    channel: &Channel,
    items: &[Item<'_>],
    now: Timestamp,
) -> Result<Message, Unmailable> {
    let faulty = |error: &dyn std::error::Error| Unmailable(error.to_string());
    let words = words(channel, items, Escape::None);
    let from: Mailbox = mail.from.parse().map_err(|error: lettre::address::AddressError| faulty(&error))?;
    let domain = from.email.domain().to_owned();
    let mut message = Message::builder()
        .from(from)
        .date(SystemTime::UNIX_EPOCH + Duration::from_millis(now.unix_ms()))
        .subject(clip(&words.title, SUBJECT_CHARS))
        .header(Automatic)
        .header(ContentType::TEXT_PLAIN);
    for to in &mail.to {
        message = message.to(to.parse().map_err(|error: lettre::address::AddressError| faulty(&error))?);
    }
    if let [Item { alert, repeat }] = items {
        message = message
            .message_id(Some(format!("<{}@{domain}>", alert.id)))
            .references(format!("<{}@{domain}>", alert.incident))
            .header(Id(alert.id.clone()));
        if *repeat {
            message = message.header(Repeat);
        }
    } else {
        let ids = items.iter().map(|item| item.alert.id.as_str()).collect::<Vec<_>>().join(" ");
        message = message.header(Id(ids));
    }
    message.body(words.body).map_err(|error| faulty(&error))
}

/// Keeps out-of-office answers away (RFC 3834).
#[derive(Clone, Debug)]
struct Automatic;

/// The ids of the alerts.
#[derive(Clone, Debug)]
struct Id(String);

/// The alert may have been told before.
#[derive(Clone, Debug)]
struct Repeat;

type HeaderError = Box<dyn std::error::Error + Send + Sync>;

/// Headers that are only written.
macro_rules! written {
    ($header:ty, $name:literal, $value:expr) => {
        impl Header for $header {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($name)
            }

            fn parse(_text: &str) -> Result<Self, HeaderError> {
                Err("sendwall reads no mail".into())
            }

            fn display(&self) -> HeaderValue {
                let value: fn(&Self) -> String = $value;
                HeaderValue::new(Self::name(), value(self))
            }
        }
    };
}

written!(Automatic, "Auto-Submitted", |_| "auto-generated".to_owned());
written!(Id, "X-Sendwall-Alert", |id| id.0.clone());
written!(Repeat, "X-Sendwall-Repeat", |_| "yes".to_owned());

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::deliver::sample::{self, STARTED};

    fn text(alert: &crate::alerts::Alert, repeat: bool) -> String {
        let mail = sample::mail("mail.example", 25);
        let message = message(
            &mail,
            &sample::channel(sample::slack("https://hooks.example/x")),
            &[Item { alert, repeat }],
            STARTED,
        )
        .unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    #[test]
    fn a_repeat_has_the_same_id_and_says_so() {
        let (first, again) = (text(&sample::alert(), false), text(&sample::alert(), true));
        for line in [
            "Message-ID: <inc-1-1.1@example.com>\r\n",
            "References: <inc-1-1@example.com>\r\n",
            "To: \"On call\" <oncall@example.com>\r\n",
            "Subject: [CRITICAL] 142 SMS in 5m to UZ (limit 40)\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Date: Fri, 20 Nov 2026 18:10:02 +0000\r\n",
        ] {
            assert!(first.contains(line) && again.contains(line), "{line}: {first}");
        }
        assert!(!first.contains("X-Sendwall-Repeat") && again.contains("X-Sendwall-Repeat: yes\r\n"), "{again}");
    }

    #[test]
    fn nothing_in_an_alert_adds_a_header_or_a_receiver() {
        let alert = crate::alerts::Alert { summary: "a\r\nBcc: all@example.com".to_owned(), ..sample::alert() };
        let told = text(&alert, false);
        assert!(!told.contains("\r\nBcc:"), "{told}");
    }
}

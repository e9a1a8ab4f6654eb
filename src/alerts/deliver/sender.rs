//! One attempt: the message out, and what the receiver says.

use std::sync::Arc;

use super::channel::{Channel, Target};
use super::formats::{Item, request, verdict};
use super::smtp;
use super::verdict::{Later, Verdict, told};
use crate::domain::{Span, Timestamp};
use crate::net::{self, Client, NetError, Reach, TlsError};

/// How long a receiver may take to answer.
const ANSWER_WITHIN: Span = Span::seconds(15);

/// Sends messages.
#[derive(Clone, Debug)]
pub struct Sender {
    /// As the operator set it for all outgoing requests.
    settings: net::Settings,
    usual: Client,
    /// For channels that may be anywhere.
    anywhere: Client,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What it means.
    pub verdict: Verdict,
    /// What the receiver said, or what went wrong, in one line.
    pub said: String,
}

impl Sender {
    pub(super) fn new(settings: &net::Settings) -> Result<Self, TlsError> {
        let settings = patient(settings);
        let anywhere = net::Settings { reach: anywhere(), ..settings.clone() };
        Ok(Self { usual: Client::new(settings.clone())?, anywhere: Client::new(anywhere)?, settings })
    }

    /// Whether it may go on under these settings.
    pub(super) fn is_for(&self, settings: &net::Settings) -> bool {
        self.usual.is_for(&patient(settings))
    }

    /// Sends one message.
    pub(super) async fn send(&self, channel: &Arc<Channel>, items: &[Item<'_>], now: Timestamp) -> Reply {
        if let Target::Email(mail) = &channel.target {
            let reach = if channel.allow_private { anywhere() } else { self.settings.reach.clone() };
            return smtp::send(mail, channel, items, &net::Settings { reach, ..self.settings.clone() }, now).await;
        }
        let request = match request(channel, items, now) {
            Ok(request) => request,
            Err(error) => return Reply::unsent("unsendable", error.to_string()),
        };
        let client = if channel.allow_private { &self.anywhere } else { &self.usual };
        match client.send(request).await {
            Ok(answer) => Reply { verdict: verdict(&channel.target, &answer, now), said: told(&answer) },
            Err(error) => Reply::of(&error),
        }
    }
}

/// Receivers of alerts may take their time.
fn patient(settings: &net::Settings) -> net::Settings {
    let timeouts = net::Timeouts { answer: ANSWER_WITHIN, ..settings.timeouts };
    net::Settings { timeouts, ..settings.clone() }
}

impl Reply {
    /// No answer.
    pub(super) fn of(error: &NetError) -> Self {
        let (reason, said, may_have_arrived) = (error.kind(), error.to_string(), !error.is_unsent());
        let why = said.clone();
        Self { verdict: Verdict::Later(Later { reason, why, pause: None, may_have_arrived }), said }
    }

    /// Nothing went out.
    pub(super) fn unsent(reason: &'static str, said: String) -> Self {
        let why = said.clone();
        Self { verdict: Verdict::Later(Later { reason, why, pause: None, may_have_arrived: false }), said }
    }
}

fn anywhere() -> Reach {
    Reach::and(["0.0.0.0/0", "::/0"].into_iter().filter_map(|network| network.parse().ok()).collect())
}

//! A line of the trace before it has its place and its number.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::browser::Headers;
use super::networks::Origin;
use super::world::Phone;
use crate::trace::{Event, Label, Outcome, Page, Request, Send, Truth};

/// Where codes are asked for.
pub const SEND_PATH: &str = "/api/login/send-code";

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) origin: Origin,
    pub(super) cookie: Option<String>,
    pub(super) device: Option<String>,
    pub(super) headers: Headers,
    pub(super) ja4: Option<&'static str>,
    /// `None`: only a page.
    pub(super) ask: Option<Ask>,
}

/// What makes a request one for a code.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) phone: Phone,
    pub(super) outcome: Outcome,
    pub(super) who: Who,
    pub(super) class: &'static str,
    pub(super) resend: bool,
}

/// Who asks, which decides the row of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// A user who is just there.
    Guest,
    /// The same, and has verified before.
    Known,
    /// A user whom the scenario is about.
    Subject,
    /// No user.
    Attacker,
}

/// A line that waits for its time.
pub(super) struct Waiting {
    pub(super) ts: u64,
    pub(super) order: u64,
    pub(super) line: Line,
}

/// The length of the body that asks for a code for this phone.
pub(super) fn body_length(phone: &Phone) -> usize {
    r#"{"phone":""}"#.len() + phone.text.len()
}

impl Line {
    /// With its time, its number, and the columns that are the same for all.
    pub(super) fn into_event(
        self,
        ts: u64,
        number: u64,
        endpoint: &str,
        scenario: Cow<'static, str>,
        price: f64,
    ) -> Event<'static> {
        let (method, path) = if self.ask.is_some() { ("POST", SEND_PATH) } else { ("GET", "/login") };
        let request = Request {
            ts,
            method: method.into(),
            path: path.into(),
            ip: self.origin.ip,
            cookie: self.cookie.map(Into::into),
            device: self.device.map(Into::into),
            headers: self.headers,
            ja4: self.ja4.map(Into::into),
            geo: Some(self.origin.geo),
        };
        let Some(ask) = self.ask else { return Event::Page(Page { request }) };
        let label = if ask.who == Who::Attacker { Label::Attack } else { Label::Legit };
        Event::Send(Box::new(Send {
            request,
            id: format!("s{number}").into(),
            endpoint: endpoint.to_owned().into(),
            phone: ask.phone.text.into(),
            outcome: ask.outcome,
            truth: Truth { label, scenario, class: ask.class.into(), resend: ask.resend, price },
        }))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.ts, self.order).cmp(&(other.ts, other.order))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Waiting {}

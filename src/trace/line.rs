//! One line as it is read: flat and borrowed, because a replay reads a hundred thousand of them a second.
//!
//! Headers and place stay JSON text: few of them differ, so whoever reads them keeps what they mean.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Fault, Geo, Outcome, Truth, fault, text};

/// The end of the year 9999: what is later was not written in milliseconds.
const LATEST_MS: u64 = 253_402_300_799_999;

/// One line.
pub struct Line<'a> {
    /// Unix milliseconds.
    pub ts: u64,
    /// Where it came from.
    pub ip: IpAddr,
    /// Value of the identifying cookie.
    pub cookie: Option<Cow<'a, str>>,
    /// An app's device id.
    pub device: Option<Cow<'a, str>>,
    /// As JSON; see [`headers`].
    pub headers: Option<&'a RawValue>,
    /// TLS fingerprint.
    pub ja4: Option<Cow<'a, str>>,
    /// As JSON; see [`geo`].
    pub geo: Option<&'a RawValue>,
    /// What a request for a code says further; `None`: a page.
    pub send: Option<SendPart<'a>>,
}

/// What a request for a code says further.
pub struct SendPart<'a> {
    /// Unique in the trace.
    pub id: Cow<'a, str>,
    /// Name in the configuration.
    pub endpoint: Cow<'a, str>,
    /// E.164, or as submitted.
    pub phone: Cow<'a, str>,
    /// What would happen next.
    pub outcome: Outcome,
    /// For scoring alone.
    pub truth: Truth<'a>,
}

#[derive(Deserialize)]
struct Raw<'a> {
    ts: u64,
    event: Kind,
    #[expect(dead_code, reason = "a line without it is no event, but nothing reads it: the endpoint's name decides")]
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[expect(dead_code, reason = "as the method")]
    #[serde(borrow)]
    path: Cow<'a, str>,
    ip: IpAddr,
    #[serde(borrow, default, deserialize_with = "text::optional")]
    cookie: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text::optional")]
    device: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    headers: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "text::optional")]
    ja4: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    geo: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "text::optional")]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text::optional")]
    endpoint: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text::optional")]
    phone: Option<Cow<'a, str>>,
    #[serde(default)]
    outcome: Option<Outcome>,
    #[serde(borrow, default)]
    truth: Option<Truth<'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Page,
    Send,
}

impl<'a> Line<'a> {
    /// Reads one line.
    pub fn read(text: &'a str) -> Result<Self, Fault> {
        let raw: Raw<'a> = serde_json::from_str(text).map_err(|error| fault::find(text, &error))?;
        if raw.ts > LATEST_MS {
            return Err(Fault::of("ts", "is after the year 9999; it must be Unix milliseconds"));
        }
        let send = match raw.event {
            Kind::Page => None,
            Kind::Send => Some(SendPart {
                id: raw.id.ok_or_else(|| fault::missing("id"))?,
                endpoint: raw.endpoint.ok_or_else(|| fault::missing("endpoint"))?,
                phone: raw.phone.ok_or_else(|| fault::missing("phone"))?,
                outcome: raw.outcome.ok_or_else(|| fault::missing("outcome"))?,
                truth: raw.truth.ok_or_else(|| fault::missing("truth"))?,
            }),
        };
        let Raw { ts, ip, cookie, device, headers, ja4, geo, .. } = raw;
        Ok(Self { ts, ip, cookie, device, headers, ja4, geo, send })
    }
}

impl std::fmt::Debug for Line<'_> {
    /// Nothing that names a person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Line({}, {})", self.ts, if self.send.is_some() { "send" } else { "page" })
    }
}

impl std::fmt::Debug for SendPart<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SendPart({})", self.id)
    }
}

/// A header's name and value.
pub type Header<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The headers of a line.
pub fn headers(json: &RawValue) -> Result<Vec<Header<'_>>, Fault> {
    serde_json::from_str(json.get()).map_err(|_not_headers| fault::wrong("headers"))
}

/// The place of a line.
pub fn geo(json: &RawValue) -> Result<Geo<'_>, Fault> {
    serde_json::from_str(json.get()).map_err(|_no_place| fault::geo(json.get()))
}

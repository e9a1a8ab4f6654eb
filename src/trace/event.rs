//! One line of a trace.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::domain::ChallengeKind;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Event<'a> {
    /// A request that is not for a code: the client loaded something through the proxy.
    Page(Page<'a>),
    /// A request for a code.
    Send(Box<Send<'a>>),
}

/// What every line says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Request<'a> {
    /// Unix milliseconds.
    pub ts: u64,
    /// HTTP method.
    pub method: Cow<'a, str>,
    /// Path with query.
    pub path: Cow<'a, str>,
    /// Where it came from.
    pub ip: IpAddr,
    /// Value of the identifying cookie; `None`: the client keeps none.
    pub cookie: Option<Cow<'a, str>>,
    /// An app's device id.
    pub device: Option<Cow<'a, str>>,
    /// Names in lower case with their values, in order.
    pub headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// TLS fingerprint, where a proxy in front gives it.
    pub ja4: Option<Cow<'a, str>>,
    /// In place of the GeoIP databases.
    pub geo: Option<Geo<'a>>,
}

/// What a GeoIP database would say.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Geo<'a> {
    /// ISO 3166 alpha-2.
    #[serde(borrow, default, deserialize_with = "super::text::optional")]
    pub country: Option<Cow<'a, str>>,
    /// Autonomous system.
    #[serde(default)]
    pub asn: Option<u32>,
    /// Its owner.
    #[serde(borrow, default, deserialize_with = "super::text::optional")]
    pub as_org: Option<Cow<'a, str>>,
    /// A hosting provider's network.
    #[serde(default)]
    pub hosting: Option<bool>,
    /// Known VPN, proxy or Tor.
    #[serde(default)]
    pub anonymous: Option<bool>,
}

/// A request that is not for a code.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page<'a> {
    /// The request.
    #[serde(flatten)]
    pub request: Request<'a>,
}

/// A request for a code.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Send<'a> {
    /// The request.
    #[serde(flatten)]
    pub request: Request<'a>,
    /// Unique in the trace.
    pub id: Cow<'a, str>,
    /// Name in the configuration; it decides, not the path.
    pub endpoint: Cow<'a, str>,
    /// E.164, or as submitted.
    pub phone: Cow<'a, str>,
    /// What would happen next.
    pub outcome: Outcome,
    /// For scoring alone.
    pub truth: Truth<'a>,
}

/// What would become of a request for a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The challenges that this client would solve.
    pub solves: Vec<ChallengeKind>,
    /// How long one solution takes.
    #[serde(default)]
    pub solve_ms: Option<u64>,
    /// How long after the message went out the right code comes back; `None`: never.
    #[serde(default)]
    pub verify_ms: Option<u64>,
    /// Whether the carrier delivers the message.
    #[serde(default)]
    pub delivered: bool,
    /// How long that takes.
    #[serde(default)]
    pub delivery_ms: Option<u64>,
}

/// What an attempt really was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth<'a> {
    /// A real user, or abuse.
    pub label: Label,
    /// The row of the report.
    #[serde(borrow)]
    pub scenario: Cow<'a, str>,
    /// Kind of user or attacker.
    #[serde(borrow, default)]
    pub class: Cow<'a, str>,
    /// The same person asked before.
    #[serde(default)]
    pub resend: bool,
    /// What the message costs.
    #[serde(default)]
    pub price: f64,
}

/// A real user, or abuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// A real user.
    Legit,
    /// Abuse.
    Attack,
}

impl<'a> Event<'a> {
    /// The request that it is.
    pub fn request(&self) -> &Request<'a> {
        match self {
            Self::Page(page) => &page.request,
            Self::Send(send) => &send.request,
        }
    }
}

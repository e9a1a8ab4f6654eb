//! Bytes to facts: route, client address, phone, cookie, device, fingerprint.
//!
//! Must not know: state, time, decisions.

mod address;
mod alike;
mod client;
mod codes;
mod content_type;
mod document;
mod exact;
mod fingerprint;
mod form;
mod found;
mod graphql;
mod hints;
mod json;
mod matching;
mod multipart;
mod names;
mod national;
mod near;
mod nodes;
mod path;
mod phone;
pub mod proxy_protocol;
mod reading;
mod route;
mod scripts;
mod settings;
mod spelling;
mod tokens;
mod traits;
pub mod visit;
mod vocabulary;
mod xml;

pub use address::{ForwardedHeader, TrustedProxies, address, canonical, client_address};
pub use client::{client_id, cookie};
pub use content_type::says_fields;
pub use document::Document;
pub use exact::phone_text;
pub use fingerprint::fingerprint;
pub use matching::{brought_back, exchange_value};
pub use multipart::{Part, parts};
pub use phone::phone;
pub use route::{Pattern, PatternError, Role, Router, Rule};
pub use settings::{MatchKey, PhoneSource, Settings};

use std::net::IpAddr;

use http::{HeaderMap, Method};

/// A request as the edge saw it, before any header was removed.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "holds raw numbers")]
pub struct Request<'a> {
    /// The address of the connection, or what its PROXY header says.
    pub peer: IpAddr,
    /// The method.
    pub method: &'a Method,
    /// The path, undecoded.
    pub path: &'a str,
    /// The query, undecoded.
    pub query: Option<&'a str>,
    /// Every header, in the order of arrival.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: Payload<'a>,
}

/// What was read of a body.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "holds raw numbers")]
pub enum Payload<'a> {
    /// All of it, perhaps nothing.
    Whole(&'a [u8]),
    /// More than the limit.
    TooLarge,
    /// It ended before its announced length.
    Incomplete,
}

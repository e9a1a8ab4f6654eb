//! What the operator sets about reading requests.

use std::sync::Arc;

use crate::domain::{ClientSource, Country};

/// How one endpoint's requests are read.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the phone is.
    pub phone: PhoneSource,
    /// The country for numbers in national form.
    pub default_region: Option<Country>,
    /// Where the client id is, in this order; the first that the request carries counts.
    pub client: Vec<ClientSource>,
    /// Largest body that is read, in bytes.
    pub max_body: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { phone: PhoneSource::Auto, default_region: None, client: vec![ClientSource::Visit], max_body: 64 * 1024 }
    }
}

/// Where the phone is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneSource {
    /// Found by its name and form, in any common shape.
    Auto,
    /// A JSON pointer (RFC 6901).
    Json(Arc<str>),
    /// A field of a form, url-encoded or multipart.
    Form(Arc<str>),
    /// A query parameter.
    Query(Arc<str>),
    /// A path segment, counted from 1.
    Path(usize),
    /// A header.
    Header(Arc<str>),
    /// There is none: a code goes to a number on file.
    None,
}

/// How a verification finds the session of its send. Never the address: thousands share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MatchKey {
    /// The phone in the verify request.
    Phone,
    /// The client id.
    Client,
    /// A value in the JSON answer to the send, by pointer, that the verify request brings back under the same key.
    Response(Arc<str>),
}

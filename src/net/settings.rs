//! What the operator decides about outgoing requests.

use std::path::PathBuf;

use super::address::Reach;
use crate::domain::Span;

/// Settings of a [`super::Client`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Which addresses may be connected to.
    pub reach: Reach,
    /// A file of certificate authorities (PEM) instead of the system's.
    pub ca: Option<PathBuf>,
    /// How long each step may take.
    pub timeouts: Timeouts,
    /// Largest body of an answer, in bytes; a longer one is an error.
    pub max_answer: usize,
    /// Requests at the same time; one more is refused at once.
    pub max_in_flight: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reach: Reach::default(),
            ca: None,
            timeouts: Timeouts::default(),
            max_answer: 64 * 1024,
            max_in_flight: 64,
        }
    }
}

/// How long each step of a request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// The name's resolution.
    pub resolve: Span,
    /// A TCP connection, over all addresses of the name that are tried.
    pub connect: Span,
    /// The TLS handshake.
    pub tls: Span,
    /// The request, until the head of the answer is there.
    pub answer: Span,
    /// The answer's body.
    pub body: Span,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            resolve: Span::seconds(2),
            connect: Span::seconds(3),
            tls: Span::seconds(3),
            answer: Span::seconds(5),
            body: Span::seconds(5),
        }
    }
}

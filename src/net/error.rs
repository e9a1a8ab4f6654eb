//! Why a request got no answer, and who is to blame.

use std::fmt;
use std::net::IpAddr;

use super::target::Target;
use crate::domain::Span;

/// A request without an answer. None of these names more of the request than its host and port.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The request's URL can't be used.
    #[error("the URL of the request is no absolute http:// or https:// URL with a host and without a user name")]
    Url,
    /// The name has no address.
    #[error("{target} cannot be found: {source}; check the name, and this machine's DNS")]
    Resolve {
        /// The receiver.
        target: Target,
        /// What the resolver said.
        source: std::io::Error,
    },
    /// The name has only addresses that may not be connected to.
    #[error(
        "{target} is at {address}, which is not a public address; name its network in [outbound] allow if it is meant"
    )]
    Forbidden {
        /// The receiver.
        target: Target,
        /// One of its addresses.
        address: IpAddr,
    },
    /// No address takes a connection.
    #[error("{target} cannot be reached: {source}")]
    Connect {
        /// The receiver.
        target: Target,
        /// What the last address tried said.
        source: std::io::Error,
    },
    /// TLS failed: mostly a certificate that isn't the receiver's, or an authority that isn't trusted.
    #[error("no TLS with {target}: {source}; for an authority of your own name its file in [outbound] ca")]
    Tls {
        /// The receiver.
        target: Target,
        /// What TLS said.
        source: std::io::Error,
    },
    /// A step took too long.
    #[error("{target} did not {phase} within {after}")]
    Timeout {
        /// The receiver.
        target: Target,
        /// The step.
        phase: Phase,
        /// What it was given.
        after: Span,
    },
    /// The connection broke, or what came wasn't HTTP.
    #[error("{target} broke off: {reason}")]
    Broken {
        /// The receiver.
        target: Target,
        /// What HTTP said.
        reason: String,
    },
    /// The answer is too long.
    #[error("{target} answered with more than {limit} bytes")]
    TooLarge {
        /// The receiver.
        target: Target,
        /// The most that is read.
        limit: usize,
    },
    /// As many requests as may be are under way.
    #[error("{limit} requests are under way already; the receivers are slow, or there are too many requests")]
    Busy {
        /// The most at the same time.
        limit: usize,
    },
}

/// The steps of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its name.
    Resolve,
    /// A connection.
    Connect,
    /// TLS.
    Tls,
    /// The head of the answer.
    Answer,
    /// The rest of the answer.
    Body,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "resolve",
            Self::Connect => "accept a connection",
            Self::Tls => "finish the TLS handshake",
            Self::Answer => "answer",
            Self::Body => "finish its answer",
        })
    }
}

impl NetError {
    /// Whether the receiver can't have seen the request, so that sending it again does no harm.
    pub fn is_unsent(&self) -> bool {
        match self {
            Self::Url
            | Self::Resolve { .. }
            | Self::Forbidden { .. }
            | Self::Connect { .. }
            | Self::Tls { .. }
            | Self::Busy { .. } => true,
            Self::Timeout { phase, .. } => matches!(phase, Phase::Resolve | Phase::Connect | Phase::Tls),
            Self::Broken { .. } | Self::TooLarge { .. } => false,
        }
    }

    /// A word for metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Resolve { .. } => "resolve",
            Self::Forbidden { .. } => "forbidden",
            Self::Connect { .. } => "connect",
            Self::Tls { .. } => "tls",
            Self::Timeout { .. } => "timeout",
            Self::Broken { .. } => "broken",
            Self::TooLarge { .. } => "too_large",
            Self::Busy { .. } => "busy",
        }
    }
}

/// An error with its causes, in one line, each said once: many messages hold their cause already.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source()).map(ToString::to_string);
    causes.fold(error.to_string(), |said, cause| if said.contains(&cause) { said } else { format!("{said}: {cause}") })
}

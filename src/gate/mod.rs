//! judge(): the one function that live traffic, explain and replay go through. (Skeleton: signatures only.)

mod endpoint;

pub use endpoint::{Answer, Answers, DECISION, Endpoint, SCORE, VERDICT};

use std::sync::Arc;

use http::HeaderMap;

use crate::domain::{Decision, Facts};
use crate::extract::Request;

/// Everything that a reload replaces, as one immutable value.
#[derive(Debug)]
pub struct Revision {
    /// The endpoints.
    pub endpoints: Vec<Endpoint>,
}

/// The engine with its state.
#[derive(Debug)]
pub struct Gate {}

/// What a request is, once its route and `when` conditions are known.
#[derive(Debug)]
pub enum Role {
    /// Not protected.
    Pass(Permit),
    /// A request for a code; the endpoint's index.
    Send(usize),
    /// A try of a code; the endpoint's index.
    Try(usize),
}

/// The right to forward one request. Only the gate makes one.
#[derive(Debug)]
pub struct Permit(());

/// A judged request for a code.
#[derive(Debug)]
pub struct Judged {
    /// What it said.
    pub facts: Arc<Facts>,
    /// What was decided.
    pub decision: Arc<Decision>,
    /// Present where the request goes to the upstream (so also in monitor mode). Dropping it without `settle` gives
    /// back what was reserved: nothing was sent.
    pub permit: Option<SendPermit>,
}

/// The right to forward a request for a code, with its reservations.
#[derive(Debug)]
pub struct SendPermit(());

/// A judged try of a code.
#[derive(Debug)]
pub struct Tried {
    /// What was decided.
    pub decision: Arc<Decision>,
    /// As in [`Judged`].
    pub permit: Option<TryPermit>,
}

/// The right to forward a try of a code.
#[derive(Debug)]
pub struct TryPermit(());

/// What the upstream answered, as far as it was read.
#[derive(Debug, Clone, Copy)]
pub struct UpstreamAnswer<'a> {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// The whole body where it was wanted (see [`SendPermit::wants_body`]) and fitted the bound; else `None`.
    pub body: Option<&'a [u8]>,
}

impl Gate {
    /// The configuration in force; one request uses one to its end.
    pub fn revision(&self) -> Arc<Revision> {
        unimplemented!("skeleton")
    }

    /// Whether the path and method may belong to a protected endpoint. `Ok` passes through at once, body unread.
    /// `Err` gives the largest body to read before `role` can be asked.
    pub fn route(&self, revision: &Revision, request: &Request<'_>) -> Result<Permit, usize> {
        let _ = (revision, request);
        unimplemented!("skeleton")
    }

    /// What the request is, now that its body was read.
    pub fn role(&self, revision: &Revision, request: &Request<'_>) -> Role {
        let _ = (revision, request);
        unimplemented!("skeleton")
    }

    /// Judges a request for a code.
    pub fn judge(self: &Arc<Self>, revision: &Arc<Revision>, endpoint: usize, request: &Request<'_>) -> Judged {
        let _ = (revision, endpoint, request);
        unimplemented!("skeleton")
    }

    /// Judges a try of a code.
    pub fn judge_try(self: &Arc<Self>, revision: &Arc<Revision>, endpoint: usize, request: &Request<'_>) -> Tried {
        let _ = (revision, endpoint, request);
        unimplemented!("skeleton")
    }
}

impl SendPermit {
    /// Whether `settle` needs the answer's body (`sent_if` or `match` reads it). Then it is teed up to 64 KiB while it
    /// streams, and `settle` is called at its end; else `settle` is called when the head is there.
    pub fn wants_body(&self) -> bool {
        false
    }

    /// The upstream answered. Gives whether this was a send.
    pub fn settle(self, answer: &UpstreamAnswer<'_>) -> bool {
        let _ = answer;
        false
    }
}

impl TryPermit {
    /// As for [`SendPermit::wants_body`].
    pub fn wants_body(&self) -> bool {
        false
    }

    /// The upstream answered. Gives whether the code was right.
    pub fn settle(self, answer: &UpstreamAnswer<'_>) -> bool {
        let _ = answer;
        false
    }
}

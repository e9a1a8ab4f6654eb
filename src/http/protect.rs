//! A request that may be for a code: its body is read, the gate judges it, and what was decided is carried out.
//!
//! Must not know: why the gate decides as it does.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{ACCEPT_ENCODING, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderValue, Response};
use hyper::body::Incoming;

use super::answer_body::AnswerBody;
use super::answers;
use super::asking::Came;
use super::body::{Read, RequestBody, read_limited};
use super::cors;
use super::headers;
use super::headers::Malformed;
use super::proxy::{Client, Proxy, view};
use super::upstream::{Right, UpstreamError};
use crate::domain::{Decision, Facts, Mode};
use crate::extract::Payload;
use crate::gate::{DECISION, DIVERT, GoodAnswer, Revision, Role, SCORE, TAGS, VERDICT};
use crate::tasks::Tasks;

/// What the gate said.
enum Ruling {
    /// It isn't for a code after all.
    Pass(Right),
    /// It was judged; the right is there where it may go on.
    Judged(usize, Said, Option<Right>),
    /// It was judged, and the answer of before comes again.
    Repeat(Arc<Decision>, Arc<GoodAnswer>),
}

/// What was decided, and about what.
struct Said {
    decision: Arc<Decision>,
    /// Of a request for a code.
    facts: Option<Arc<Facts>>,
}

impl Proxy {
    /// Judges a request whose path and method are protected. At most `limit` bytes of its body are read for that.
    pub(super) async fn protect(
        self: &Arc<Self>,
        (parts, body): (Parts, Incoming),
        client: &Arc<Client>,
        revision: Arc<Revision>,
        limit: usize,
    ) -> Response<AnswerBody> {
        if headers::connection_hides_headers(&parts.headers) {
            self.counters.requests_malformed.add();
            return answers::malformed(Malformed::Connection, parts.version);
        }
        let read = read_limited(body, limit, self.settings.timeouts.request_body).await;
        match self.rule(&parts, &read, client, &revision) {
            Ruling::Pass(right) => self.carry_out((parts, read), client, &revision, (right, None)).await,
            Ruling::Judged(index, Said { decision, facts }, right) => {
                let endpoint = revision.endpoints.get(index);
                let origin = endpoint.and_then(|endpoint| cors::origin(&parts.headers, &endpoint.cors_origins));
                let response = if let Some(right) = right {
                    self.carry_out((parts, read), client, &revision, (right, Some(&decision))).await
                } else {
                    let came = Came { parts: &parts, read: &read };
                    self.refuse(&revision, endpoint, came, (&decision, facts.as_deref()))
                };
                finish(response, &decision, origin)
            }
            Ruling::Repeat(decision, answer) => answers::repeated(&answer, &decision),
        }
    }

    fn rule(&self, parts: &Parts, read: &Read, client: &Client, revision: &Arc<Revision>) -> Ruling {
        let payload = match read {
            Read::Whole(bytes, _) => Payload::Whole(bytes),
            Read::TooLarge(..) => Payload::TooLarge,
            Read::Incomplete | Read::Stalled => Payload::Incomplete,
        };
        let request = view(parts, client, payload);
        match self.gate.role(revision, &request) {
            Role::Pass(permit) => {
                self.counters.requests_passed.add();
                Ruling::Pass(Right::Pass(permit))
            }
            Role::Send(index) => {
                self.counters.requests_send.add();
                let judged = self.gate.judge(revision, index, &request);
                if let Some(answer) = judged.repeat {
                    return Ruling::Repeat(judged.decision, answer);
                }
                let said = Said { decision: judged.decision, facts: Some(judged.facts) };
                Ruling::Judged(index, said, judged.permit.map(Right::Send))
            }
            Role::Try(index) => {
                self.counters.requests_try.add();
                let tried = self.gate.judge_try(revision, index, &request);
                Ruling::Judged(index, Said { decision: tried.decision, facts: None }, tried.permit.map(Right::Try))
            }
        }
    }

    /// Sends a request that may go on to the upstream. From here the client's going away changes nothing: the app may
    /// send the code, so its answer is waited for and counts.
    async fn carry_out(
        self: &Arc<Self>,
        (mut parts, read): (Parts, Read),
        client: &Arc<Client>,
        revision: &Revision,
        (right, decision): (Right, Option<&Decision>),
    ) -> Response<AnswerBody> {
        let body = match read {
            Read::Whole(bytes, trailers) => {
                let chunked = parts.headers.contains_key(TRANSFER_ENCODING);
                if bytes.is_empty() && !chunked {
                    RequestBody::Empty
                } else {
                    RequestBody::Whole { bytes: Some(bytes), trailers, chunked }
                }
            }
            Read::TooLarge(read, rest) => RequestBody::streaming(read, rest, self.settings.timeouts.request_body),
            Read::Incomplete => return answers::no_answer(&UpstreamError::ClientBroke, decision),
            Read::Stalled => {
                self.counters.clients_stalled.add();
                return answers::no_answer(&UpstreamError::ClientStalled, decision);
            }
        };
        headers::to_upstream(&mut parts, (&client.peer, &revision.trusted), None, &self.upstream_host);
        if let Some(decision) = decision {
            tell(&mut parts, decision);
        }
        if right.wants_body() {
            parts.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        let proxy = Arc::clone(self);
        let exchange = Box::pin(async move {
            match proxy.forward(&right, parts, body).await {
                Ok(answered) => Ok(proxy.hand_back(answered, right)),
                Err(error) => {
                    right.unanswered(error.may_have_arrived());
                    Err(error)
                }
            }
        });
        match (Detaching { exchange: Some(exchange), tasks: self.tasks.clone() }).await {
            Ok(response) => response,
            Err(error) => answers::no_answer(&error, decision),
        }
    }
}

/// Puts the decision on the request, for the app.
fn tell(parts: &mut Parts, decision: &Decision) {
    if let Ok(id) = HeaderValue::try_from(decision.id.to_string()) {
        parts.headers.insert(DECISION, id);
    }
    parts.headers.insert(VERDICT, HeaderValue::from_static(decision.verdict.name()));
    parts.headers.insert(SCORE, HeaderValue::from(u16::from(decision.score)));
    if let Ok(tags) = HeaderValue::try_from(decision.tags.join(","))
        && !tags.is_empty()
    {
        parts.headers.insert(TAGS, tags);
    }
    if let (Some(way), Mode::Enforce) = (decision.divert, decision.mode) {
        parts.headers.insert(DIVERT, HeaderValue::from_static(way.name()));
    }
}

/// Names the decision on the answer, and lets pages read it where it is sendwall's own.
fn finish(
    mut response: Response<AnswerBody>,
    decision: &Decision,
    origin: Option<HeaderValue>,
) -> Response<AnswerBody> {
    answers::name_decision(&mut response, decision);
    if response.body().is_own() {
        cors::allow(response.headers_mut(), origin);
    }
    response
}

type Exchange = Pin<Box<dyn Future<Output = Result<Response<AnswerBody>, UpstreamError>> + Send>>;

/// An exchange with the upstream that goes on as a task of its own when the client goes away.
struct Detaching {
    exchange: Option<Exchange>,
    tasks: Tasks,
}

impl Future for Detaching {
    type Output = Result<Response<AnswerBody>, UpstreamError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(exchange) = &mut self.exchange else { return Poll::Pending };
        let result = exchange.as_mut().poll(context);
        if result.is_ready() {
            self.exchange = None;
        }
        result
    }
}

impl Drop for Detaching {
    fn drop(&mut self) {
        if let Some(exchange) = self.exchange.take() {
            // Dropping the answer reads what the gate still wants of its body.
            self.tasks.spawn("exchange without client", async move { drop(exchange.await) });
        }
    }
}

//! The life of a request: checked, routed, then passed through or judged (see `protect`), and its answer handed back.
//!
//! Must not know: how a request is judged.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONNECTION, COOKIE, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::activity::Activity;
use super::answer_body::{AnswerBody, FromUpstream, Settlement};
use super::answers;
use super::body::RequestBody;
use super::cors;
use super::headers;
use super::headers::Peer;
use super::own;
use super::page;
use super::pool::Pool;
use super::settings::Settings;
use super::upgrade::Tunnel;
use super::upstream::{Answered, Right, UpstreamError, announced_idle_seconds, forward};
use super::visit;
use super::visit::VisitCookies;
use crate::challenge::PageSettings;
use crate::extract;
use crate::extract::Payload;
use crate::gate::{Endpoint, Gate, PAGE_COOKIE, Permit, Revision};
use crate::tasks::Tasks;
use crate::telemetry::Counters;

/// Everything that requests need.
#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) settings: Settings,
    pub(super) gate: Arc<Gate>,
    pub(super) pool: Arc<Pool>,
    pub(super) tasks: Tasks,
    pub(super) counters: Arc<Counters>,
    pub(super) visits: Option<Arc<dyn VisitCookies>>,
    /// The `Host` of requests that bring none.
    pub(super) upstream_host: HeaderValue,
}

/// The connection that a request came over.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) peer: Peer,
    pub(super) activity: Arc<Activity>,
    /// Set when a stopping process waits no longer.
    pub(super) cut: CancellationToken,
    /// Held as long as the connection, or what it was upgraded to, is open.
    pub(super) _permit: OwnedSemaphorePermit,
}

impl Proxy {
    pub(super) fn new(
        settings: Settings,
        gate: Arc<Gate>,
        (pool, tasks): (Arc<Pool>, Tasks),
        counters: Arc<Counters>,
        visits: Option<Arc<dyn VisitCookies>>,
    ) -> Self {
        let host = format!("{}:{}", settings.upstream.host, settings.upstream.port);
        let upstream_host = HeaderValue::try_from(host).unwrap_or(HeaderValue::from_static("upstream"));
        Self { settings, gate, pool, tasks, counters, visits, upstream_host }
    }

    /// Answers one request.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        client: Arc<Client>,
    ) -> Response<AnswerBody> {
        let under_way = client.activity.begin();
        let response = self.route(request, &client).await;
        self.counters.answered(response.status().as_u16());
        response.map(|body| body.ends(under_way))
    }

    async fn route(self: &Arc<Self>, request: Request<Incoming>, client: &Arc<Client>) -> Response<AnswerBody> {
        let (parts, body) = request.into_parts();
        if let Err(fault) = headers::check(&parts) {
            self.counters.requests_malformed.add();
            return answers::malformed(fault, parts.version);
        }
        let path = parts.uri.path();
        if own::is_own(path) {
            self.counters.requests_own.add();
            return Box::pin(self.own(parts, body, client)).await;
        }
        let revision = self.gate.revision();
        let routed = self.gate.route(&revision, &view(&parts, client, Payload::Whole(b"")));
        match routed {
            Ok(permit) => self.pass((parts, body), client, permit, &revision).await,
            Err(limit) => Box::pin(self.protect((parts, body), client, revision, limit)).await,
        }
    }

    /// Passes a request through that isn't protected.
    async fn pass(
        &self,
        (mut parts, body): (Parts, Incoming),
        client: &Arc<Client>,
        permit: Permit,
        revision: &Revision,
    ) -> Response<AnswerBody> {
        self.counters.requests_passed.add();
        let completes_preflight = self.completes_preflight(&parts, client, revision);
        if completes_preflight && cors::asks_for_ours_alone(&parts.headers) {
            let mut response = own::preflight(&[Method::GET, Method::POST]);
            cors::allow(response.headers_mut(), cors::origin_of_any(&parts.headers, &revision.endpoints));
            return response;
        }
        let visitor = self.visitor(&parts, client, revision);
        let upgrade = headers::upgrade(&parts);
        let on_upgrade = parts.extensions.remove::<OnUpgrade>();
        let upgrade = upgrade.filter(|_| on_upgrade.is_some());
        headers::to_upstream(&mut parts, (&client.peer, &revision.trusted), upgrade, &self.upstream_host);
        let body = RequestBody::streaming(Bytes::new(), body, self.settings.timeouts.request_body);
        let right = Right::Pass(permit);
        let answered = match self.forward(&right, parts, body).await {
            Ok(answered) => answered,
            Err(error) => return answers::no_answer(&error, None),
        };
        if let (StatusCode::SWITCHING_PROTOCOLS, Some(on_upgrade)) = (answered.response.status(), on_upgrade) {
            return self.switch(answered, on_upgrade, client);
        }
        let mut response = self.hand_back(answered, right);
        if completes_preflight {
            cors::complete(response.headers_mut());
        }
        if let Some(visitor) = visitor {
            self.set_cookies(&mut response, &visitor);
        }
        response
    }

    /// Sends a request to the upstream, in the framing that it came in.
    pub(super) async fn forward(
        &self,
        right: &Right,
        mut parts: Parts,
        body: RequestBody,
    ) -> Result<Answered, UpstreamError> {
        if !matches!(body, RequestBody::Empty) {
            headers::frame(&mut parts.headers);
        }
        let request = Request::from_parts(parts, body);
        let answered = forward(&self.pool, right, request, (&self.settings.timeouts, &self.counters)).await;
        match &answered {
            Ok(_) => {
                if self.counters.upstream_down.get() && self.counters.upstream_down.set(false) {
                    tracing::info!("the upstream answers again");
                }
            }
            Err(error) => self.note(error),
        }
        answered
    }

    fn note(&self, error: &UpstreamError) {
        let counters = &self.counters;
        match error {
            UpstreamError::Unreachable(_) => counters.upstream_unreachable.add(),
            UpstreamError::Full => counters.upstream_full.add(),
            UpstreamError::ConnectTimeout | UpstreamError::AnswerTimeout => counters.upstream_timeout.add(),
            UpstreamError::Untaken(_) | UpstreamError::Broken(_) => counters.upstream_broken.add(),
            UpstreamError::ClientStalled => counters.clients_stalled.add(),
            UpstreamError::ClientBroke => {}
        }
        // Where all connections are in use, the upstream wasn't asked.
        let not_its_fault =
            matches!(error, UpstreamError::ClientStalled | UpstreamError::ClientBroke | UpstreamError::Full);
        if !not_its_fault && !counters.upstream_down.set(true) {
            tracing::warn!(%error, "no answer from the upstream; further failures are only counted until it answers");
        }
    }

    /// Makes the upstream's answer the client's, and sees that the gate is told of it.
    pub(super) fn hand_back(&self, answered: Answered, right: Right) -> Response<AnswerBody> {
        let Answered { response, mut lease, progress } = answered;
        let (mut parts, incoming) = response.into_parts();
        if let Some(seconds) = announced_idle_seconds(&parts.headers) {
            lease.closes_after(seconds);
        }
        let settlement = Settlement::begin(right, parts.status, &parts.headers, &self.tasks);
        headers::to_client(&mut parts.headers);
        parts.version = Version::HTTP_11;
        let (pause, counters) = (self.settings.timeouts.answer_body, Arc::clone(&self.counters));
        let lease = Some(lease);
        let body = FromUpstream { incoming, lease, progress, pause, counters, settlement, paused: false };
        Response::from_parts(parts, AnswerBody::upstream(body))
    }

    /// Connects both sides of an upgraded connection.
    fn switch(&self, answered: Answered, client_side: OnUpgrade, client: &Arc<Client>) -> Response<AnswerBody> {
        let Answered { mut response, lease, .. } = answered;
        self.counters.upgrades.add();
        let upstream = hyper::upgrade::on(&mut response);
        let idle = self.settings.timeouts.upgraded_idle;
        let tunnel = Tunnel { client: client_side, upstream, lease, idle, cut: client.cut.clone() };
        self.tasks.spawn("upgraded", tunnel.run(Arc::clone(client)));
        let protocol = response.headers().get(UPGRADE).cloned();
        headers::to_client(response.headers_mut());
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        if let Some(protocol) = protocol {
            response.headers_mut().insert(UPGRADE, protocol);
        }
        response.map(|_nothing| AnswerBody::own(Bytes::new()))
    }

    /// Whether this is a preflight of a protected endpoint by a page that may read sendwall's answers.
    fn completes_preflight(&self, parts: &Parts, client: &Client, revision: &Revision) -> bool {
        let Some(method) = cors::preflight(parts) else { return false };
        let asked = extract::Request { method: &method, ..view(parts, client, Payload::Whole(b"")) };
        let protected = self.gate.route(revision, &asked).is_err();
        let mut endpoints = revision.endpoints.iter();
        protected && endpoints.any(|endpoint| cors::origin(&parts.headers, &endpoint.cors_origins).is_some())
    }

    /// What must be kept of a request to know which cookies its answer sets.
    fn visitor(&self, parts: &Parts, client: &Client, revision: &Revision) -> Option<Visitor> {
        let visits = self.visits.is_some() && self.settings.visit.is_some();
        let page = revision.endpoints.iter().any(Endpoint::wants_page);
        if parts.method != Method::GET || !(visits || page) {
            return None;
        }
        let cookies = parts.headers.get_all(COOKIE).iter().map(|line| (COOKIE, line.clone())).collect();
        let page = page.then_some(revision.challenge.page);
        let navigates = page::is_navigation(&parts.headers);
        Some(Visitor { cookies, secure: is_secure(parts, client, revision), navigates, page })
    }

    /// Makes a page's client known, and gives the page its token.
    fn set_cookies(&self, response: &mut Response<AnswerBody>, visitor: &Visitor) {
        let Visitor { cookies, secure, navigates, page } = visitor;
        if !visit::is_private_page(response.status(), response.headers(), *navigates) {
            return;
        }
        if let (Some(settings), Some(visits)) = (&self.settings.visit, &self.visits)
            && !visit::has_visit(cookies, &settings.name, &**visits)
        {
            self.counters.visits_set.add();
            visit::set(response.headers_mut(), settings, &visits.mint(), *secure);
        }
        let (challenges, now) = (self.gate.challenges(), self.gate.now());
        let token = extract::cookie(cookies, PAGE_COOKIE).and_then(|token| std::str::from_utf8(token).ok());
        if let Some(page) = page
            && challenges.wants_new_page_token(page, token, *navigates, now)
        {
            let token = challenges.page_token(now);
            visit::append(response.headers_mut(), (PAGE_COOKIE, &token), page.max_age, visit::same_site(*secure));
        }
    }
}

/// Whether the client came by TLS, here or at a trusted proxy.
pub(super) fn is_secure(parts: &Parts, client: &Client, revision: &Revision) -> bool {
    let proto = revision.trusted.contains(client.peer.ip).then(|| parts.headers.get("x-forwarded-proto")).flatten();
    client.peer.tls || proto.is_some_and(|proto| proto == "https")
}

struct Visitor {
    /// Its `Cookie` lines.
    cookies: HeaderMap,
    secure: bool,
    /// Whether a browser shows the answer as a document.
    navigates: bool,
    /// What a page's token has to be like, where one is wanted.
    page: Option<PageSettings>,
}

/// The request as the gate reads it: before any header is changed.
pub(super) fn view<'a>(parts: &'a Parts, client: &Client, body: Payload<'a>) -> extract::Request<'a> {
    let headers: &HeaderMap = &parts.headers;
    let (path, query) = (parts.uri.path(), parts.uri.query());
    extract::Request { peer: client.peer.ip, method: &parts.method, path, query, headers, body }
}

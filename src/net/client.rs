//! One request, one answer.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;

use super::error::{NetError, Phase, with_causes};
use super::settings::Settings;
use super::target::Target;
use super::tls::{self, TlsError};
use crate::domain::Span;

/// Sends requests. Cheap to clone; clones share the bound on requests under way.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    tls: Arc<ClientConfig>,
    under_way: Semaphore,
}

/// A whole answer, of any status; redirects are answers too and are not followed.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Largest head of an answer, in bytes.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// Addresses of a name that are tried.
const MAX_ADDRESSES: usize = 4;
const AGENT: &str = concat!("sendwall/", env!("CARGO_PKG_VERSION"));

impl Client {
    /// Reads the certificate authorities; sends nothing yet.
    pub fn new(settings: Settings) -> Result<Self, TlsError> {
        let tls = tls::client(settings.ca.as_deref(), "receivers of requests")?;
        let under_way = Semaphore::new(settings.max_in_flight);
        Ok(Self(Arc::new(Inner { settings, tls, under_way })))
    }

    /// Whether it may go on under these settings. With a file of authorities it may not: what is in there may be new.
    /// Those of the system are read once, as they are many.
    pub fn is_for(&self, settings: &Settings) -> bool {
        self.0.settings.ca.is_none() && self.0.settings == *settings
    }

    /// Sends `request`, whose URI is absolute, and reads the whole answer. Cancelling closes the connection.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Answer, NetError> {
        let Inner { settings, tls, under_way } = &*self.0;
        let target = Target::of(request.uri()).map_err(|_not| NetError::Url)?;
        let request = to_origin_form(request)?;
        let busy = |_full| NetError::Busy { limit: settings.max_in_flight };
        let _permit = under_way.try_acquire().map_err(busy)?;
        let stream = self.connect(&target).await?;
        if target.tls {
            let name = ServerName::try_from(target.host.to_string()).map_err(|_invalid| NetError::Url)?;
            let handshake = TlsConnector::from(Arc::clone(tls)).connect(name, stream);
            let stream = within(&target, Phase::Tls, settings.timeouts.tls, handshake).await?;
            let stream = stream.map_err(|source| NetError::Tls { target: target.clone(), source })?;
            self.exchange(&target, TokioIo::new(stream), request).await
        } else {
            self.exchange(&target, TokioIo::new(stream), request).await
        }
    }

    /// A connection to one of the target's addresses that may be reached, the first that takes it.
    async fn connect(&self, target: &Target) -> Result<TcpStream, NetError> {
        let Settings { timeouts, reach, .. } = &self.0.settings;
        let lookup = tokio::net::lookup_host((&*target.host, target.port));
        let found = within(target, Phase::Resolve, timeouts.resolve, lookup).await?;
        let unknown = |source| NetError::Resolve { target: target.clone(), source };
        let (allowed, forbidden): (Vec<SocketAddr>, Vec<_>) =
            found.map_err(unknown)?.partition(|address| reach.allows(address.ip()));
        if allowed.is_empty() {
            let none = || unknown(std::io::Error::new(std::io::ErrorKind::NotFound, "it has no address"));
            let address = forbidden.first().ok_or_else(none)?.ip();
            return Err(NetError::Forbidden { target: target.clone(), address });
        }
        let tried = allowed.len().min(MAX_ADDRESSES);
        let share = Span::millis(timeouts.connect.as_millis() / u64::try_from(tried).unwrap_or(1).max(1));
        let mut last = NetError::Timeout { target: target.clone(), phase: Phase::Connect, after: timeouts.connect };
        for address in allowed.into_iter().take(tried) {
            match tokio::time::timeout(share.to_duration(), TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // A connection whose delays can't be switched off works all the same.
                    let _nodelay = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(source)) => last = NetError::Connect { target: target.clone(), source },
                Err(_elapsed) => {}
            }
        }
        Err(last)
    }

    async fn exchange<IO>(&self, target: &Target, io: IO, request: Request<Full<Bytes>>) -> Result<Answer, NetError>
    where
        IO: hyper::rt::Read + hyper::rt::Write + Unpin + 'static,
    {
        let Settings { timeouts, max_answer, .. } = &self.0.settings;
        let broken = |error: hyper::Error| NetError::Broken { target: target.clone(), reason: with_causes(&error) };
        let (mut sender, connection) =
            http1::Builder::new().max_buf_size(MAX_HEAD_BYTES).handshake(io).await.map_err(broken)?;
        let mut connection = pin!(connection);
        let answered = async {
            sender.ready().await.map_err(broken)?;
            let answer = within(target, Phase::Answer, timeouts.answer, sender.send_request(request)).await?;
            let (head, body) = answer.map_err(broken)?.into_parts();
            let body = within(target, Phase::Body, timeouts.body, read(body, *max_answer)).await?;
            let body = body.map_err(|unread| match unread {
                Unread::Broken(error) => broken(error),
                Unread::TooLarge => NetError::TooLarge { target: target.clone(), limit: *max_answer },
            })?;
            Ok(Answer { status: head.status, headers: head.headers, body })
        };
        let mut answered = pin!(answered);
        let mut open = true;
        // The connection does its work here, not in a task of its own: it ends with the request, whatever happens.
        poll_fn(|context| {
            if open && connection.as_mut().poll(context).is_ready() {
                open = false;
            }
            answered.as_mut().poll(context)
        })
        .await
    }
}

/// The request as it goes over the connection: path and query in its first line, the authority as `Host`.
fn to_origin_form(request: Request<Bytes>) -> Result<Request<Full<Bytes>>, NetError> {
    let (mut head, body) = request.into_parts();
    let authority = head.uri.authority().map(|authority| HeaderValue::from_str(authority.as_str()));
    head.headers.insert(HOST, authority.and_then(Result::ok).ok_or(NetError::Url)?);
    head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    head.headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
    head.uri = match head.uri.path_and_query() {
        Some(path) => Uri::from(path.clone()),
        None => Uri::from_static("/"),
    };
    Ok(Request::from_parts(head, Full::new(body)))
}

async fn within<T>(target: &Target, phase: Phase, after: Span, step: impl Future<Output = T>) -> Result<T, NetError> {
    let late = |_elapsed| NetError::Timeout { target: target.clone(), phase, after };
    tokio::time::timeout(after.to_duration(), step).await.map_err(late)
}

enum Unread {
    Broken(hyper::Error),
    TooLarge,
}

async fn read(mut body: hyper::body::Incoming, limit: usize) -> Result<Bytes, Unread> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(Unread::Broken)?.into_data() {
            if bytes.len() + data.len() > limit {
                return Err(Unread::TooLarge);
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.into())
}

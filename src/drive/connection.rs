//! One connection that is kept, and made anew when it breaks.

use std::time::Duration;

use bytes::Bytes;
use http::header::HeaderMap;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Target;
use crate::tasks::Tasks;

/// An answer that takes longer is none.
const TIMEOUT: Duration = Duration::from_secs(20);
/// A larger body is not read to its end; the connection ends instead.
const MAX_BODY: usize = 256 * 1024;
/// Of a body that much is kept: a challenge is some 1,000 bytes.
const MAX_KEPT: usize = 8 * 1024;

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// No connection.
    #[error("no connection: {0}")]
    Connect(#[from] std::io::Error),
    /// It broke.
    #[error("the exchange broke off: {0}")]
    Exchange(#[from] hyper::Error),
    /// What was to be sent is no request.
    #[error("the request could not be built: {0}")]
    Request(#[from] http::Error),
    /// Too slow.
    #[error("no answer within 20 s")]
    Timeout,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Its beginning.
    pub(super) body: Vec<u8>,
}

/// A connection to one target.
pub(super) struct Connection {
    target: Target,
    tasks: Tasks,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    /// Not open yet.
    pub(super) fn to(target: Target, tasks: &Tasks) -> Self {
        Self { target, tasks: tasks.clone(), sender: None }
    }

    /// Opens it, where it isn't.
    pub(super) async fn open(&mut self) -> Result<SendRequest<Full<Bytes>>, Failed> {
        if let Some(mut sender) = self.sender.take()
            && sender.ready().await.is_ok()
        {
            return Ok(sender);
        }
        let stream = TcpStream::connect(self.target.address()).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        self.tasks.spawn("drive connection", async {
            // How it closed shows in the exchange that it carried.
            connection.await.unwrap_or_default();
        });
        Ok(sender)
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, Failed> {
        let exchange = async {
            let mut sender = self.open().await?;
            let (head, mut body) = sender.send_request(request).await?.into_parts();
            let (mut read, mut kept) = (0, Vec::new());
            while let Some(frame) = body.frame().await {
                let Ok(data) = frame?.into_data() else { continue };
                read += data.len();
                kept.extend_from_slice(
                    data.get(..MAX_KEPT.saturating_sub(kept.len()).min(data.len())).unwrap_or_default(),
                );
                if read > MAX_BODY {
                    return Ok((head, kept, None));
                }
            }
            Ok((head, kept, Some(sender)))
        };
        let done: Result<_, Failed> =
            tokio::time::timeout(TIMEOUT, exchange).await.map_err(|_elapsed| Failed::Timeout)?;
        let (head, body, sender) = done?;
        self.sender = sender;
        Ok(Answer { status: head.status, headers: head.headers, body })
    }
}

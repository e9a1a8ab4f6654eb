//! The reverse proxy: the main listener, the connections to the upstream, and the carrying out of what the gate decides.
//!
//! Life of a request: [`server`] accepts, `connection` speaks TLS and HTTP and watches the time-outs, `proxy` checks and
//! routes, `protect` has the gate judge, `upstream` sends what may be sent over a connection of `pool`, `answer_body`
//! streams the answer back and tells the gate what it was. `headers` says what changes on the way, `answers` makes
//! every answer that isn't the upstream's; `asking` is what a client gets that has to solve something, `page` the same for
//! who came by a form; `own` is what stands under `/_sendwall/`.
//!
//! Must not know: how a request is judged.
//!
//! Architecture invariant: nothing is sent to the upstream without a right that the gate gave.

mod activity;
mod answer_body;
mod answers;
mod asking;
mod body;
mod connection;
mod cors;
mod deadline;
mod error;
mod headers;
mod own;
mod page;
mod pool;
mod protect;
mod proxy;
mod proxy_header;
mod server;
mod settings;
mod tls;
mod upgrade;
mod upstream;
mod visit;

pub use error::Error;
pub use server::Server;
pub use settings::{Settings, Timeouts, TlsFiles, Upstream, VisitSettings};
pub use visit::VisitCookies;

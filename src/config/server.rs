//! Listening, forwarding, TLS, time-outs, the visit cookie: the tables that become `http::Settings`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;

use super::reader::Section;
use super::source::Fault;
use super::values::{self, UpstreamUrl};
use crate::domain::Span;
use crate::http::{Settings, Timeouts, TlsFiles, Upstream, VisitSettings};

/// Reads everything about the main listener and the upstream; `None` where there is no usable upstream.
pub(super) fn read(root: &mut Section<'_>, trusted_proxies: &[IpNet]) -> Option<Settings> {
    let listen =
        root.parsed("listen", values::socket_address).unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], 8080)));
    let proxy_protocol = root.bool("proxy_protocol", false);
    if proxy_protocol && trusted_proxies.is_empty() {
        let fault = Fault::new("a PROXY header is believed from `trusted_proxies` alone, and there are none");
        root.error("proxy_protocol", fault.hint("name the load balancer's network in `trusted_proxies`"));
    }
    let max_connections = root.count("max_connections", 1..=1_000_000, 10_000);
    let tls = root.table("tls", tls);
    let upstream = upstream(root, listen);
    let timeouts = root.table("timeouts", timeouts);
    let visit = root.table("visit", visit);
    Some(Settings { listen, tls, proxy_protocol, max_connections, upstream: upstream?, timeouts, visit })
}

fn tls(section: &mut Section<'_>) -> Option<TlsFiles> {
    let (certificate, key) = (section.file("certificate"), section.file("key"));
    if section.is_present() {
        section.require("certificate", "name the PEM file of the chain, leaf first");
        section.require("key", "name the PEM file of the private key");
    }
    let files = TlsFiles { certificate: certificate?, key: key? };
    if let Err(fault) = super::tls::check_pair(&files) {
        section.error("certificate", fault);
    }
    Some(files)
}

fn upstream(root: &mut Section<'_>, listen: SocketAddr) -> Option<Upstream> {
    let url = root.parsed("upstream", values::upstream);
    root.require("upstream", "name the app's address, such as upstream = \"http://127.0.0.1:3000\"");
    if url.as_ref().is_some_and(|url| url.is(listen)) {
        let fault = Fault::new(format!("the upstream is sendwall's own address {listen}"));
        root.error("upstream", fault.hint("requests would go round in a circle; give the app another port"));
    }
    let ca = root.table("upstream_tls", |section| upstream_ca(section, url.as_ref()));
    let (max_idle, max_connections) = root.table("upstream_pool", |section| {
        let max_connections = section.count("max_connections", 1..=100_000, 1024);
        (section.count("max_idle", 0..=100_000, 128), max_connections)
    });
    let UpstreamUrl { tls, host, port } = url?;
    Some(Upstream { host, port, tls, ca, max_idle, max_connections, fresh: Upstream::FRESH })
}

fn upstream_ca(section: &mut Section<'_>, url: Option<&UpstreamUrl>) -> Option<PathBuf> {
    let ca = section.file("ca");
    if url.is_some_and(|url| !url.tls) && section.has("ca") {
        section.warning("ca", Fault::new("the upstream is not https, so this has no effect"));
    }
    if let Some(Err(fault)) = ca.as_deref().map(super::tls::check_authorities) {
        section.error("ca", fault);
    }
    ca
}

fn timeouts(section: &mut Section<'_>) -> Timeouts {
    let default = Timeouts::default();
    let mut read = |key, default| section.span(key, Span::millis(100)..=Span::hours(24)).unwrap_or(default);
    Timeouts {
        request_head: read("request_head", default.request_head),
        request_body: read("request_body", default.request_body),
        upstream_connect: read("upstream_connect", default.upstream_connect),
        upstream_answer: read("upstream_answer", default.upstream_answer),
        answer_body: read("answer_body", default.answer_body),
        upgraded_idle: read("upgraded_idle", default.upgraded_idle),
        keep_alive: read("keep_alive", default.keep_alive),
        drain: read("drain", default.drain),
    }
}

fn visit(section: &mut Section<'_>) -> Option<VisitSettings> {
    let default = VisitSettings::default();
    let enabled = section.bool("enabled", true);
    let name = section.parsed("name", cookie_name).map_or(default.name, Arc::from);
    // 400 days is the most that browsers keep a cookie.
    let max_age = section.span("max_age", Span::hours(1)..=Span::hours(24 * 400)).unwrap_or(default.max_age);
    enabled.then_some(VisitSettings { name, max_age })
}

fn cookie_name(text: &str) -> Result<&str, Fault> {
    if text.len() <= 64 && values::is_token(text) {
        return Ok(text);
    }
    Err(Fault::new(format!("{text:?} is no name of a cookie")).hint("write letters, digits, `-` and `_`, at most 64"))
}

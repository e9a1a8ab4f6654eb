//! Reads the whole text: every table in turn, then what only shows across tables.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use http::HeaderName;
use ipnet::IpNet;
use ring::digest::{SHA256, digest};

use super::limits::Limits;
use super::reader::Section;
use super::source::Fault;
use super::{
    Config, alerts, budget, captcha, cells, challenge, channels, endpoint, keys, limits, model, outbound, places,
    prices, rules, server, snapshot, telling, values,
};
use crate::alerts::Settings;
use crate::alerts::deliver::{self, Channel};
use crate::domain::{ClientSource, Mode};
use crate::extract::{ForwardedHeader, TrustedProxies};
use crate::gate::Endpoint;
use crate::net::Reach;

/// Reads everything. `None` only where an error was noted.
pub(super) fn read(
    root: &mut Section<'_>,
    text: &str,
    environment: &dyn Fn(&str) -> Option<String>,
    cases: rules::Cases,
) -> Option<Config> {
    let mode = root.choice("mode", &values::MODES).unwrap_or_default();
    let trusted_proxies = trusted_proxies(root);
    let ja4_header = ja4_header(root, &trusted_proxies.networks);
    let http = server::read(root, &trusted_proxies.networks);
    let admin = telling::admin(root, http.as_ref());
    let state = root.directory("state");
    let snapshot = snapshot::read(root, state.as_ref());
    let keys = keys::read(root, state.as_deref(), environment);
    let ways = captcha::read(root);
    let (endpoints, routes) = endpoint::read(root, mode, &ways);
    let limits = limits::read(root, &endpoints);
    let rules = rules::read(root, &endpoints, &limits, cases);
    let budgets = budget::read(root, &endpoints);
    let mut files = rules.files.clone();
    let (currency, prices) = prices::read(root, &mut files);
    let workers = root.count("workers", 0..=1024, 0);
    let journal = telling::journal(root, state.as_ref());
    let telemetry = telling::log(root);
    let outbound = outbound::read(root);
    let geo = telling::geo(root);
    let sessions = root.table("sessions", |section| section.count("capacity", 1_000..=100_000_000, 200_000));
    let (cells, kinds) = cells::read(root, sessions, &endpoints);
    let models = model::read(root, &mut files);
    let (alerts, channels) = watched(root, &currency, &outbound.reach);
    let spool = state.as_ref().map(|state| state.join("alerts"));
    check_spool(root, spool.is_some() || channels.is_empty());
    let deliver = deliver::Settings { channels, spool, net: outbound.clone() };
    let (challenge, challenge_memory) = challenge::read(root);
    check_state(root, state.as_ref());
    check_visit(root, http.as_ref().is_some_and(|http| http.visit.is_some()), &endpoints);
    check_enforcing(root, &endpoints, &limits);
    places::check(root, &geo, &limits, &rules);
    Some(Config {
        hash: hash(text) ^ rules.hash,
        http: http?,
        admin,
        journal,
        telemetry,
        inbound: ways.inbound(),
        outbound,
        deliver,
        geo,
        state,
        snapshot,
        keys,
        workers: NonZeroUsize::new(workers),
        sessions,
        cells,
        kinds,
        prior: models.prior,
        shadow: models.shadow,
        ja4_header,
        challenge,
        challenge_memory,
        limits,
        alerts,
        rules,
        budgets,
        trusted_proxies,
        mode,
        endpoints,
        routes,
        currency,
        prices,
        files,
        warnings: Vec::new(),
    })
}

/// What on-call people are told of, and where.
fn watched(root: &mut Section<'_>, currency: &str, reach: &Reach) -> (Settings, Vec<Arc<Channel>>) {
    let read = |section: &mut Section<'_>| (alerts::table(section, currency), channels::read(section, reach));
    let (mut settings, channels) = root.table("alerts", read);
    alerts::rules(root, &mut settings);
    (settings, channels)
}

fn check_spool(root: &Section<'_>, is_kept: bool) {
    if !is_kept {
        let fault = Fault::new("without `state` alerts that were not delivered yet are lost at a restart");
        let hint = "name a directory for sendwall alone, such as state = \"/var/lib/sendwall\"";
        root.warning("alerts", fault.hint(hint));
    }
}

fn hash(text: &str) -> u32 {
    digest(&SHA256, text.as_bytes()).as_ref().iter().take(4).fold(0, |hash, byte| hash << 8 | u32::from(*byte))
}

fn trusted_proxies(root: &mut Section<'_>) -> TrustedProxies {
    let networks = root.list("trusted_proxies", values::network).unwrap_or_default();
    if networks.iter().any(|network| network.prefix_len() == 0) {
        let fault = Fault::new("every address is trusted, so any client can claim to be any other");
        root.warning("trusted_proxies", fault.hint("name only the networks of your own proxies"));
    }
    let header = root.choice("forwarded_header", &FORWARDED_HEADER).unwrap_or_default();
    TrustedProxies { networks, header }
}

const FORWARDED_HEADER: [(&str, ForwardedHeader); 2] =
    [("x-forwarded-for", ForwardedHeader::XForwardedFor), ("forwarded", ForwardedHeader::Forwarded)];

fn ja4_header(root: &mut Section<'_>, trusted: &[IpNet]) -> Option<HeaderName> {
    let name = root.parsed("ja4_header", values::header)?;
    if trusted.is_empty() {
        let fault = Fault::new("this header is believed from `trusted_proxies` alone, and there are none");
        root.warning("ja4_header", fault.hint("name the network of the proxy that sets it in `trusted_proxies`"));
    }
    Some(name)
}

fn check_state(root: &Section<'_>, state: Option<&PathBuf>) {
    if state.is_some() || root.has("state") {
        return;
    }
    let fault = Fault::new(
        "without `state` keys are made anew at each start, counters begin empty, and there is no decision log",
    );
    root.warning("", fault.hint("name a directory for sendwall alone, such as state = \"/var/lib/sendwall\""));
}

fn check_visit(root: &Section<'_>, has_visit: bool, endpoints: &[Endpoint]) {
    let lacks = |endpoint: &&Endpoint| !has_visit && endpoint.extract.client.contains(&ClientSource::Visit);
    if let Some(endpoint) = endpoints.iter().find(lacks).filter(|_| root.has("visit")) {
        let fault = Fault::new(format!("the visit cookie is off, but `client` of {:?} names it", endpoint.name));
        root.warning("visit", fault.hint("name a cookie or a header of your app, such as \"cookie:sid\""));
    }
}

fn check_enforcing(root: &Section<'_>, endpoints: &[Endpoint], limits: &Limits) {
    let enforces = |endpoint: &Endpoint| endpoint.policy.mode == Mode::Enforce && endpoint.policy.countries.is_empty();
    if endpoints.iter().any(enforces) && limits.limits.iter().all(|limit| limit.mode == Mode::Monitor) {
        let fault = Fault::new("nothing is limited, so almost nothing is ever refused");
        root.warning("mode", fault.hint("leave `default_limits` on, or add a [[limit]]"));
    }
}

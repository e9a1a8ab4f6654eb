//! Admin address, decision log, process log, GeoIP: the small tables.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::reader::Section;
use super::source::Fault;
use super::values::{self, GIB, MIB};
use crate::admin;
use crate::domain::Span;
use crate::geo::{self, Geo};
use crate::http;
use crate::journal;
use crate::privacy::Secret;
use crate::telemetry;
use crate::telemetry::{Format, Level};

/// The shortest token that can't be guessed by trying.
const SHORTEST_TOKEN: usize = 16;

/// Reads the admin address; `None` where it is switched off. Neither may the main listener be there nor the app.
pub(super) fn admin(root: &mut Section<'_>, http: Option<&http::Settings>) -> Option<admin::Settings> {
    let default = SocketAddr::from(([127, 0, 0, 1], 9090));
    let listen = root.parsed_or_false("admin", values::socket_address).unwrap_or(Some(default));
    let file = root.file("admin_token_file");
    let token = file.and_then(|file| token(root, &file));
    let listen = listen?;
    if !listen.ip().is_loopback() && !root.has("admin_token_file") {
        let fault = Fault::new(format!("other machines can reach the admin address {listen}, so it needs a token"));
        root.error(
            "admin",
            fault.hint("name a file with a long random text in `admin_token_file`, a key of the configuration file"),
        );
    }
    // Port 0 stands for any free port, so two of them are not the same.
    let is_main = |main: SocketAddr| {
        main.port() == listen.port() && main.port() != 0 && (main.ip() == listen.ip() || main.ip().is_unspecified())
    };
    if http.is_some_and(|http| is_main(http.listen)) {
        root.error("admin", Fault::new(format!("{listen} is the main listener's address")).hint("take another port"));
    }
    if http.is_some_and(|http| values::leads_to(&http.upstream.host, http.upstream.port, listen)) {
        let fault = Fault::new(format!("the upstream is sendwall's own admin address {listen}"));
        root.error(
            "upstream",
            fault.hint("clients would reach it; name the app's address, or give `admin` another port"),
        );
    }
    Some(admin::Settings { listen, token })
}

fn token(root: &Section<'_>, file: &Path) -> Option<Secret> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let token = Secret::new(&text);
    let is_sendable = token.expose().chars().all(|c| c.is_ascii_graphic());
    if token.expose().len() >= SHORTEST_TOKEN && is_sendable {
        return Some(token);
    }
    let fault = Fault::new(format!("the token is not one line of {SHORTEST_TOKEN} or more ASCII characters"));
    root.error("admin_token_file", fault.hint("make one with `openssl rand -hex 32`"));
    None
}

/// Reads `[journal]`; the log stands in the state directory unless it says otherwise.
pub(super) fn journal(root: &mut Section<'_>, state: Option<&PathBuf>) -> Option<journal::Settings> {
    root.table("journal", |section| {
        let enabled = section.bool("enabled", true);
        let directory = section.directory("directory").or_else(|| state.map(|state| state.join("decisions")));
        let default = journal::Settings::in_directory(directory.clone().unwrap_or_default());
        let hours = |from, to| Span::hours(from)..=Span::hours(to);
        let settings = journal::Settings {
            max_bytes: section.bytes("max_size", MIB..=16 * GIB, default.max_bytes),
            max_age: section.span("max_age", hours(1, 24 * 31)).unwrap_or(default.max_age),
            keep: section.span("keep", hours(1, 24 * 3650)).unwrap_or(default.keep),
            queue: section.count("queue", 16..=1_000_000, default.queue),
            directory: default.directory,
        };
        if enabled && section.has("enabled") && directory.is_none() {
            let fault = Fault::new("the decision log has no directory");
            section.error("enabled", fault.hint("set `state`, or `directory` here"));
        }
        directory.filter(|_| enabled).map(|_| settings)
    })
}

/// Reads `[log]`.
pub(super) fn log(root: &mut Section<'_>) -> telemetry::Settings {
    const FORMATS: [(&str, Format); 2] = [("text", Format::Text), ("json", Format::Json)];
    const LEVELS: [(&str, Level); 5] = [
        ("error", Level::Error),
        ("warn", Level::Warn),
        ("info", Level::Info),
        ("debug", Level::Debug),
        ("trace", Level::Trace),
    ];
    root.table("log", |section| telemetry::Settings {
        format: section.choice("format", &FORMATS).unwrap_or_default(),
        level: section.choice("level", &LEVELS).unwrap_or_default(),
    })
}

/// Reads `[geo]` and opens its databases once. A process does without one that can't be used.
pub(super) fn geo(root: &mut Section<'_>) -> geo::Settings {
    root.table("geo", |section| {
        let country = database(section, "country", |country| geo::Settings { country, ..geo::Settings::default() });
        let asn = database(section, "asn", |asn| geo::Settings { asn, ..geo::Settings::default() });
        let anonymous =
            database(section, "anonymous", |anonymous| geo::Settings { anonymous, ..geo::Settings::default() });
        geo::Settings { country, asn, anonymous }
    })
}

fn database(
    section: &mut Section<'_>,
    key: &'static str,
    alone: impl FnOnce(Option<PathBuf>) -> geo::Settings,
) -> Option<PathBuf> {
    let file = section.path(key);
    for error in Geo::check(&alone(file.clone())) {
        section.lack(key, Fault::new(error.to_string()));
    }
    file
}

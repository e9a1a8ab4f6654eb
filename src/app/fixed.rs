//! Settings that only a start reads.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::admin;
use crate::cells;
use crate::config::{Config, KeySource};
use crate::geo;
use crate::http;
use crate::journal;
use crate::state;
use crate::telemetry;

/// Settings that a reload can't change.
#[derive(Debug)]
pub(super) struct Fixed {
    pub(super) http: http::Settings,
    admin: Option<admin::Settings>,
    journal: Option<journal::Settings>,
    log: telemetry::Settings,
    geo: geo::Settings,
    state: Option<PathBuf>,
    snapshot: Option<state::Settings>,
    keys: KeySource,
    workers: Option<NonZeroUsize>,
    sessions: usize,
    cells: cells::Settings,
    challenge_memory: usize,
    limits_memory: u64,
}

impl Fixed {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            http: config.http.clone(),
            admin: config.admin.clone(),
            journal: config.journal.clone(),
            log: config.telemetry,
            geo: config.geo.clone(),
            state: config.state.clone(),
            snapshot: config.snapshot.clone(),
            keys: config.keys.clone(),
            workers: config.workers,
            sessions: config.sessions,
            cells: config.cells.clone(),
            challenge_memory: config.challenge_memory,
            limits_memory: config.limits.memory,
        }
    }

    /// Those that another configuration has otherwise, as people write them.
    pub(super) fn changed(&self, new: &Self) -> Vec<&'static str> {
        let (http, new_http) = (&self.http, &new.http);
        let address = |fixed: &Self| fixed.admin.as_ref().map(|admin| admin.listen);
        // Where one of them has no admin address, that says it all.
        let both = self.admin.as_ref().zip(new.admin.as_ref());
        let settings = [
            ("listen", http.listen != new_http.listen),
            ("proxy_protocol", http.proxy_protocol != new_http.proxy_protocol),
            ("max_connections", http.max_connections != new_http.max_connections),
            ("[tls]", http.tls != new_http.tls),
            ("upstream", http.upstream != new_http.upstream),
            ("[timeouts]", http.timeouts != new_http.timeouts),
            ("[visit]", http.visit != new_http.visit),
            ("admin", address(self) != address(new)),
            ("admin_token_file", both.is_some_and(|(old, new)| old.token != new.token)),
            ("[journal]", self.journal != new.journal),
            ("[log]", self.log != new.log),
            ("[geo]", self.geo != new.geo),
            ("state", self.state != new.state),
            ("[snapshot]", self.snapshot != new.snapshot),
            ("key_file", self.keys != new.keys),
            ("workers", self.workers != new.workers),
            ("[sessions] capacity", self.sessions != new.sessions),
            ("[cells] memory", self.cells.memory != new.cells.memory),
            ("verify_window, as the longest that evidence is kept", self.cells.keep != new.cells.keep),
            ("[challenge] memory", self.challenge_memory != new.challenge_memory),
            ("[limits] memory", self.limits_memory != new.limits_memory),
        ];
        settings.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn fixed(text: &str) -> Fixed {
        let text = format!(
            "upstream = \"http://127.0.0.1:3000\"\n{text}\n[[endpoint]]\nname = \"login\"\nsend = \"POST /send\"\n"
        );
        Fixed::of(&Config::compile(&text, Path::new("sendwall.toml"), &|_| None).unwrap())
    }

    #[test]
    fn each_setting_that_needs_a_restart_is_named() {
        let before = fixed("state = \"state\"");
        assert_eq!(before.changed(&fixed("state = \"state\"\nmode = \"enforce\"")), Vec::<&str>::new());
        let file = std::env::temp_dir().join(format!("sendwall-fixed-{}", std::process::id()));
        std::fs::write(&file, "a-token-of-enough-characters").unwrap();
        let token = &format!("admin_token_file = \"{}\"", file.display());
        for (text, named) in [
            ("listen = \"127.0.0.1:1\"", "listen"),
            ("max_connections = 10", "max_connections"),
            ("upstream_pool = { max_idle = 1 }", "upstream"),
            ("timeouts = { drain = \"1s\" }", "[timeouts]"),
            ("visit = { enabled = false }", "[visit]"),
            ("admin = false", "admin"),
            ("admin = \"127.0.0.1:1\"", "admin"),
            (token, "admin_token_file"),
            ("journal = { enabled = false }", "[journal]"),
            ("log = { level = \"debug\" }", "[log]"),
            ("log = { format = \"json\" }", "[log]"),
            ("geo = { country = \"none.mmdb\" }", "[geo]"),
            ("snapshot = { interval = \"1s\" }", "[snapshot]"),
            ("key_file = \"other\"", "key_file"),
            ("workers = 1", "workers"),
            ("sessions = { capacity = 1000 }", "[sessions] capacity"),
            ("cells = { memory = \"16MiB\" }", "[cells] memory"),
            ("challenge = { memory = \"8MiB\" }", "[challenge] memory"),
            ("limits = { memory = \"16MiB\" }", "[limits] memory"),
        ] {
            assert_eq!(before.changed(&fixed(&format!("state = \"state\"\n{text}"))), [named], "{text}");
        }
        std::fs::remove_file(file).unwrap();
        assert_eq!(before.changed(&fixed("state = \"elsewhere\"")), ["[journal]", "state", "[snapshot]", "key_file"]);
    }
}

//! File descriptors: each connection takes one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;
use crate::telemetry::events::FewDescriptors;

/// What is open beside connections: listeners, files, the runtime's own.
const OTHERS: u64 = 64;

/// Takes as many as the system allows this process, and tells where those are fewer than `config` may need.
pub(super) fn take_all(config: &Config) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // Where it is refused, there are as many as before.
    let taken = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let allowed = if taken.is_ok() { maximum } else { current };
    let (clients, upstream) = (config.http.max_connections, config.http.upstream.max_connections);
    let needed = OTHERS.saturating_add(clients as u64).saturating_add(upstream as u64);
    if let Some(allowed) = allowed.filter(|allowed| *allowed < needed) {
        FewDescriptors { allowed, needed }.emit();
    }
}

//! Any path: a percent-encoded copy of a path that is found must be found.
#![no_main]

use http::{HeaderMap, Method};
use libfuzzer_sys::fuzz_target;
use sendwall::extract::{Pattern, Role, Router, Rule};

fuzz_target!(|path: &str| {
    let Ok(pattern) = Pattern::parse("POST /api/*/send") else { return };
    let router = Router::new(vec![Rule { pattern, endpoint: 0, role: Role::Send, ignore_case: true }]);
    let find = |path: &str| !router.find(&Method::POST, path, None, &HeaderMap::new()).is_empty();
    if find(path) {
        let encoded: String =
            path.bytes().map(|byte| if byte == b'/' { "/".to_owned() } else { format!("%{byte:02x}") }).collect();
        assert!(find(&encoded));
    }
});

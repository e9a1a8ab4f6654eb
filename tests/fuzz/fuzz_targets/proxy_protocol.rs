//! The first bytes of a connection: what was read whole reads the same with more behind it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sendwall::extract::proxy_protocol::{Parsed, parse};

fuzz_target!(|bytes: &[u8]| {
    let parsed = parse(bytes);
    if let Parsed::Header { len, .. } = parsed {
        assert!(len <= bytes.len());
        assert_eq!(parse(&bytes[..len]), parsed);
    }
});

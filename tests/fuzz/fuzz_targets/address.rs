//! Any forwarding headers: an untrusted peer stays what it is.
#![no_main]

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use sendwall::extract::{ForwardedHeader, TrustedProxies, client_address};

fuzz_target!(|input: (&[u8], &[u8])| {
    let mut headers = HeaderMap::new();
    for (name, value) in [("x-forwarded-for", input.0), ("forwarded", input.1)] {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    for header in [ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded] {
        let trusted = TrustedProxies { networks: "10.0.0.0/8".parse().into_iter().collect(), header };
        let _address = client_address(&trusted, [10, 0, 0, 1].into(), &headers);
        let stranger = [192, 0, 2, 1].into();
        assert_eq!(client_address(&trusted, stranger, &headers), stranger);
    }
});

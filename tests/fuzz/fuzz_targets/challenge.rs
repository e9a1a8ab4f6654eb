//! Any solution, pass and page token: nothing that was not issued counts, and nothing of it is stored.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use sendwall::challenge::{Bearer, Challenges, Parts, Settings};
use sendwall::clock::ManualClock;
use sendwall::domain::{PageCode, Timestamp};
use sendwall::telemetry::Metrics;

const NOW: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);

static CHALLENGES: LazyLock<Arc<Challenges>> = LazyLock::new(|| {
    let metrics = Metrics::new("fuzz", Arc::new(ManualClock::at(NOW)));
    Arc::new(Challenges::new(Parts::fixed(Arc::clone(metrics.challenges()))))
});

fuzz_target!(|input: (&str, &[u8])| {
    let (text, json) = input;
    let settings = Settings { older_altcha: true, ..Settings::default() };
    let bearer = Bearer { endpoint: "login", phone: None, client: None };
    for text in [text, &base64(json)] {
        assert!(CHALLENGES.solve_work(&settings, text, NOW).is_err());
        assert!(CHALLENGES.read_ticket(text, NOW).is_err());
        assert!(CHALLENGES.hold(text, &bearer, NOW).is_err());
        assert_eq!(CHALLENGES.check_page(&settings.page, Some(text), None, true, NOW), PageCode::Forged);
    }
    assert_eq!(CHALLENGES.usage().0, 0);
});

/// So that the fuzzer gets behind the outermost coat.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * index) & 63) as usize];
            text.push(if index <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

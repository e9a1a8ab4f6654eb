//! The limits of a configuration that names none.

use std::sync::Arc;

use super::limit::{KeyPart, Limit, On, WhenFull};
use crate::domain::{Mode, Span};

/// A phone once in 60 s and 5 times in 24 h, a cookie 20 times in 24 h; wrong tries by phone and by client 5 in 15
/// minutes with a growing wait, and by phone 20 in 24 h: a code of six digits is then guessed once in years (RFC 4226,
/// section 7.3). They carry out what they say as far as the endpoint's mode does.
pub fn defaults() -> Vec<Limit> {
    let send = |name, key, max, per| limit(name, On::Send, key, max, per);
    let tries = |name, key, max, per| limit(name, On::Verify, key, max, per);
    let wait = |limit| Limit { growing_wait: Some(Span::seconds(1)), ..limit };
    vec![
        send("phone-60s", KeyPart::Phone, 1, Span::seconds(60)),
        send("phone-24h", KeyPart::Phone, 5, Span::hours(24)),
        send("cookie-24h", KeyPart::Cookie, 20, Span::hours(24)),
        wait(tries("tries-phone-15m", KeyPart::Phone, 5, Span::minutes(15))),
        wait(tries("tries-client-15m", KeyPart::Cookie, 5, Span::minutes(15))),
        tries("tries-phone-24h", KeyPart::Phone, 20, Span::hours(24)),
    ]
}

fn limit(name: &str, on: On, key: KeyPart, max: u32, per: Span) -> Limit {
    Limit {
        name: Arc::from(name),
        on,
        endpoints: Vec::new(),
        when: None,
        key: vec![key],
        distinct: None,
        max,
        per,
        count_rejected: false,
        growing_wait: None,
        mode: Mode::Enforce,
        when_full: WhenFull::Pass,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_as_documented() {
        let told: Vec<_> = defaults()
            .iter()
            .map(|l| format!("{}: {} by {:?} in {}, wait {:?}", l.name, l.max, l.key, l.per, l.growing_wait))
            .collect();
        expect_test::expect![[r"
            phone-60s: 1 by [Phone] in 60s, wait None
            phone-24h: 5 by [Phone] in 24h, wait None
            cookie-24h: 20 by [Cookie] in 24h, wait None
            tries-phone-15m: 5 by [Phone] in 15m, wait Some(Span(1000))
            tries-client-15m: 5 by [Cookie] in 15m, wait Some(Span(1000))
            tries-phone-24h: 20 by [Phone] in 24h, wait None"]]
        .assert_eq(&told.join("\n"));
    }
}

//! The cookies that sendwall's own paths set: the pass, and the visit of a client that has none.

use http::{HeaderMap, Response};

use super::Asked;
use crate::domain::Span;
use crate::http::answer_body::AnswerBody;
use crate::http::page;
use crate::http::proxy::{Proxy, is_secure};
use crate::http::visit;

/// Puts a value of ours into a cookie. Pages of another site get it only over TLS: browsers keep no other from them.
pub(super) fn set(headers: &mut HeaderMap, (name, value): (&str, &str), lifetime: Span, asked: &Asked<'_>) {
    let secure = is_secure(asked.parts, asked.client, asked.revision);
    let attributes = if secure && page::comes_from_elsewhere(asked.parts) {
        "SameSite=None; Secure"
    } else {
        visit::same_site(secure)
    };
    visit::append(headers, (name, value), lifetime, attributes);
}

impl Proxy {
    /// Makes a client known that wasn't, so that what comes next is seen to come from it.
    pub(super) fn make_known(&self, response: &mut Response<AnswerBody>, asked: &Asked<'_>) {
        let (Some(settings), Some(visits)) = (&self.settings.visit, &self.visits) else { return };
        if !visit::has_visit(&asked.parts.headers, &settings.name, &**visits) {
            self.counters.visits_set.add();
            visit::set(
                response.headers_mut(),
                settings,
                &visits.mint(),
                is_secure(asked.parts, asked.client, asked.revision),
            );
        }
    }
}

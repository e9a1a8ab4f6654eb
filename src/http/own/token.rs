//! `GET /_sendwall/token`: a page's token for its script, and the visit cookie.

use http::Response;
use serde_json::json;

use super::{Asked, cookies};
use crate::http::answer_body::AnswerBody;
use crate::http::answers;
use crate::http::proxy::Proxy;

impl Proxy {
    /// To be sent as the header `sendwall-page`, or held in the cookie that is set.
    pub(super) fn token(&self, asked: &Asked<'_>) -> Response<AnswerBody> {
        let token = self.gate.challenges().page_token(self.gate.now());
        let lifetime = asked.revision.challenge.page.max_age;
        let mut response = answers::result(&json!({ "token": token, "expires_in": lifetime.as_seconds_up() }));
        cookies::set(response.headers_mut(), (crate::gate::PAGE_COOKIE, &token), lifetime, asked);
        self.make_known(&mut response, asked);
        response
    }
}

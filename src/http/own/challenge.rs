//! `GET /_sendwall/challenge`: an ALTCHA challenge that is bound to no phone yet, for the official widget, whose solution
//! comes in the protected request itself.

use http::{Response, StatusCode};

use super::Asked;
use crate::extract::Payload;
use crate::gate::Endpoint;
use crate::http::answer_body::AnswerBody;
use crate::http::answers;
use crate::http::proxy::{Proxy, view};

impl Proxy {
    /// The query names the endpoint, where there are several, and ALTCHA's version: `endpoint=login&v=1`.
    pub(super) fn challenge(&self, asked: &Asked<'_>) -> Response<AnswerBody> {
        let query = asked.parts.uri.query().unwrap_or_default();
        let parameter = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let Some(endpoint) = endpoint(&asked.revision.endpoints, parameter("endpoint")) else {
            let message = "name the endpoint in the query, such as ?endpoint=login";
            return answers::own(StatusCode::NOT_FOUND, "unknown_endpoint", message);
        };
        let (settings, now) = (&asked.revision.challenge, self.gate.now());
        let request = view(asked.parts, asked.client, Payload::Whole(b""));
        let asker = self.gate.asker(asked.revision, endpoint, &request, now);
        let challenges = self.gate.challenges();
        let issued = match parameter("v").unwrap_or("2") {
            "2" => challenges.issue_work(settings, &asker, now).map(|issued| answers::result(&issued.altcha)),
            "1" if settings.older_altcha => {
                challenges.issue_v1(settings, &asker, now).map(|challenge| answers::result(&challenge))
            }
            "1" => {
                let message = "ALTCHA v1 is off; the operator can allow it with challenge.older_altcha = true";
                return answers::own(StatusCode::NOT_FOUND, "unknown_version", message);
            }
            _ => return answers::own(StatusCode::NOT_FOUND, "unknown_version", "ALTCHA has versions 1 and 2"),
        };
        issued.unwrap_or_else(|refused| answers::too_many(refused, None))
    }
}

fn endpoint<'e>(endpoints: &'e [Endpoint], name: Option<&str>) -> Option<&'e Endpoint> {
    match (name, endpoints) {
        (Some(name), _) => endpoints.iter().find(|endpoint| &*endpoint.name == name),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

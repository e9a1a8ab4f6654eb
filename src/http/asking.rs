//! What a client gets that is refused, and above all one that has to solve something first.
//!
//! Must not know: how a challenge is made and checked.

use http::request::Parts;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::answer_body::AnswerBody;
use super::answers;
use super::body::Read;
use super::page;
use super::proxy::Proxy;
use crate::challenge::web::form::{Form, Posted};
use crate::challenge::web::page as html;
use crate::challenge::{Asker, Binding, TooMany};
use crate::domain::{ChallengeKind, Decision, Facts, Verdict};
use crate::gate::{Answers, Endpoint, Revision};

/// A request that doesn't go on.
#[derive(Clone, Copy)]
pub(super) struct Came<'a> {
    pub(super) parts: &'a Parts,
    pub(super) read: &'a Read,
}

impl Proxy {
    /// The answer to a request that doesn't go on. The operator's own stands in for sendwall's; clients that solve
    /// challenges find none in that.
    pub(super) fn refuse(
        &self,
        revision: &Revision,
        endpoint: Option<&Endpoint>,
        came: Came<'_>,
        (decision, facts): (&Decision, Option<&Facts>),
    ) -> Response<AnswerBody> {
        let default = Answers::default();
        let own = endpoint.map_or(&default, |endpoint| &endpoint.answers);
        let (Verdict::Challenge(kind), Some(facts), None) = (decision.verdict, facts, &own.challenge) else {
            return answers::refusal(own, decision);
        };
        match self.issue(revision, kind, decision, facts) {
            Ok(challenge) if page::is_wanted(&came.parts.headers) => self.show(kind, &challenge, came),
            Ok(challenge) => answers::challenge(decision, kind, challenge),
            Err(refused) => answers::too_many(refused, Some(decision)),
        }
    }

    /// Issues what the client has to solve.
    fn issue(
        &self,
        revision: &Revision,
        kind: ChallengeKind,
        decision: &Decision,
        facts: &Facts,
    ) -> Result<Value, TooMany> {
        let asker =
            Asker { binding: Binding::of(decision, facts), address: facts.client.address.id, score: decision.score };
        match kind {
            ChallengeKind::Pow => {
                let issued = self.gate.challenges().issue_work(&revision.challenge, &asker, self.gate.now());
                issued.map(|issued| json!(issued))
            }
            ChallengeKind::Captcha => Ok(json!({ "kind": kind })),
        }
    }

    /// The challenge as a page, which sends the form again.
    fn show(&self, kind: ChallengeKind, challenge: &Value, came: Came<'_>) -> Response<AnswerBody> {
        let nonce = format!("{:032x}", self.gate.challenges().nonce());
        let form = form(came);
        let text = challenge.to_string();
        let content = html::Content {
            language: page::language(&came.parts.headers),
            nonce: &nonce,
            challenge: &text,
            form: form.as_ref(),
            foreign: page::is_foreign(came.parts),
            picture: None,
        };
        let policy = html::policy(&nonce, kind == ChallengeKind::Captcha);
        let mut response = page::answer(StatusCode::PRECONDITION_REQUIRED, html::challenge(&content), &policy);
        answers::name_challenge(&mut response, kind);
        response
    }
}

/// The form that a request brings, where a page can send it again.
fn form(came: Came<'_>) -> Option<Form> {
    let Read::Whole(body, _trailers) = came.read else { return None };
    let Parts { method, uri, headers, .. } = came.parts;
    let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    Form::read(&Posted { method, path: uri.path(), query: uri.query(), content_type, body })
}

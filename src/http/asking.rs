//! What a client gets that is refused, and above all one that has to solve something first.
//!
//! Must not know: how a challenge is made and checked.

use http::header::RETRY_AFTER;
use http::request::Parts;
use http::{Response, StatusCode};
use serde_json::json;

use super::answer_body::AnswerBody;
use super::answers;
use super::body::Read;
use super::page;
use super::proxy::Proxy;
use crate::challenge;
use crate::challenge::captcha;
use crate::challenge::web::form::{Form, Posted};
use crate::challenge::web::page as html;
use crate::challenge::web::refusal::{Content, Way, refused};
use crate::challenge::{Asker, Binding, TooMany};
use crate::domain::{ChallengeKind, Decision, Facts, Reason, Verdict};
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
            let refusal = answers::refusal(own, decision);
            let is_own = answers::operators_own(own, decision).is_some();
            return if is_own { refusal } else { self.for_people(came.parts, refusal, decision, way_on(decision)) };
        };
        let asker =
            Asker { binding: Binding::of(decision, facts), address: facts.client.address.id, score: decision.score };
        let issue = Issue { revision, ways: endpoint.map_or(&[], |endpoint| &endpoint.captcha), asker };
        match self.issue(&issue, kind) {
            Ok(issued) if page::is_wanted(&came.parts.headers) => self.show(&issue, kind, &issued, came),
            Ok(Issued::Work(challenge)) => answers::challenge(decision, kind, json!(challenge)),
            Ok(Issued::Captcha(challenge)) => answers::challenge(decision, kind, json!(challenge)),
            Err(refused) => {
                let refusal = answers::too_many(refused, Some(decision));
                self.for_people(came.parts, refusal, decision, Way::Wait(refused.wait()))
            }
        }
    }

    /// A refusal as a page, where a browser shows it; with its status and its wait.
    fn for_people(
        &self,
        parts: &Parts,
        refusal: Response<AnswerBody>,
        decision: &Decision,
        way: Way,
    ) -> Response<AnswerBody> {
        if !page::is_wanted(&parts.headers) {
            return refusal;
        }
        let (nonce, code) = (format!("{:032x}", self.gate.challenges().nonce()), decision.id.to_string());
        let language = page::language(&parts.headers);
        let content = Content { language, nonce: &nonce, way, code: &code, back: page::came_from(parts) };
        let mut response = page::answer(refusal.status(), refused(&content), &html::policy(&nonce, false));
        if let Some(wait) = refusal.headers().get(RETRY_AFTER) {
            response.headers_mut().insert(RETRY_AFTER, wait.clone());
        }
        response
    }

    /// Issues what the client has to solve.
    fn issue(&self, issue: &Issue<'_>, kind: ChallengeKind) -> Result<Issued, TooMany> {
        let (challenges, settings, now) = (self.gate.challenges(), &issue.revision.challenge, self.gate.now());
        match kind {
            ChallengeKind::Pow => challenges.issue_work(settings, &issue.asker, now).map(Issued::Work),
            ChallengeKind::Captcha => {
                challenges.issue_captcha(settings, &issue.asker, issue.ways, now).map(Issued::Captcha)
            }
        }
    }

    /// The challenge as a page, which sends the form again.
    fn show(&self, issue: &Issue<'_>, kind: ChallengeKind, issued: &Issued, came: Came<'_>) -> Response<AnswerBody> {
        let challenges = self.gate.challenges();
        let nonce = format!("{:032x}", challenges.nonce());
        let form = form(came);
        let sealed = form.as_ref().and_then(|form| challenges.seal_form(form));
        let by_hand = self.by_hand_instead(issue, issued);
        let (text, captcha) = match issued {
            Issued::Work(work) => (json!(work).to_string(), by_hand.as_ref()),
            Issued::Captcha(captcha) => (json!(captcha).to_string(), Some(captcha)),
        };
        let content = html::Content {
            language: page::language(&came.parts.headers),
            nonce: &nonce,
            challenge: &text,
            form: form.as_ref(),
            foreign: page::is_foreign(came.parts),
            picture: captcha.and_then(|captcha| page::picture(captcha, sealed.as_deref())),
        };
        let policy = html::policy(&nonce, kind == ChallengeKind::Captcha);
        let mut response = page::answer(StatusCode::PRECONDITION_REQUIRED, html::challenge(&content), &policy);
        answers::name_challenge(&mut response, kind);
        response
    }

    /// A picture for browsers that can't work, where the endpoint has pictures and there is room for one more.
    fn by_hand_instead(&self, issue: &Issue<'_>, issued: &Issued) -> Option<captcha::Issued> {
        let has_pictures = issue.ways.iter().any(|way| matches!(way, captcha::Way::Image));
        if !has_pictures || matches!(issued, Issued::Captcha(_)) {
            return None;
        }
        let (challenges, settings) = (self.gate.challenges(), &issue.revision.challenge);
        challenges.issue_captcha(settings, &issue.asker, &[captcha::Way::Image], self.gate.now()).ok()
    }
}

/// For whom something is issued, and what it may be.
struct Issue<'a> {
    revision: &'a Revision,
    ways: &'a [captcha::Way],
    asker: Asker,
}

/// What was issued.
enum Issued {
    Work(challenge::Issued),
    Captcha(captcha::Issued),
}

/// What a person can do who is refused.
fn way_on(decision: &Decision) -> Way {
    match (decision.verdict, decision.reasons.first()) {
        (Verdict::Cooldown { until }, _) => Way::Wait(until.since(decision.at)),
        (Verdict::Block, Some(Reason::PageToken(_))) => Way::Reload,
        // A body that can't be read at all is no fault of the number.
        (Verdict::Reject, _) if answers::fault(decision).is_some_and(|fault| fault.code.status() == 400) => Way::Ask,
        (Verdict::Reject, _) | (Verdict::Block, Some(Reason::ImpossibleNumber)) => Way::Number,
        (Verdict::Block | Verdict::Challenge(_) | Verdict::Forward | Verdict::Repeat, _) => Way::Ask,
    }
}

/// The form that a request brings, where a page can send it again.
fn form(came: Came<'_>) -> Option<Form> {
    let Read::Whole(body, _trailers) = came.read else { return None };
    let Parts { method, uri, headers, .. } = came.parts;
    let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    Form::read(&Posted { method, path: uri.path(), query: uri.query(), content_type, body })
}

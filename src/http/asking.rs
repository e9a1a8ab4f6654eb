//! What a client gets that is refused, and above all one that has to solve something first.
//!
//! Must not know: how a challenge is made and checked.

use http::Response;
use serde_json::json;

use super::answer_body::AnswerBody;
use super::answers;
use super::proxy::Proxy;
use crate::challenge::{Asker, Binding};
use crate::domain::{ChallengeKind, Decision, Facts, Verdict};
use crate::gate::{Answers, Endpoint, Revision};

impl Proxy {
    /// The answer to a request that doesn't go on. The operator's own stands in for sendwall's; clients that solve
    /// challenges find none in that.
    pub(super) fn refuse(
        &self,
        revision: &Revision,
        endpoint: Option<&Endpoint>,
        decision: &Decision,
        facts: Option<&Facts>,
    ) -> Response<AnswerBody> {
        let default = Answers::default();
        let own = endpoint.map_or(&default, |endpoint| &endpoint.answers);
        match (decision.verdict, facts) {
            (Verdict::Challenge(kind), Some(facts)) if own.challenge.is_none() => {
                self.ask((revision, endpoint), kind, decision, facts)
            }
            _ => answers::refusal(own, decision),
        }
    }

    /// Issues what the client has to solve.
    fn ask(
        &self,
        (revision, endpoint): (&Revision, Option<&Endpoint>),
        kind: ChallengeKind,
        decision: &Decision,
        facts: &Facts,
    ) -> Response<AnswerBody> {
        let asker =
            Asker { binding: Binding::of(decision, facts), address: facts.client.address.id, score: decision.score };
        match kind {
            ChallengeKind::Pow => {
                match self.gate.challenges().issue_work(&revision.challenge, &asker, self.gate.now()) {
                    Ok(issued) => answers::challenge(decision, json!(issued)),
                    Err(refused) => answers::too_many(refused, Some(decision)),
                }
            }
            ChallengeKind::Captcha => {
                let ways = endpoint.map_or(&[][..], |endpoint| &endpoint.captcha);
                match self.gate.challenges().issue_captcha(&revision.challenge, &asker, ways, self.gate.now()) {
                    Ok(issued) => answers::challenge(decision, json!(issued)),
                    Err(refused) => answers::too_many(refused, Some(decision)),
                }
            }
        }
    }
}

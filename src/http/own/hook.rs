//! `POST /_sendwall/hook/NAME`: the provider of a number tells of an SMS that a user sent there.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::Asked;
use crate::challenge::captcha::{Call, Format, NotTaken, Received};
use crate::http::answer_body::AnswerBody;
use crate::http::answers;
use crate::http::proxy::Proxy;

/// Where hooks are.
pub(super) const PATH: &str = "/hook/";

impl Proxy {
    /// Whatever the SMS says, a signed call is answered alike: its caller learns nothing, and doesn't call again.
    pub(super) fn hook(&self, asked: &Asked<'_>, path: &str, body: &[u8]) -> Response<AnswerBody> {
        let name = path.strip_prefix(PATH).unwrap_or_default();
        let Some(inbound) = asked.revision.captcha.inbound.iter().find(|inbound| *inbound.name == *name) else {
            return answers::unknown_path();
        };
        let (challenges, now) = (self.gate.challenges(), self.gate.now());
        let tell = |result| challenges.hook_called(inbound, result);
        match inbound.read(&Call { headers: &asked.parts.headers, body }, now) {
            Ok(Received { from, text }) => {
                let phone = asked.revision.phone_of(&from, self.gate.names());
                let met = phone.is_some_and(|phone| challenges.received(phone, &text, now));
                tell(if met { "met" } else { "unmatched" });
                taken(inbound.format)
            }
            Err(refused) => {
                tell(refused.name());
                let status = match refused {
                    NotTaken::Signature | NotTaken::Stale => StatusCode::FORBIDDEN,
                    // Receipts and calls about other things come here too, and would come again.
                    NotTaken::NoMessage => return taken(inbound.format),
                };
                answers::own(status, refused.name(), &refused.to_string())
            }
        }
    }
}

/// Twilio sends the user what it is answered, unless that is an empty document of its own kind.
fn taken(format: Format) -> Response<AnswerBody> {
    match format {
        Format::Twilio => answers::file("text/xml", Bytes::from_static(b"<Response/>")),
        Format::Vonage | Format::Generic => answers::file("text/plain", Bytes::new()),
    }
}

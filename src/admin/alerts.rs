//! Testing the alert channels.

use http::StatusCode;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::answer::{Answer, bad_request, error, json};
use crate::alerts::deliver::{Courier, Reply, Verdict};

/// Sends a test alert to `?channel=NAME`.
pub(super) const TEST: &str = "/api/alerts/test";

/// 200 whatever came of it: the answer says.
pub(super) async fn test(courier: &Courier, query: Option<&str>) -> Answer {
    let Some(name) = query.and_then(|query| query.strip_prefix("channel=")) else {
        return bad_request("bad_query", "name the channel, as in ?channel=on-call");
    };
    let name = percent_decode_str(name).decode_utf8_lossy();
    match courier.test(&name).await {
        Some(Reply { verdict, said }) => {
            json(StatusCode::OK, &json!({"channel": name, "delivered": verdict == Verdict::Delivered, "answer": said}))
        }
        None => {
            error(StatusCode::NOT_FOUND, "not_found", "the configuration in force has no alert channel of this name")
        }
    }
}

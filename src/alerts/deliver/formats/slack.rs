//! Slack, incoming webhook. A message there can't be changed later, so the end of an incident is a message of its own.

use serde_json::{Value, json};

use crate::alerts::deliver::template::Words;
use crate::alerts::deliver::text::clip;
use crate::alerts::deliver::verdict::{Verdict, by_status, told};
use crate::domain::Timestamp;
use crate::net::Answer;

/// Its limits, in characters.
const HEADER_CHARS: usize = 150;
const SECTION_CHARS: usize = 3000;

/// What it says when the webhook, its channel or its workspace is no more.
const GONE: [&str; 6] =
    ["no_service", "no_team", "team_disabled", "channel_is_archived", "channel_not_found", "invalid_token"];

pub(super) fn message(words: &Words) -> Value {
    let mut blocks = vec![json!({
        "type": "header",
        "text": {"type": "plain_text", "text": clip(&words.title, HEADER_CHARS)},
    })];
    if !words.body.is_empty() {
        let text = clip(&words.body, SECTION_CHARS);
        blocks.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": text}}));
    }
    json!({"text": clip(&words.title, SECTION_CHARS), "blocks": blocks})
}

pub(super) fn verdict(answer: &Answer, now: Timestamp) -> Verdict {
    let said = String::from_utf8_lossy(&answer.body);
    if answer.status.is_client_error() && GONE.contains(&said.trim()) {
        return Verdict::Gone { why: told(answer) };
    }
    by_status(answer, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::deliver::sample;

    #[test]
    fn texts_are_within_slacks_limits() {
        let words = Words { title: "t".repeat(500), body: "b".repeat(5000) };
        let message = message(&words);
        assert_eq!(message["blocks"][0]["text"]["text"].as_str().unwrap().chars().count(), HEADER_CHARS);
        assert_eq!(message["blocks"][1]["text"]["text"].as_str().unwrap().chars().count(), SECTION_CHARS);
        let bare = super::message(&Words { title: "t".to_owned(), body: String::new() });
        assert_eq!(bare["blocks"].as_array().unwrap().len(), 1, "an empty section is an error to Slack");
    }

    #[test]
    fn its_answers_are_understood() {
        for (status, body, verdict) in [
            (200, "ok", "delivered"),
            (400, "invalid_payload", "never"),
            (400, "no_text", "never"),
            (403, "action_prohibited", "later"),
            (403, "invalid_token", "gone"),
            (404, "no_service", "gone"),
            (404, "channel_not_found", "gone"),
            (410, "channel_is_archived", "gone"),
            (429, "", "later"),
            (500, "rollup_error", "later"),
        ] {
            let found = sample::short(&super::verdict(&sample::answer(status, body), sample::STARTED));
            assert_eq!(found, verdict, "{status} {body}");
        }
    }
}

//! Telegram, Bot API `sendMessage`.

use serde_json::{Value, json};

use crate::alerts::deliver::channel::Url;
use crate::alerts::deliver::template::Words;
use crate::alerts::deliver::text::clip;
use crate::alerts::deliver::verdict::{Verdict, body, busy, by_status, failing, seconds, told};
use crate::domain::Timestamp;
use crate::net::Answer;
use crate::privacy::Secret;

/// Its limit is 4096 characters in all.
const TITLE_CHARS: usize = 500;
const BODY_CHARS: usize = 3500;

/// What it says when the chat is no more, or is one that the bot may not write to.
const GONE: [&str; 4] = ["chat not found", "group chat was upgraded", "bot was", "bot is not a member"];

/// The token is a part of the path.
pub(super) fn address(url: &Url, token: &Secret) -> String {
    format!("{}/bot{}/sendMessage", url.expose(), token.expose())
}

pub(super) fn message(words: &Words, chat: &str) -> Value {
    let (title, body) = (whole(&words.title, TITLE_CHARS), whole(&words.body, BODY_CHARS));
    json!({
        "chat_id": chat,
        "text": format!("<b>{title}</b>\n{body}"),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": true},
    })
}

/// Cut, but not within an entity, which would be an error there.
fn whole(text: &str, most: usize) -> String {
    let mut cut = clip(text, most).into_owned();
    if cut.len() < text.len()
        && let Some(last) = cut.rfind('&')
        && !cut.chars().skip(cut.get(..last).map_or(0, |before| before.chars().count())).any(|c| c == ';')
    {
        cut.truncate(last);
    }
    cut
}

pub(super) fn verdict(answer: &Answer, now: Timestamp) -> Verdict {
    let why = told(answer);
    let Some(body) = body(answer).filter(|body| body.ok.is_some()) else {
        return if answer.status.is_success() { failing(None, why) } else { by_status(answer, now) };
    };
    let is_gone = GONE.iter().any(|gone| body.description.contains(gone));
    match answer.status.as_u16() {
        200 if body.ok == Some(true) => Verdict::Delivered,
        429 => busy(body.parameters.and_then(|parameters| parameters.retry_after).map(seconds), why),
        // 401 and 404: there is no bot with this token.
        401 | 404 => Verdict::Gone { why },
        400 | 403 if is_gone => Verdict::Gone { why },
        _ => by_status(answer, now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::deliver::sample;
    use crate::domain::Span;

    #[test]
    fn nothing_is_cut_within_an_entity() {
        assert_eq!(whole("abc &amp; d", 7), "abc ");
        assert_eq!(whole("a &amp; bcdef", 10), "a &amp; b…");
        assert_eq!(whole("a &amp; b", 20), "a &amp; b");
        let words = Words { title: "&amp;".repeat(500), body: "&lt;".repeat(4000) };
        assert!(message(&words, "1")["text"].as_str().unwrap().chars().count() <= 4096);
    }

    #[test]
    fn its_answers_are_understood() {
        let gone = |description: &str| format!(r#"{{"ok":false,"error_code":400,"description":"{description}"}}"#);
        for (status, body, verdict) in [
            (200, r#"{"ok":true,"result":{"message_id":1}}"#.to_owned(), "delivered"),
            (401, r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#.to_owned(), "gone"),
            (404, r#"{"ok":false,"error_code":404,"description":"Not Found"}"#.to_owned(), "gone"),
            (400, gone("Bad Request: chat not found"), "gone"),
            (400, gone("Bad Request: group chat was upgraded to a supergroup chat"), "gone"),
            (403, gone("Forbidden: bot was kicked from the group chat"), "gone"),
            (400, gone("Bad Request: can't parse entities"), "never"),
            (502, "Bad Gateway".to_owned(), "later"),
        ] {
            let found = sample::short(&super::verdict(&sample::answer(status, &body), sample::STARTED));
            assert_eq!(found, verdict, "{status} {body}");
        }
        let busy = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}"#;
        let busy = verdict(&sample::answer(429, busy), sample::STARTED);
        assert!(matches!(busy, Verdict::Later(later) if later.pause == Some(Span::seconds(7))));
    }
}

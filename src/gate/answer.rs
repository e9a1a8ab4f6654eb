//! What the upstream answered, and what a condition makes of an answer whose body can't be read.
//!
//! Whoever asks can often have it so (HEAD, another `Accept`, a large answer), so nothing may follow from that alone:
//! what a condition reads there is unknown, and the condition is decided only where that makes no difference.

use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::extract::Document;
use crate::rules::Expression;

/// What the upstream answered, as far as it was read.
#[derive(Debug, Clone, Copy)]
pub struct UpstreamAnswer<'a> {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// The body where it was wanted (see [`super::SendPermit::wants_body`]), or why it isn't there; else empty.
    pub body: Result<&'a [u8], Unread>,
}

/// Why an answer's body can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It is longer than the bound.
    TooLarge,
    /// It broke off, or paused for too long.
    Cut,
    /// There is none, as to HEAD.
    Empty,
    /// It is compressed, though the upstream was asked for it as it is.
    Encoded,
    /// It isn't JSON.
    NotJson,
}

impl Unread {
    /// The name in metrics and the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Cut => "cut",
            Self::Empty => "empty",
            Self::Encoded => "content_encoding",
            Self::NotJson => "not_json",
        }
    }
}

impl UpstreamAnswer<'_> {
    pub(super) fn document(&self) -> Document<'_> {
        Document::of_answer(self.status, self.headers, self.body.ok())
    }

    /// Whether the condition holds; an error where that hangs on what can't be read. `document` is [`Self::document`].
    pub(super) fn holds(&self, condition: &Expression, document: &Document<'_>) -> Result<bool, Unread> {
        if document.has_json() {
            return Ok(condition.holds(document));
        }
        condition.holds_whatever(document, &|name, _| name == "json").ok_or_else(|| self.unread())
    }

    fn unread(&self) -> Unread {
        match self.body {
            Ok(body) if body.trim_ascii().is_empty() => Unread::Empty,
            _ if self.headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") => Unread::Encoded,
            Ok(_) => Unread::NotJson,
            Err(why) => why,
        }
    }
}

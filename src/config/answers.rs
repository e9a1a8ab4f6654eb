//! `[endpoint.answer.*]`: the operator's own answers in place of sendwall's.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::reader::Section;
use super::values;
use crate::gate::{Answer, Answers};

pub(super) fn read(section: &mut Section<'_>) -> Answers {
    Answers {
        block: section.table("block", |section| answer(section, StatusCode::FORBIDDEN)),
        challenge: section.table("challenge", |section| answer(section, StatusCode::PRECONDITION_REQUIRED)),
        cooldown: section.table("cooldown", |section| answer(section, StatusCode::TOO_MANY_REQUESTS)),
        reject: section.table("reject", |section| answer(section, StatusCode::BAD_REQUEST)),
    }
}

fn answer(section: &mut Section<'_>, default: StatusCode) -> Option<Answer> {
    let status =
        section.integer("status", 200..=599).and_then(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok());
    let content_type = section.parsed("content_type", values::content_type);
    let body = section.text("body").unwrap_or_default();
    let added = section.pairs("headers", values::answer_header);
    let mut headers: HeaderMap = added.into_iter().collect();
    headers.insert(header::CONTENT_TYPE, content_type.unwrap_or(HeaderValue::from_static("application/json")));
    let answer = Answer { status: status.unwrap_or(default), headers, body: Bytes::copy_from_slice(body.as_bytes()) };
    section.is_present().then_some(answer)
}

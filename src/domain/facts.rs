//! What an attempt says, read and normalised, before any state is asked.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::{Client, Phone, Place, Span, Timestamp, Visit};

/// What one attempt says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// When it came.
    pub at: Timestamp,
    /// Name of the endpoint in the configuration.
    pub endpoint: Arc<str>,
    /// The phone, or why there is none.
    pub phone: PhoneFact,
    /// Who asks.
    pub client: Client,
    /// Where the address is.
    pub place: Place,
}

impl Facts {
    /// The phone, where there is one.
    pub fn phone(&self) -> Option<&Phone> {
        match &self.phone {
            PhoneFact::Present(phone) => Some(phone),
            PhoneFact::Absent | PhoneFact::Unreadable(_) => None,
        }
    }

    /// How long ago the client loaded its first page, as its visit cookie says.
    pub fn visit_age(&self) -> Option<Span> {
        match self.client.visit {
            Visit::Since(since) => Some(self.at.since(since)),
            Visit::None | Visit::Forged => None,
        }
    }
}

/// Whether an attempt names a phone. That there is none and that it is unclear which are different answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneFact {
    /// One phone.
    Present(Phone),
    /// No number at all: a code by mail, or the number is on file.
    Absent,
    /// What the app will read can't be known.
    Unreadable(Unreadable),
}

/// Why a request can't be read as the app will read it. It never holds a value from the request, only where it stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// Stable, machine-readable.
    pub code: UnreadableCode,
    /// The field at fault, such as `body`, `json:/user/phone`, `query:mobile`, `header:content-type`.
    pub field: String,
}

/// What was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnreadableCode {
    /// The body is over the endpoint's limit.
    BodyTooLarge,
    /// The body ended before its announced length.
    BodyIncomplete,
    /// A content type that sendwall can't read, or none where there is a body.
    ContentType,
    /// A compressed body.
    ContentEncoding,
    /// Not the JSON, form or multipart that the content type says.
    Malformed,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// The same key twice with different values, or the number both in query and body with different values.
    DuplicateKey,
    /// Two different phone numbers, or one in several items of a list.
    SeveralPhones,
    /// A field that should hold a number holds something that is none.
    NotAPhone,
    /// A number in national form, and no country to read it in.
    NoCountry,
    /// The operator said where the number is, and it isn't there in a readable form.
    WrongType,
}

impl UnreadableCode {
    /// Every code, for documentation and tests.
    pub const ALL: [Self; 11] = [
        Self::BodyTooLarge,
        Self::BodyIncomplete,
        Self::ContentType,
        Self::ContentEncoding,
        Self::Malformed,
        Self::NotUtf8,
        Self::DuplicateKey,
        Self::SeveralPhones,
        Self::NotAPhone,
        Self::NoCountry,
        Self::WrongType,
    ];

    /// The code as it stands in answers and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BodyTooLarge => "body_too_large",
            Self::BodyIncomplete => "body_incomplete",
            Self::ContentType => "content_type",
            Self::ContentEncoding => "content_encoding",
            Self::Malformed => "malformed",
            Self::NotUtf8 => "not_utf8",
            Self::DuplicateKey => "duplicate_key",
            Self::SeveralPhones => "several_phones",
            Self::NotAPhone => "not_a_phone",
            Self::NoCountry => "no_country",
            Self::WrongType => "wrong_type",
        }
    }

    /// One sentence for the client's developer.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::BodyTooLarge => "the body is larger than this endpoint accepts",
            Self::BodyIncomplete => "the body ended early",
            Self::ContentType => "the content type is missing or not one of JSON, form and multipart",
            Self::ContentEncoding => "a compressed body is not accepted here",
            Self::Malformed => "the body is not what its content type says",
            Self::NotUtf8 => "the text is not UTF-8",
            Self::DuplicateKey => "a key appears twice with different values",
            Self::SeveralPhones => "there are several different phone numbers",
            Self::NotAPhone => "this is not a phone number",
            Self::NoCountry => "the number has no country code",
            Self::WrongType => "this field does not hold a phone number as text or digits",
        }
    }

    /// 400 where the message itself can't be read, 422 where its content is at fault.
    pub const fn status(self) -> u16 {
        match self {
            Self::BodyTooLarge
            | Self::BodyIncomplete
            | Self::ContentType
            | Self::ContentEncoding
            | Self::Malformed
            | Self::NotUtf8 => 400,
            Self::DuplicateKey | Self::SeveralPhones | Self::NotAPhone | Self::NoCountry | Self::WrongType => 422,
        }
    }
}

impl Unreadable {
    /// What would make it readable, or let it through.
    pub(super) const fn turned_by(&self) -> &'static str {
        match self.code {
            UnreadableCode::NoCountry => "a number that begins with +, or the endpoint's default_region",
            _ => "a request that can be read in one way only, or on_unreadable = \"forward\"",
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.code.sentence())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_agree_with_serde() {
        for code in UnreadableCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
    }
}

//! The names for conditions over one request or answer: `when`, `sent_if`, `verified_if`.

use super::vocabulary::{Argument, Entry, EntryKind, Type, Values, Vocabulary};

/// What a request for a code, a try of one, or the app's answer to them says. In `when`, `status` is missing; in
/// `sent_if` and `verified_if`, `json` and `header` read the answer, `form` and `query` the request.
pub static EXCHANGE: Vocabulary = Vocabulary {
    about: "a request and its answer",
    entries: &[
        Entry {
            name: "status",
            kind: EntryKind::Variable,
            ty: Type::Int,
            private: false,
            values: Values::Within(100, 599),
            doc: "Status of the app's answer, such as 200; missing before there is one.",
        },
        function("json", Argument::Pointer, Type::Any, "The value at a JSON pointer in the body: json(\"/ok\")."),
        function("form", Argument::Name, Type::Text, "A field of a form, url-encoded or multipart: form(\"type\")."),
        function("query", Argument::Name, Type::Text, "A query parameter, decoded: query(\"channel\")."),
        function("header", Argument::Name, Type::Text, "A header, its name in any case: header(\"x-app\")."),
    ],
};

const fn function(name: &'static str, argument: Argument, ty: Type, doc: &'static str) -> Entry {
    Entry { name, kind: EntryKind::Function(argument), ty, private: true, values: Values::Any, doc }
}

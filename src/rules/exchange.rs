//! The names for conditions over one request or answer: `when`, `verify_when`, `sent_if`, `verified_if`.

use super::vocabulary::{Argument, Entry, EntryKind, Type, Values, Vocabulary};

/// What a request for a code, or a try of one, says before the app has answered: for `when` and `verify_when`.
pub static REQUEST: Vocabulary =
    Vocabulary { about: "a request that is not answered yet", entries: &[JSON, FORM, QUERY, HEADER] };

/// The same with what the app answered, for `sent_if` and `verified_if`: there `json` and `header` read the answer, `form`
/// and `query` the request.
pub static EXCHANGE: Vocabulary =
    Vocabulary { about: "a request and its answer", entries: &[STATUS, JSON, FORM, QUERY, HEADER] };

const STATUS: Entry = Entry {
    name: "status",
    kind: EntryKind::Variable,
    ty: Type::Int,
    private: false,
    values: Values::Within(100, 599),
    doc: "Status of the app's answer, such as 200.",
};
const JSON: Entry =
    function("json", Argument::Pointer, Type::Any, "The value at a JSON pointer in the body: json(\"/ok\").");
const FORM: Entry =
    function("form", Argument::Name, Type::Text, "A field of a form, url-encoded or multipart: form(\"type\").");
const QUERY: Entry = function("query", Argument::Name, Type::Text, "A query parameter, decoded: query(\"channel\").");
const HEADER: Entry =
    function("header", Argument::Name, Type::Text, "A header, its name in any case: header(\"x-app\").");

const fn function(name: &'static str, argument: Argument, ty: Type, doc: &'static str) -> Entry {
    Entry { name, kind: EntryKind::Function(argument), ty, private: true, values: Values::Any, doc }
}

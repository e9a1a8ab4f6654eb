//! What identifies a client over several requests: the visit cookie, a cookie of the app, a device header.

use http::HeaderMap;
use http::header::COOKIE;

use super::Settings;
use super::visit::VisitId;
use crate::domain::{ClientId, ClientSource};
use crate::privacy::Pseudonyms;

/// Longest value that counts as an id, in bytes; longer ones are cut, as two ids differ early.
const MAX_VALUE: usize = 512;

/// The first of the endpoint's sources that the request carries and that isn't empty.
pub fn client_id(
    settings: &Settings,
    headers: &HeaderMap,
    visit: Option<&VisitId>,
    names: &Pseudonyms,
) -> Option<ClientId> {
    settings.client.iter().find_map(|source| {
        let value = match source {
            ClientSource::Visit => visit.map(VisitId::as_bytes),
            ClientSource::Cookie(name) => cookie(headers, name),
            ClientSource::Header(name) => headers.get(&**name).map(|value| value.as_bytes().trim_ascii()),
        };
        let value = value.filter(|value| !value.is_empty())?;
        let value = value.get(..MAX_VALUE).unwrap_or(value);
        Some(ClientId { id: names.client(value), source: source.clone() })
    })
}

/// The value of a cookie, without surrounding quotes; of several of that name the first, as servers do.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    headers.get_all(COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';')).find_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (key, value) = pair.split_at(equals);
        let value = value.get(1..)?.trim_ascii();
        let bare = value.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\"")).unwrap_or(value);
        (key.trim_ascii() == name.as_bytes()).then_some(bare)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn cookies_read_as_servers_read_them() {
        let headers =
            headers(&[("cookie", "a=1; sid=first;sid=second; q=\"x y\"; empty=;flag"), ("cookie", "late=z=w")]);
        for (name, expected) in [
            ("a", Some("1")),
            ("sid", Some("first")),
            ("q", Some("x y")),
            ("empty", Some("")),
            ("flag", None),
            ("late", Some("z=w")),
            ("A", None),
        ] {
            assert_eq!(cookie(&headers, name), expected.map(str::as_bytes), "{name}");
        }
    }

    #[test]
    fn the_first_source_that_is_there_counts() {
        let names = Pseudonyms::new(&[3; 32]);
        let settings = Settings {
            client: vec![
                ClientSource::Visit,
                ClientSource::Cookie("sid".into()),
                ClientSource::Header("x-device-id".into()),
            ],
            ..Settings::default()
        };
        let read = |lines: &[_]| client_id(&settings, &headers(lines), None, &names).map(|id| id.source.to_string());
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[("x-device-id", "d1")]).as_deref(), Some("header:x-device-id"));
        assert_eq!(read(&[("x-device-id", "d1"), ("cookie", "sid=")]).as_deref(), Some("header:x-device-id"));
        assert_eq!(read(&[("x-device-id", "d1"), ("cookie", "sid=s")]).as_deref(), Some("cookie:sid"));
    }
}

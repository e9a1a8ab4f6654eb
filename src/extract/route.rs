//! Which requests belong to a protected endpoint, whatever way their path is spelt.
//!
//! Apps, frameworks and proxies disagree on percent-encoding, dots, slashes, path parameters and suffixes. A path
//! that is plain is compared as it stands; any other is compared in every form that some stack would see
//! (`spelling`), and one form that matches is enough. So is a plain path that differs only by a final slash or a
//! suffix (`/send-code/`, `/send-code.json`), which many routers send to the same place, and one that a front controller
//! finds in the query (`/?s=/send-code`).
//!
//! Must not know: what the endpoints are for.

use std::str::FromStr;

use http::{HeaderMap, Method};

use super::spelling::{self, Forms};

/// Headers that frameworks take the method from, also spelt with `_`, which some servers take for `-`.
const OVERRIDES: [&str; 6] = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x_http_method_override",
    "x_http_method",
    "x_method_override",
];

/// Parameters of the query that front controllers take the path from: `ThinkPHP`, Yii, `WordPress`, Drupal, Phalcon.
const ROUTED_BY: [&str; 6] = ["s", "r", "q", "route", "rest_route", "_url"];

/// What a matching request is at its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A request for a code.
    Send,
    /// A try of a code.
    Verify,
}

/// A method and a path: literal segments, `*` for one segment, `**` at the end for the rest (also for nothing).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    method: Box<str>,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(Box<[u8]>),
    One,
    Rest,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Not a method, a space and a path.
    #[error("{0:?} is not a method and a path; write for example \"POST /api/send-code\"")]
    Form(String),
    /// The method has characters that no method has.
    #[error("{0:?} is not an HTTP method; write for example POST, or * for any")]
    Method(String),
    /// The path doesn't start with a slash.
    #[error("the path {0:?} must begin with a slash")]
    Relative(String),
    /// The path holds a query, a fragment, an empty segment, dots or a broken escape.
    #[error("the path {0:?} must be plain: no query, no empty or dot segments, no broken % escapes")]
    NotPlain(String),
    /// `**` before the end, or `*` as part of a segment.
    #[error("in the path {0:?}, * stands for one whole segment and ** for the rest, at the end only")]
    Wildcard(String),
}

impl Pattern {
    /// Reads `POST /api/*/send/**`. The method `*` stands for any.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let (method, path) =
            text.trim().split_once(char::is_whitespace).ok_or_else(|| PatternError::Form(text.to_owned()))?;
        if method != "*" && !method.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-') {
            return Err(PatternError::Method(method.to_owned()));
        }
        let path = path.trim();
        let inner = path.strip_prefix('/').ok_or_else(|| PatternError::Relative(path.to_owned()))?;
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        let mut segments = Vec::new();
        if !inner.is_empty() {
            for part in inner.split('/') {
                if segments.last() == Some(&Segment::Rest) {
                    return Err(PatternError::Wildcard(path.to_owned()));
                }
                segments.push(Segment::parse(part, path)?);
            }
        }
        Ok(Self { method: method.to_ascii_uppercase().into(), segments })
    }

    fn matches_path(&self, path: &[u8], ignore_case: bool) -> bool {
        let path = path.strip_prefix(b"/").unwrap_or(path);
        let path = path.strip_suffix(b"/").unwrap_or(path);
        let mut parts = path.split(|byte| *byte == b'/').peekable();
        if path.is_empty() {
            parts.next();
        }
        let same = |part: &[u8], literal: &[u8]| {
            if ignore_case { part.eq_ignore_ascii_case(literal) } else { part == literal }
        };
        for segment in &self.segments {
            match (segment, parts.next()) {
                (Segment::Rest, _) => return true,
                (Segment::One, Some(part)) if !part.is_empty() => {}
                (Segment::Literal(literal), Some(part)) => {
                    let last = parts.peek().is_none();
                    // Rails and Spring route `/send.json` to `/send`, Rails with any suffix.
                    let stem = part.get(..literal.len()).filter(|_| last && part.get(literal.len()) == Some(&b'.'));
                    if !(same(part, literal) || stem.is_some_and(|stem| same(stem, literal))) {
                        return false;
                    }
                }
                (Segment::One | Segment::Literal(_), _) => return false,
            }
        }
        parts.next().is_none()
    }

    /// The method as it is, HEAD for GET, and the method that a framework may take instead: from an override header,
    /// the query, or (unseen here) a field `_method` of a posted form.
    fn matches_method(&self, method: &Method, query: Option<&str>, headers: &HeaderMap) -> bool {
        let same = |name: &str| name.trim().eq_ignore_ascii_case(&self.method);
        let given = method.as_str();
        if &*self.method == "*" || same(given) || (given == "HEAD" && same("GET")) {
            return true;
        }
        OVERRIDES.iter().any(|name| headers.get_all(*name).iter().any(|value| value.to_str().is_ok_and(same)))
            || query.is_some_and(|query| names_method(query, &same))
            || (method == Method::POST && matches!(&*self.method, "PUT" | "PATCH" | "DELETE") && posts_form(headers))
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        Self::parse(text)
    }
}

impl Segment {
    fn parse(part: &str, path: &str) -> Result<Self, PatternError> {
        match part {
            "*" => Ok(Self::One),
            "**" => Ok(Self::Rest),
            _ if part.contains('*') => Err(PatternError::Wildcard(path.to_owned())),
            "" | "." | ".." => Err(PatternError::NotPlain(path.to_owned())),
            _ => {
                let literal = spelling::decode_once(part.as_bytes()).unwrap_or_else(|| part.as_bytes().to_vec());
                let strange = |byte: &u8| matches!(byte, b'?' | b'#' | b'/' | b'\\' | b'%' | b';' | 0..=0x20 | 0x7f);
                if literal.iter().any(strange) {
                    return Err(PatternError::NotPlain(path.to_owned()));
                }
                Ok(Self::Literal(literal.into()))
            }
        }
    }
}

/// One pattern and what it leads to.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Which requests.
    pub pattern: Pattern,
    /// The endpoint's index in the configuration.
    pub endpoint: usize,
    /// What such a request is there.
    pub role: Role,
    /// Whether the app ignores case in paths.
    pub ignore_case: bool,
}

impl Rule {
    /// Whether it takes every request that `other` is there for, so that behind it `other` never gets one.
    pub fn covers(&self, other: &Self) -> bool {
        let (one, other) = (&self.pattern, &other.pattern);
        let has_rest = |pattern: &Pattern| pattern.segments.last() == Some(&Segment::Rest);
        let parts = other.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(literal) => Some(&**literal),
            Segment::One => Some(&b"*"[..]),
            Segment::Rest => None,
        });
        (&*one.method == "*" || one.method == other.method)
            && (has_rest(one) || !has_rest(other))
            && one.matches_path(&parts.collect::<Vec<_>>().join(&b'/'), self.ignore_case)
    }
}

/// Every protected path.
#[derive(Clone, Debug, Default)]
pub struct Router {
    rules: Vec<Rule>,
}

impl Router {
    /// In configuration order.
    pub fn new(rules: Vec<Rule>) -> Self {
        Self { rules }
    }

    /// What the request may be, in configuration order; empty where nothing protected could see it. A path with more
    /// disguises than can be looked through counts as all of them.
    pub fn find(&self, method: &Method, path: &str, query: Option<&str>, headers: &HeaderMap) -> Vec<(usize, Role)> {
        if self.rules.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        self.find_at(path, (method, query, headers), &mut found);
        for path in query.into_iter().flat_map(paths) {
            self.find_at(&path, (method, query, headers), &mut found);
        }
        found
    }

    fn find_at(
        &self,
        path: &str,
        (method, query, headers): (&Method, Option<&str>, &HeaderMap),
        found: &mut Vec<(usize, Role)>,
    ) {
        let forms = if spelling::is_plain(path.as_bytes()) { None } else { Some(spelling::forms(path.as_bytes())) };
        for rule in &self.rules {
            let matched = match &forms {
                None => rule.pattern.matches_path(path.as_bytes(), rule.ignore_case),
                Some(Forms::All(forms)) => forms.iter().any(|form| rule.pattern.matches_path(form, rule.ignore_case)),
                Some(Forms::TooMany) => true,
            };
            let entry = (rule.endpoint, rule.role);
            if matched && rule.pattern.matches_method(method, query, headers) && !found.contains(&entry) {
                found.push(entry);
            }
        }
    }
}

fn names_method(query: &str, same: &dyn Fn(&str) -> bool) -> bool {
    pairs(query).any(|(name, value)| name.trim().eq_ignore_ascii_case("_method") && same(&value))
}

/// Paths that a front controller takes from the query: `/?s=/api/send-code`, `/index.php?/api/send-code`.
fn paths(query: &str) -> impl Iterator<Item = String> {
    let whole = query.starts_with('/').then(|| query.split('&').next().unwrap_or_default().to_owned());
    let named = pairs(query).filter(|(name, _)| ROUTED_BY.iter().any(|known| name.eq_ignore_ascii_case(known)));
    let rooted = |(_, path): (_, String)| if path.starts_with('/') { path } else { format!("/{path}") };
    whole.into_iter().chain(named.map(rooted))
}

/// Names and values of a query, decoded.
fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    let plain = |text: &str| {
        let decoded = spelling::decode_once(text.as_bytes()).unwrap_or_else(|| text.as_bytes().to_vec());
        String::from_utf8_lossy(&decoded).into_owned()
    };
    query.split(['&', ';']).map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (plain(name), plain(value))
    })
}

fn posts_form(headers: &HeaderMap) -> bool {
    headers.get_all(http::header::CONTENT_TYPE).iter().any(|value| {
        value.to_str().is_ok_and(|value| {
            let value = value.trim_start().to_ascii_lowercase();
            value.starts_with("application/x-www-form-urlencoded") || value.starts_with("multipart/form-data")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(patterns: &[&str]) -> Router {
        let rule = |(endpoint, text): (usize, &&str)| Rule {
            pattern: Pattern::parse(text).unwrap(),
            endpoint,
            role: Role::Send,
            ignore_case: false,
        };
        Router::new(patterns.iter().enumerate().map(rule).collect())
    }

    fn hits(router: &Router, method: &str, target: &str) -> Vec<usize> {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        router.find(&method, path, query, &HeaderMap::new()).into_iter().map(|(endpoint, _)| endpoint).collect()
    }

    #[test]
    fn patterns_read_and_bad_ones_say_why() {
        for good in ["POST /a", "get /", "* /a/*/b/**", "POST /a/", "POST /a%20b".replace("%20", "%2D").as_str()] {
            assert!(Pattern::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["/a", "POST a", "POST /a//b", "POST /a/**/b", "POST /a/x*", "P0ST /a", "POST /a?b=1", "POST /../a", ""]
        {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_that_a_front_controller_takes_from_the_query_is_found() {
        let router = router(&["POST /api/send-code"]);
        for path in [
            "/?s=/api/send-code",
            "/index.php?s=api/send-code",
            "/index.php?/api/send-code&x=1",
            "/?a=b&rest_route=%2Fapi%2Fsend-code",
            "/index.php?r=api%2F%2Fsend-code",
        ] {
            assert_eq!(hits(&router, "POST", path), [0], "{path}");
        }
        for path in ["/search?q=send-code", "/api/send?s=code", "/?s=/api/send-code/x", "/?t=/api/send-code"] {
            assert_eq!(hits(&router, "POST", path), [0_usize; 0], "{path}");
        }
    }

    #[test]
    fn every_spelling_of_a_protected_path_is_found() {
        let router = router(&["POST /api/send-code"]);
        for path in [
            "/api/send-code",
            "/api/send-code/",
            "/api//send-code",
            "//api/send-code",
            "/./api/./send-code",
            "/x/../api/send-code",
            "/api/x/%2e%2e/send-code",
            "/api%2Fsend-code",
            "/api/%73end-code",
            "/api/%2573end-code",
            "/api/%252573end-code",
            "/api/send-code;x=1",
            "/api;v=2/send-code",
            "/x/..;/api/send-code",
            "/x/..;a=b/api/send-code",
            "\\api\\send-code",
            "/api%5csend-code",
            "/api%255csend-code",
            "/api/send-code%00",
            "/api/send-code%00.png",
            "/api/send-code%20",
            "/api/send-code.",
            "/api/send-code%2e",
            "/api/send-code%09",
            "/api/send-code%0a",
            "/api%c0%afsend-code",
            "/x/%c0%ae%c0%ae/api/send-code",
            "http://host/api/send-code",
            "https://host:8080/api/send-code",
            "//host/api/send-code",
            "/api/send-code.json",
            "/api/send-code.json/",
            "/api/send-code.x_y",
            "/api/send-code.longer-than-any",
            "/api/send-code.a%2Eb",
            "/api/send-code%3Fx=1",
            "/api/send-code%23x",
            "/api/send-code#x",
            "/api/x%2f..%2fsend-code",
            "/api/x/%252e%252e/../%252e%252e/api/send-code",
            "/api/%u0073end-code",
            "/api/send-code/.",
            "/api/send-code/x/..",
            "/%61%70%69/%73%65%6e%64%2d%63%6f%64%65",
        ] {
            assert_eq!(hits(&router, "POST", path), [0], "{path}");
        }
        for path in [
            "/",
            "/api",
            "/api/send-codes",
            "/api/send-code/x",
            "/api/send",
            "/v1/api/send-code",
            "/API/send-code",
            "/api/send-code-2",
            "/api/files/a%20b.png",
            "/send-code.json",
            "/static/app.js;v=2",
            "/api/..",
            "/w/%E4%BD%A0",
        ] {
            assert!(hits(&router, "POST", path).is_empty(), "{path}");
        }
    }

    #[test]
    fn a_front_controller_hides_nothing() {
        let router = router(&["POST /api/send-code"]);
        for (path, found) in [
            ("/index.php/api/send-code", true),
            ("/app_dev.php/api/send-code/", true),
            ("//index.php//api/send-code.json", true),
            ("/index%2ephp/api/send-code", true),
            ("/api/index.php/send-code", true),
            ("/INDEX.PHP/api/send-code", true),
            ("/x/../index.php;a/api/send-code", true),
            ("/api/send-code.php/", true),
            ("/index.php", false),
            ("/index.php/", false),
            ("/index.php/api", false),
            ("/index.phpx/api/send-code", false),
            ("/api/send-code/index.php/x", false),
        ] {
            assert_eq!(!hits(&router, "POST", path).is_empty(), found, "{path}");
        }
    }

    #[test]
    fn what_stands_behind_a_script_hides_nothing() {
        let router = router(&["POST /api/sendsms.php", "POST /send", "POST /Sms.ashx", "POST /a.pl/sms.php"]);
        for (path, found) in [
            ("/api/sendsms.php/x", &[0][..]),
            ("/api/sendsms.php/x/y/", &[0]),
            ("/api/sendsms.PHP/x", &[]),
            ("/api/sendsms%2ephp/x", &[0]),
            ("/api/sendsms.php%2fx", &[0]),
            ("/api/sendsms.php;a/x", &[0]),
            ("/api/./sendsms.php/x.php/y", &[0]),
            ("/send.php/x", &[1]),
            ("/send.cgi/x", &[1]),
            ("/send.phtml/x", &[1]),
            ("/send.html/x", &[]),
            ("/send/x.php", &[]),
            ("/send/x.php/y", &[]),
            ("/Sms.ashx/x", &[2]),
            ("/a.pl/sms.php/x", &[3]),
            ("/a.pl/sms.php", &[3]),
        ] {
            assert_eq!(hits(&router, "POST", path), found, "{path}");
        }
    }

    #[test]
    fn methods_are_found_behind_overrides() {
        let router = router(&["PUT /phone", "GET /code", "* /any"]);
        assert_eq!(hits(&router, "PUT", "/phone"), [0]);
        assert_eq!(hits(&router, "HEAD", "/code"), [1]);
        assert_eq!(hits(&router, "PURGE", "/any"), [2]);
        assert_eq!(hits(&router, "POST", "/phone?a=1&_method=put"), [0]);
        assert_eq!(hits(&router, "POST", "/phone?%5fmethod=%50UT"), [0]);
        assert!(hits(&router, "POST", "/phone").is_empty());
        let mut headers = HeaderMap::new();
        headers.insert("x-http-method-override", "PUT".parse().unwrap());
        assert_eq!(router.find(&Method::POST, "/phone", None, &headers), [(0, Role::Send)]);
        let mut headers = HeaderMap::new();
        headers.insert("x_http_method_override", "PUT".parse().unwrap());
        assert_eq!(router.find(&Method::POST, "/phone", None, &headers), [(0, Role::Send)]);
        let mut form = HeaderMap::new();
        form.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        assert_eq!(router.find(&Method::POST, "/phone", None, &form).len(), 1, "_method may be a field of the form");
    }

    #[test]
    fn wildcards_case_and_order() {
        let mut rules = router(&["POST /api/*/send/**", "POST /api/v1/send"]);
        for (path, found) in [
            ("/api/v1/send", vec![0, 1]),
            ("/api/v2/send/x/y", vec![0]),
            ("/api/send", vec![]),
            ("/api/v1/%2e/send", vec![0, 1]),
        ] {
            assert_eq!(hits(&rules, "POST", path), found, "{path}");
        }
        assert!(hits(&rules, "POST", "/API/V1/Send").is_empty());
        rules.rules[1].ignore_case = true;
        assert_eq!(hits(&rules, "POST", "/API/V1/Send"), [1]);
    }

    #[test]
    fn a_rule_covers_what_never_gets_past_it() {
        for (one, other, covers) in [
            ("POST /send", "POST /send/", true),
            ("* /send", "post /send", true),
            ("POST /send", "* /send", false),
            ("POST /send", "PUT /send", false),
            ("POST /send", "POST /SEND", false),
            ("POST /*", "POST /send", true),
            ("POST /send", "POST /*", false),
            ("POST /*", "POST /**", false),
            ("POST /a/**", "POST /a", true),
            ("POST /a/**", "POST /a/b/**", true),
            ("POST /a/*/**", "POST /a/**", false),
            ("POST /**", "POST /*/b", true),
            ("POST /*/b", "POST /a/*", false),
        ] {
            let rules = router(&[one, other]).rules;
            assert_eq!(rules[0].covers(&rules[1]), covers, "{one} {other}");
        }
        let rules = router(&["POST /send", "POST /Send"]).rules;
        assert!(Rule { ignore_case: true, ..rules[0].clone() }.covers(&rules[1]));
    }

    #[test]
    fn a_path_with_too_many_disguises_counts_as_protected() {
        let router = router(&["POST /api/send-code"]);
        let path = "/%25252561;%5c..%2f".repeat(400);
        assert_eq!(hits(&router, "POST", &path), [0]);
        assert!(hits(&router, "GET", &path).is_empty());
    }
}

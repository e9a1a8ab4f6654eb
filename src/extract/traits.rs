//! What sent a request: the agent's program and version, and whether the headers are those of such a program.

use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, ORIGIN, REFERER, USER_AGENT};

use crate::domain::{Has, Language, Program, Traits};

/// What scripts are written with; apps use some of these too, with a device id.
const LIBRARIES: [&str; 27] = [
    "python",
    "requests",
    "httpx",
    "aiohttp",
    "urllib",
    "go-http",
    "go/",
    "curl",
    "wget",
    "okhttp",
    "java/",
    "apache-httpclient",
    "libwww",
    "axios",
    "node",
    "undici",
    "got/",
    "postman",
    "insomnia",
    "scrapy",
    "ruby",
    "faraday",
    "php",
    "guzzle",
    "perl",
    "powershell",
    "dart",
];

/// What content networks add. They put headers into an order of their own, and some of them replace.
const REWRITERS: [&str; 6] = ["via", "cf-ray", "cdn-loop", "x-amz-cf-id", "fastly-client-ip", "x-azure-ref"];

/// Reads the traits. `ja4` is the client's TLS fingerprint, where somebody in front of us took it.
pub(super) fn traits(headers: &HeaderMap, ja4: Option<&str>) -> Traits {
    let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (program, major) = program(agent);
    let hints = headers.get("sec-ch-ua").and_then(|value| value.to_str().ok());
    let other = hints.is_some_and(|hints| major != 0 && program == Program::Chromium && !names_version(hints, major));
    let has = Has::default()
        .with(Has::ACCEPT, headers.contains_key(ACCEPT))
        .with(Has::LANGUAGE, headers.contains_key(ACCEPT_LANGUAGE))
        .with(Has::ENCODING, headers.contains_key(ACCEPT_ENCODING))
        .with(Has::FETCH, headers.contains_key("sec-fetch-mode") || headers.contains_key("sec-fetch-site"))
        .with(Has::HINTS, hints.is_some())
        .with(Has::OTHER_HINTS, other)
        .with(Has::ORIGIN, headers.contains_key(ORIGIN) || headers.contains_key(REFERER))
        .with(Has::OTHER_ORDER, is_other_order(headers, program))
        .with(Has::OTHER_TLS, program.is_browser() && ja4.is_some_and(|ja4| !is_browsers(ja4)));
    Traits { program, major, has, language: language(headers) }
}

/// The first language that is named, which is the one preferred in all that browsers write.
fn language(headers: &HeaderMap) -> Option<Language> {
    let text = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
    Language::new(text.split([',', ';']).next()?.trim())
}

/// Whether headers stand in an order that the family of browsers never sends, however the request was made. Safari
/// changed its own too often to say.
fn is_other_order(headers: &HeaderMap, program: Program) -> bool {
    if REWRITERS.iter().any(|name| headers.contains_key(*name)) {
        return false;
    }
    let place = |name: &http::HeaderName| headers.keys().position(|other| other == name);
    let is_turned = |first, second| place(first).zip(place(second)).is_some_and(|(first, second)| first > second);
    match program {
        Program::Chromium => is_turned(&USER_AGENT, &ACCEPT) || is_turned(&ACCEPT_ENCODING, &ACCEPT_LANGUAGE),
        Program::Firefox => is_turned(&USER_AGENT, &ACCEPT) || is_turned(&ACCEPT_LANGUAGE, &ACCEPT_ENCODING),
        Program::Safari | Program::App | Program::Library | Program::Fake | Program::None => false,
    }
}

/// Whether a TLS fingerprint may be that of a browser of today: TLS 1.3, and HTTP/2 or 3 offered. `t13d1516h2_...`: the
/// protocol, the version, whether a name was sent, counts of ciphers and extensions, the first protocol on top.
fn is_browsers(ja4: &str) -> bool {
    let head = ja4.split('_').next().unwrap_or_default();
    let version = head.get(1..3);
    version.is_none_or(|version| version == "13") && (head.ends_with("h2") || head.ends_with("h3"))
}

fn names_version(hints: &str, major: u16) -> bool {
    let version = format!("v=\"{major}\"");
    hints.contains(&version) || hints.contains(&version.replace('"', "")) || hints.contains(&format!("v=\"{major}."))
}

fn program(agent: &str) -> (Program, u16) {
    let version = |name: &str| -> Option<u16> {
        let rest = agent.split_once(name)?.1;
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        Some(digits.parse().unwrap_or(0))
    };
    if agent.trim().is_empty() {
        return (Program::None, 0);
    }
    if let Some(rest) = agent.strip_prefix("Mozilla/") {
        if !rest.starts_with("5.0 (") || agent.contains("MSIE ") || agent.contains("Trident/") {
            return (Program::Fake, 0);
        }
        // Every browser on iOS is Safari underneath.
        if agent.contains("iPhone") || agent.contains("iPad") {
            return (Program::Safari, version("Version/").unwrap_or(0));
        }
        if let Some(major) = version("Firefox/") {
            return (Program::Firefox, major);
        }
        if let Some(major) = version("Chrome/") {
            return if agent.contains("HeadlessChrome/") { (Program::Fake, major) } else { (Program::Chromium, major) };
        }
        if let Some(major) = version("Version/").filter(|_| agent.contains("Safari/")) {
            return (Program::Safari, major);
        }
        // Views inside of apps, televisions, and much else that people use.
        return if agent.contains("AppleWebKit/") { (Program::Safari, 0) } else { (Program::Fake, 0) };
    }
    let lower = agent.to_ascii_lowercase();
    if lower.contains("ozilla/") {
        (Program::Fake, 0)
    } else if LIBRARIES.iter().any(|library| lower.starts_with(library)) {
        (Program::Library, 0)
    } else {
        (Program::App, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn programs_are_told_by_their_agents() {
        for (agent, expected) in [
            ("", (Program::None, 0)),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                (Program::Chromium, 142),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36",
                (Program::Fake, 142),
            ),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:72.0) Gecko/20100101 Firefox/72.0", (Program::Firefox, 72)),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
                (Program::Safari, 18),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1",
                (Program::Safari, 0),
            ),
            ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)", (Program::Fake, 0)),
            ("ozilla/5.0 (Windows NT 10.0) Chrome/80.0", (Program::Fake, 0)),
            ("python-requests/2.31.0", (Program::Library, 0)),
            ("okhttp/4.12.0", (Program::Library, 0)),
            ("ShopApp/5.2 (iPhone; iOS 18.1)", (Program::App, 0)),
        ] {
            assert_eq!(program(agent), expected, "{agent}");
        }
    }

    #[test]
    fn hints_of_another_version_are_noticed() {
        let mut headers = HeaderMap::new();
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static("Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"),
        );
        headers.insert("sec-ch-ua", HeaderValue::from_static("\"Chromium\";v=\"142\", \"Not_A Brand\";v=\"99\""));
        assert!(!traits(&headers, None).has.holds(Has::OTHER_HINTS));
        headers.insert("sec-ch-ua", HeaderValue::from_static("\"Chromium\";v=\"120\""));
        assert!(traits(&headers, None).has.holds(Has::OTHER_HINTS));
    }

    const CHROME: &str = "Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36";
    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0";

    fn of(lines: &[(&'static str, &'static str)]) -> Traits {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        traits(&headers, None)
    }

    #[test]
    fn an_order_that_the_browser_never_sends_is_noticed_unless_somebody_between_may_have_made_it() {
        let accept = ("accept", "*/*");
        let (encoding, language) = (("accept-encoding", "gzip"), ("accept-language", "de-AT,de;q=0.9"));
        let (chrome, firefox) = (("user-agent", CHROME), ("user-agent", FIREFOX));
        for (lines, other) in [
            (vec![chrome, accept, encoding, language], false),
            (vec![chrome, encoding, accept], false),
            (vec![accept, chrome], true),
            (vec![chrome, accept, language, encoding], true),
            (vec![chrome, accept, language, encoding, ("cf-ray", "1")], false),
            (vec![firefox, accept, language, encoding], false),
            (vec![firefox, accept, encoding, language], true),
            (vec![("user-agent", "python-requests/2"), language, encoding, accept], false),
        ] {
            assert_eq!(of(&lines).has.holds(Has::OTHER_ORDER), other, "{lines:?}");
        }
        assert_eq!(of(&[chrome, language]).language, Language::new("de-AT"));
    }

    #[test]
    fn a_handshake_of_a_library_under_a_browsers_name_is_noticed() {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(CHROME));
        for (ja4, other) in [
            ("t13d1516h2_8daaf6152771_d8a2da3f94cd", false),
            ("q13d0312h3_55b375c5d22e_06cda9e17597", false),
            ("t13d1812h1_85036bcba153_b41ce7cf9d5b", true),
            ("t12d180700_4b22cbed5bed_2dae41c691ec", true),
            ("", true),
        ] {
            assert_eq!(traits(&headers, Some(ja4)).has.holds(Has::OTHER_TLS), other, "{ja4}");
        }
        headers.insert(USER_AGENT, HeaderValue::from_static("curl/8.5.0"));
        assert!(!traits(&headers, Some("t13d3112h1_e8f1e7e78f70_b26ce05bbdd6")).has.holds(Has::OTHER_TLS));
    }
}

//! What sent a request: the agent's program and version, and whether the headers are those of such a program.

use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, ORIGIN, REFERER, USER_AGENT};

use crate::domain::{Has, Program, Traits};

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

/// Reads the traits.
pub(super) fn traits(headers: &HeaderMap) -> Traits {
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
        .with(Has::ORIGIN, headers.contains_key(ORIGIN) || headers.contains_key(REFERER));
    Traits { program, major, has }
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
        assert!(!traits(&headers).has.holds(Has::OTHER_HINTS));
        headers.insert("sec-ch-ua", HeaderValue::from_static("\"Chromium\";v=\"120\""));
        assert!(traits(&headers).has.holds(Has::OTHER_HINTS));
    }
}

//! What the tools of bombers and pumpers send of themselves: bare lists, old agents, bad copies of browsers.
//!
//! Agents are those that public tools carry.

use super::browser::{Browser, Headers, fixed};
use crate::random::Random;

/// A program that isn't a browser, whatever it says.
#[derive(Clone, Debug)]
pub(super) struct Tool {
    base: Base,
    agent: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    Requests,
    Httpx,
    Go,
    Curl,
    Okhttp,
}

/// Agents that tools carry, from 2004 to 2020; one is misspelt in a list that many of them copied.
const OLD_AGENTS: [&str; 8] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:72.0) Gecko/20100101 Firefox/72.0",
    "Mozilla/5.0 (X11; U; Linux x86_64; en-US; rv:1.9.1.2) Gecko/20090803 Fedora/3.5.2-2.fc11 Firefox/3.5.2",
    "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1; AcooBrowser; .NET CLR 1.1.4322; .NET CLR 2.0.50727)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/67.0.3396.99 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_7_0) AppleWebKit/535.11 (KHTML, like Gecko) Chrome/17.0.963.56 Safari/535.11",
    "ozilla/5.0 (Windows; U; Windows NT 5.1; zh-CN) AppleWebKit/523.15 (KHTML, like Gecko, Safari/419.3) Arora/0.3",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 12_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 9; SM-G960F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/76.0.3809.111 Mobile Safari/537.36",
];

impl Tool {
    /// One that says what it is.
    pub(super) fn honest(random: &mut Random) -> Self {
        let base = random.pick([Base::Requests, Base::Requests, Base::Httpx, Base::Go, Base::Curl, Base::Okhttp]);
        Self { base, agent: base.agent(random).to_owned() }
    }

    /// `python-requests` with its own name.
    pub(super) fn python(random: &mut Random) -> Self {
        Self { base: Base::Requests, agent: Base::Requests.agent(random).to_owned() }
    }

    /// One with an agent from the lists that tools carry.
    pub(super) fn old(random: &mut Random) -> Self {
        let base = random.pick([Base::Requests, Base::Requests, Base::Httpx, Base::Go]);
        Self { base, agent: random.pick(OLD_AGENTS).to_owned() }
    }

    /// The fixed agent of one well-known family of tools.
    pub(super) fn firefox_72() -> Self {
        Self { base: Base::Requests, agent: OLD_AGENTS[0].to_owned() }
    }

    /// The HTTP library of an app, years old.
    pub(super) fn old_app(random: &mut Random) -> Self {
        Self { base: Base::Okhttp, agent: Base::Okhttp.agent(random).to_owned() }
    }

    /// One with the agent of a current Chrome and nothing else of it.
    pub(super) fn as_chrome(random: &mut Random) -> Self {
        let base = random.pick([Base::Requests, Base::Httpx, Base::Go]);
        Self { base, agent: Browser::chrome("en-US", random).agent() }
    }

    /// TLS fingerprint, of the form that the library has.
    pub(super) fn ja4(&self) -> &'static str {
        match self.base {
            Base::Requests => "t13d1812h1_85036bcba153_b41ce7cf9d5b",
            Base::Httpx => "t13d1811h2_e8a523a41297_ef7df7f74e48",
            Base::Go => "t13d1312h2_f57a46bbacb6_a089eac428b6",
            Base::Curl => "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6",
            Base::Okhttp => "t13d1513h2_8daaf6152771_eca864cca44a",
        }
    }

    /// What goes along with a JSON body of so many bytes.
    pub(super) fn fetch(&self, length: usize) -> Headers {
        let agent = ("user-agent".into(), self.agent.clone().into());
        let length = ("content-length".into(), length.to_string().into());
        let host = fixed("host", "www.shop.example");
        let json = fixed("content-type", "application/json");
        match self.base {
            Base::Requests => vec![
                host,
                agent,
                fixed("accept-encoding", "gzip, deflate"),
                fixed("accept", "*/*"),
                fixed("connection", "keep-alive"),
                length,
                json,
            ],
            Base::Httpx => vec![
                host,
                fixed("accept", "*/*"),
                fixed("accept-encoding", "gzip, deflate"),
                fixed("connection", "keep-alive"),
                agent,
                length,
                json,
            ],
            Base::Go => vec![host, agent, length, json, fixed("accept-encoding", "gzip")],
            Base::Curl => vec![host, agent, fixed("accept", "*/*"), json, length],
            Base::Okhttp => {
                vec![json, length, host, fixed("connection", "Keep-Alive"), fixed("accept-encoding", "gzip"), agent]
            }
        }
    }
}

impl Base {
    fn agent(self, random: &mut Random) -> &'static str {
        match self {
            Self::Requests => {
                random.pick(["python-requests/2.32.3", "python-requests/2.28.1", "python-requests/2.25.1"])
            }
            Self::Httpx => random.pick(["python-httpx/0.27.0", "python-httpx/0.23.3"]),
            Self::Go => random.pick(["Go-http-client/1.1", "Go-http-client/2.0"]),
            Self::Curl => random.pick(["curl/7.68.0", "curl/8.5.0"]),
            Self::Okhttp => random.pick(["okhttp/3.9.1", "okhttp/3.12.1"]),
        }
    }
}

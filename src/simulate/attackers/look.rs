//! What an attacker's client looks like: a tool, a bad copy of a browser, a perfect one, the shop's own app.

use crate::random::Random;
use crate::simulate::browser::{App, Browser, Headers};
use crate::simulate::tools::Tool;

/// How an attacker dresses its requests.
#[derive(Clone, Debug)]
pub(in crate::simulate) enum Look {
    /// One tool, the same for all requests.
    Tool(Tool),
    /// The same, with one recorded cookie on all of them.
    Cookie(Tool, String),
    /// The same, with one recorded device id.
    Device(Tool, String),
    /// Tools of several kinds.
    Tools(Vec<Tool>),
    /// The headers and the TLS of a real Chrome, without its cookie jar; each request may be another version.
    Copy(&'static str),
    /// A real Chrome that loads the page first, with a fresh cookie each time.
    Headless(&'static str),
    /// The shop's app, with a fresh device id each time.
    App(&'static str),
}

/// One client.
pub(in crate::simulate) struct Client {
    pub(in crate::simulate) cookie: Option<String>,
    pub(in crate::simulate) device: Option<String>,
    pub(in crate::simulate) ja4: Option<&'static str>,
    /// Headers of the page that it loads first.
    pub(in crate::simulate) page: Option<Headers>,
    /// Headers of the request, by the length of its body.
    pub(in crate::simulate) fetch: Box<dyn Fn(usize) -> Headers>,
}

impl Look {
    /// A browser's headers in half of the seeds, an agent alone in the others.
    pub(in crate::simulate) fn copy_or_tool(language: &'static str, random: &mut Random) -> Self {
        if random.happens(0.5) { Self::Copy(language) } else { Self::Tool(Tool::as_chrome(random)) }
    }

    pub(super) fn client(&mut self, random: &mut Random) -> Client {
        match self {
            Self::Tool(tool) => of_tool(tool.clone()),
            Self::Cookie(tool, cookie) => Client { cookie: Some(cookie.clone()), ..of_tool(tool.clone()) },
            Self::Device(tool, device) => Client { device: Some(device.clone()), ..of_tool(tool.clone()) },
            Self::Tools(tools) => of_tool(random.one(tools).clone()),
            Self::Copy(language) => {
                let browser = Browser::chrome(language, random);
                of_browser(browser, None, false)
            }
            Self::Headless(language) => {
                let browser = Browser::chrome(language, random);
                of_browser(browser, Some(token(random)), true)
            }
            Self::App(language) => {
                let app = App::of_person(language, random);
                let ja4 = Some(app.ja4());
                let fetch = Box::new(move |length| app.fetch(length));
                Client { cookie: None, device: Some(token(random)), ja4, page: None, fetch }
            }
        }
    }
}

/// A fresh value of a cookie or a device id.
pub(super) fn token(random: &mut Random) -> String {
    format!("{:016x}{:08x}", random.bits(), random.below(1 << 32))
}

fn of_tool(tool: Tool) -> Client {
    let ja4 = Some(tool.ja4());
    Client { cookie: None, device: None, ja4, page: None, fetch: Box::new(move |length| tool.fetch(length)) }
}

fn of_browser(browser: Browser, cookie: Option<String>, loads_page: bool) -> Client {
    let ja4 = Some(browser.ja4());
    let page = loads_page.then(|| browser.page());
    Client { cookie, device: None, ja4, page, fetch: Box::new(move |length| browser.fetch(length)) }
}

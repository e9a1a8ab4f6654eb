//! What clients send of themselves: the headers of real browsers, apps and tools, in their true order.
//!
//! Versions are those of November 2026, with the usual tail of people who don't update. The cookie header is not among
//! them: a trace holds the cookie beside the headers.

use std::borrow::Cow;

use crate::random::Random;

/// Names in lower case with their values, in order.
pub(super) type Headers = Vec<(Cow<'static, str>, Cow<'static, str>)>;

/// The site that all of them visit.
const HOST: &str = "www.shop.example";
const ORIGIN: &str = "https://www.shop.example";
const LOGIN: &str = "https://www.shop.example/login";

/// A program with its version and its user's language.
#[derive(Clone, Debug)]
pub(super) struct Browser {
    family: Family,
    version: u64,
    language: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    ChromeWindows,
    ChromeMac,
    ChromeAndroid,
    SamsungAndroid,
    EdgeWindows,
    FirefoxWindows,
    FirefoxLinux,
    SafariMac,
    SafariIphone,
}

const DESKTOP: [(Family, f64); 6] = [
    (Family::ChromeWindows, 0.50),
    (Family::ChromeMac, 0.12),
    (Family::EdgeWindows, 0.14),
    (Family::FirefoxWindows, 0.08),
    (Family::FirefoxLinux, 0.03),
    (Family::SafariMac, 0.13),
];
const MOBILE: [(Family, f64); 3] =
    [(Family::ChromeAndroid, 0.52), (Family::SamsungAndroid, 0.08), (Family::SafariIphone, 0.40)];

impl Browser {
    /// One that a person has.
    pub(super) fn of_person(mobile: bool, language: &'static str, random: &mut Random) -> Self {
        let families: &[(Family, f64)] = if mobile { &MOBILE } else { &DESKTOP };
        let weights: Vec<f64> = families.iter().map(|(_, weight)| *weight).collect();
        let family = families[random.weighted(&weights)].0;
        let behind =
            if random.happens(0.07) { random.between(3, 20) } else { random.weighted(&[0.7, 0.22, 0.08]) as u64 };
        Self { family, version: family.current() - behind, language }
    }

    /// The Chrome that attackers drive or copy.
    pub(super) fn chrome(language: &'static str, random: &mut Random) -> Self {
        let family = random.pick([Family::ChromeWindows, Family::ChromeWindows, Family::ChromeMac]);
        Self { family, version: family.current() - random.below(3), language }
    }

    /// TLS fingerprint, of the form that this family has.
    pub(super) fn ja4(&self) -> &'static str {
        match self.family {
            Family::FirefoxWindows | Family::FirefoxLinux => "t13d1717h2_5b57614c22b0_3cbfd9057e0d",
            Family::SafariMac | Family::SafariIphone => "t13d2013h2_a09f3c656075_7f0f34a4126d",
            Family::ChromeWindows
            | Family::ChromeMac
            | Family::ChromeAndroid
            | Family::SamsungAndroid
            | Family::EdgeWindows => "t13d1516h2_8daaf6152771_d8a2da3f94cd",
        }
    }

    /// What goes along with a page.
    pub(super) fn page(&self) -> Headers {
        let agent = self.agent();
        let mut list = vec![fixed("host", HOST)];
        if let Some((brands, mobile, platform)) = self.hints() {
            list.extend([
                ("sec-ch-ua".into(), brands.into()),
                fixed("sec-ch-ua-mobile", mobile),
                fixed("sec-ch-ua-platform", platform),
                fixed("upgrade-insecure-requests", "1"),
                ("user-agent".into(), agent.into()),
                fixed("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"),
                fixed("sec-fetch-site", "none"),
                fixed("sec-fetch-mode", "navigate"),
                fixed("sec-fetch-user", "?1"),
                fixed("sec-fetch-dest", "document"),
                fixed("accept-encoding", "gzip, deflate, br, zstd"),
                ("accept-language".into(), self.languages().into()),
                fixed("priority", "u=0, i"),
            ]);
        } else if self.is_safari() {
            list.extend([
                fixed("sec-fetch-dest", "document"),
                ("user-agent".into(), agent.into()),
                fixed("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
                fixed("sec-fetch-site", "none"),
                fixed("sec-fetch-mode", "navigate"),
                ("accept-language".into(), self.languages().into()),
                fixed("priority", "u=0, i"),
                fixed("accept-encoding", "gzip, deflate, br"),
            ]);
        } else {
            list.extend([
                ("user-agent".into(), agent.into()),
                fixed("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
                ("accept-language".into(), self.languages().into()),
                fixed("accept-encoding", "gzip, deflate, br, zstd"),
                fixed("upgrade-insecure-requests", "1"),
                fixed("sec-fetch-dest", "document"),
                fixed("sec-fetch-mode", "navigate"),
                fixed("sec-fetch-site", "none"),
                fixed("sec-fetch-user", "?1"),
                fixed("priority", "u=0, i"),
            ]);
        }
        list
    }

    /// What goes along with a request that the page's script makes, with a JSON body of so many bytes.
    pub(super) fn fetch(&self, length: usize) -> Headers {
        let agent = self.agent();
        let mut list = vec![fixed("host", HOST)];
        let length = ("content-length".into(), length.to_string().into());
        if let Some((brands, mobile, platform)) = self.hints() {
            list.extend([
                length,
                fixed("sec-ch-ua-platform", platform),
                ("user-agent".into(), agent.into()),
                ("sec-ch-ua".into(), brands.into()),
                fixed("content-type", "application/json"),
                fixed("sec-ch-ua-mobile", mobile),
                fixed("accept", "*/*"),
                fixed("origin", ORIGIN),
                fixed("sec-fetch-site", "same-origin"),
                fixed("sec-fetch-mode", "cors"),
                fixed("sec-fetch-dest", "empty"),
                fixed("referer", LOGIN),
                fixed("accept-encoding", "gzip, deflate, br, zstd"),
                ("accept-language".into(), self.languages().into()),
                fixed("priority", "u=1, i"),
            ]);
        } else if self.is_safari() {
            list.extend([
                fixed("content-type", "application/json"),
                fixed("accept", "*/*"),
                fixed("sec-fetch-site", "same-origin"),
                ("accept-language".into(), self.languages().into()),
                fixed("accept-encoding", "gzip, deflate, br"),
                fixed("sec-fetch-mode", "cors"),
                fixed("origin", ORIGIN),
                ("user-agent".into(), agent.into()),
                fixed("referer", LOGIN),
                length,
                fixed("sec-fetch-dest", "empty"),
                fixed("priority", "u=3, i"),
            ]);
        } else {
            list.extend([
                ("user-agent".into(), agent.into()),
                fixed("accept", "*/*"),
                ("accept-language".into(), self.languages().into()),
                fixed("accept-encoding", "gzip, deflate, br, zstd"),
                fixed("referer", LOGIN),
                fixed("content-type", "application/json"),
                length,
                fixed("origin", ORIGIN),
                fixed("sec-fetch-dest", "empty"),
                fixed("sec-fetch-mode", "cors"),
                fixed("sec-fetch-site", "same-origin"),
                fixed("priority", "u=0"),
            ]);
        }
        list
    }

    /// The agent string.
    pub(super) fn agent(&self) -> String {
        let version = self.version;
        let chrome = |system: &str, mobile: &str, more: &str| {
            format!(
                "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 {mobile}Safari/537.36{more}"
            )
        };
        match self.family {
            Family::ChromeWindows => chrome("Windows NT 10.0; Win64; x64", "", ""),
            Family::ChromeMac => chrome("Macintosh; Intel Mac OS X 10_15_7", "", ""),
            Family::ChromeAndroid => chrome("Linux; Android 10; K", "Mobile ", ""),
            Family::SamsungAndroid => format!(
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/{version}.0 Chrome/136.0.0.0 Mobile Safari/537.36"
            ),
            Family::EdgeWindows => chrome("Windows NT 10.0; Win64; x64", "", &format!(" Edg/{version}.0.0.0")),
            Family::FirefoxWindows => {
                format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{version}.0) Gecko/20100101 Firefox/{version}.0")
            }
            Family::FirefoxLinux => {
                format!("Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko/20100101 Firefox/{version}.0")
            }
            Family::SafariMac => format!(
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{version}.0 Safari/605.1.15"
            ),
            Family::SafariIphone => format!(
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{version}.1 Mobile/15E148 Safari/604.1"
            ),
        }
    }

    /// Brands, mobile, platform: what Chromium says and the others don't.
    fn hints(&self) -> Option<(String, &'static str, &'static str)> {
        let version = self.version;
        let (brand, version_of_base, mobile, platform) = match self.family {
            Family::ChromeWindows => ("Google Chrome", version, "?0", "\"Windows\""),
            Family::ChromeMac => ("Google Chrome", version, "?0", "\"macOS\""),
            Family::ChromeAndroid => ("Google Chrome", version, "?1", "\"Android\""),
            Family::SamsungAndroid => ("Samsung Internet", 136, "?1", "\"Android\""),
            Family::EdgeWindows => ("Microsoft Edge", version, "?0", "\"Windows\""),
            Family::FirefoxWindows | Family::FirefoxLinux | Family::SafariMac | Family::SafariIphone => return None,
        };
        let brands =
            format!("\"Chromium\";v=\"{version_of_base}\", \"{brand}\";v=\"{version}\", \"Not_A Brand\";v=\"99\"");
        Some((brands, mobile, platform))
    }

    fn is_safari(&self) -> bool {
        matches!(self.family, Family::SafariMac | Family::SafariIphone)
    }

    fn languages(&self) -> String {
        let language = self.language;
        let short = language.split('-').next().unwrap_or(language);
        match (self.family, short) {
            (Family::SafariMac | Family::SafariIphone, "en") => format!("{language},en;q=0.9"),
            (Family::SafariMac | Family::SafariIphone, _) => format!("{language},{short};q=0.9"),
            (Family::FirefoxWindows | Family::FirefoxLinux, "en") => format!("{language},en;q=0.5"),
            (Family::FirefoxWindows | Family::FirefoxLinux, _) => {
                format!("{language},{short};q=0.8,en-US;q=0.5,en;q=0.3")
            }
            (_, "en") => format!("{language},en;q=0.9"),
            (_, _) => format!("{language},{short};q=0.9,en-US;q=0.8,en;q=0.7"),
        }
    }
}

impl Family {
    fn current(self) -> u64 {
        match self {
            Self::ChromeWindows | Self::ChromeMac | Self::ChromeAndroid | Self::EdgeWindows => 155,
            Self::FirefoxWindows | Self::FirefoxLinux => 157,
            Self::SamsungAndroid => 30,
            Self::SafariMac | Self::SafariIphone => 26,
        }
    }
}

/// The shop's own app.
#[derive(Clone, Debug)]
pub(super) struct App {
    is_ios: bool,
    release: u64,
    language: &'static str,
}

impl App {
    /// One that a person has.
    pub(super) fn of_person(language: &'static str, random: &mut Random) -> Self {
        Self { is_ios: random.happens(0.45), release: random.weighted(&[0.05, 0.1, 0.25, 0.6]) as u64, language }
    }

    /// TLS fingerprint, of the form that the platform's own client has.
    pub(super) fn ja4(&self) -> &'static str {
        if self.is_ios { "t13d2014h2_a09f3c656075_e42f34c56612" } else { "t13d1513h2_8daaf6152771_eca864cca44a" }
    }

    /// What goes along with a JSON body of so many bytes.
    pub(super) fn fetch(&self, length: usize) -> Headers {
        let (language, release) = (self.language, self.release);
        let length = ("content-length".into(), length.to_string().into());
        if self.is_ios {
            vec![
                fixed("host", "api.shop.example"),
                fixed("content-type", "application/json"),
                fixed("accept", "application/json"),
                ("x-app-version".into(), format!("5.{release}").into()),
                ("accept-language".into(), format!("{language};q=1.0").into()),
                fixed("accept-encoding", "gzip, deflate, br"),
                (
                    "user-agent".into(),
                    format!("ShopApp/5.{release} (iPhone; iOS 18.1) CFNetwork/1568.200.51 Darwin/24.1.0").into(),
                ),
                length,
            ]
        } else {
            vec![
                ("x-app-version".into(), format!("5.{release}").into()),
                ("accept-language".into(), language.into()),
                fixed("content-type", "application/json; charset=utf-8"),
                length,
                fixed("host", "api.shop.example"),
                fixed("connection", "Keep-Alive"),
                fixed("accept-encoding", "gzip"),
                fixed("user-agent", "okhttp/4.12.0"),
            ]
        }
    }
}

/// A header that never changes.
pub(super) fn fixed(name: &'static str, value: &'static str) -> (Cow<'static, str>, Cow<'static, str>) {
    (Cow::Borrowed(name), Cow::Borrowed(value))
}

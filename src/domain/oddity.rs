//! What attempts of real people rarely have: oddities of the program, of what it did before, and of where it is.
//!
//! "No page seen" speaks against a browser and says nothing of an app, so each is asked only of whom it can say something.

use super::{Facts, Has, Program, Traits, Validity, Visit};

/// Something odd. One alone proves little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// No agent.
    NoAgent,
    /// An agent that says to be a browser, and that no browser has.
    FakeAgent,
    /// A library or tool as agent, without an app's device id.
    Script,
    /// A browser without `accept-language`.
    NoLanguage,
    /// A browser without `accept`.
    NoAccept,
    /// A browser without `accept-encoding`.
    NoEncoding,
    /// A Chromium on a secure page without client hints.
    NoHints,
    /// Client hints that name another version than the agent.
    OtherHints,
    /// A browser without `sec-fetch-...`.
    NoFetch,
    /// A browser without `origin` and `referer`.
    NoOrigin,
    /// Headers in an order that this browser doesn't send.
    OtherOrder,
    /// A TLS handshake that this browser doesn't make.
    OtherTls,
    /// A browser whose cookie and address loaded no page before.
    NoPage,
    /// A browser that keeps no cookie.
    NoCookie,
    /// Asked within a second or so of its first page.
    Hasty,
    /// A visit cookie that isn't ours.
    ForgedCookie,
    /// An address of a hosting network.
    Hosting,
    /// An address of a VPN, proxy or Tor.
    Anonymous,
    /// A phone of another country than the address.
    Abroad,
    /// A number in no range that is assigned.
    Unassigned,
    /// A number that isn't mobile.
    NotMobile,
}

/// Client hints are sent from this version on.
const HINTS_SINCE: u16 = 90;
/// A page that was loaded so many whole seconds before was not read. Whole ones, because the decision log keeps these.
const HASTY_S: u64 = 1;

impl Oddity {
    /// How many there are.
    pub const COUNT: usize = 21;

    /// Every one.
    pub const ALL: [Self; Self::COUNT] = [
        Self::NoAgent,
        Self::FakeAgent,
        Self::Script,
        Self::NoLanguage,
        Self::NoAccept,
        Self::NoEncoding,
        Self::NoHints,
        Self::OtherHints,
        Self::NoFetch,
        Self::NoOrigin,
        Self::OtherOrder,
        Self::OtherTls,
        Self::NoPage,
        Self::NoCookie,
        Self::Hasty,
        Self::ForgedCookie,
        Self::Hosting,
        Self::Anonymous,
        Self::Abroad,
        Self::Unassigned,
        Self::NotMobile,
    ];

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoAgent => "no agent",
            Self::FakeAgent => "an agent that no browser has",
            Self::Script => "a script's agent",
            Self::NoLanguage => "a browser without a language",
            Self::NoAccept => "a browser that accepts nothing",
            Self::NoEncoding => "a browser without compression",
            Self::NoHints => "no client hints",
            Self::OtherHints => "client hints of another version",
            Self::NoFetch => "a browser without its fetch headers",
            Self::NoOrigin => "a browser that comes from no page",
            Self::OtherOrder => "headers in an order that this browser doesn't send",
            Self::OtherTls => "a TLS handshake that this browser doesn't make",
            Self::NoPage => "no page seen",
            Self::NoCookie => "a browser that keeps no cookie",
            Self::Hasty => "asked as soon as the page came",
            Self::ForgedCookie => "a forged visit cookie",
            Self::Hosting => "a hosting network",
            Self::Anonymous => "a VPN, proxy or Tor",
            Self::Abroad => "a phone of another country",
            Self::Unassigned => "a number in no assigned range",
            Self::NotMobile => "not a mobile number",
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// The oddities of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Oddities(u32);

impl Oddities {
    /// Of what an attempt says. `page_seen`: whether its address loaded any page lately.
    pub fn of(facts: &Facts, page_seen: bool) -> Self {
        let (client, place, phone) = (&facts.client, &facts.place, facts.phone());
        let Traits { program, major, has, .. } = client.fingerprint.traits;
        let browser = program.is_browser();
        let lacks = |what| browser && !has.holds(what);
        let age_s = facts.visit_age().map(|age| age.as_millis() / 1000);
        let page = page_seen || age_s.is_some_and(|age| age > 0);
        let fetches = program == Program::Chromium && has.holds(Has::FETCH) && major >= HINTS_SINCE;
        let abroad = phone.and_then(|phone| phone.country).zip(place.country).is_some_and(|(a, b)| a != b);
        let holds = |oddity| match oddity {
            Oddity::NoAgent => program == Program::None,
            Oddity::FakeAgent => program == Program::Fake,
            Oddity::Script => program == Program::Library && !client.is_device(),
            Oddity::NoLanguage => lacks(Has::LANGUAGE),
            Oddity::NoAccept => lacks(Has::ACCEPT),
            Oddity::NoEncoding => lacks(Has::ENCODING),
            Oddity::NoHints => fetches && !has.holds(Has::HINTS),
            Oddity::OtherHints => has.holds(Has::OTHER_HINTS),
            Oddity::NoFetch => lacks(Has::FETCH),
            Oddity::NoOrigin => lacks(Has::ORIGIN),
            Oddity::OtherOrder => has.holds(Has::OTHER_ORDER),
            Oddity::OtherTls => has.holds(Has::OTHER_TLS),
            Oddity::NoPage => browser && !page,
            Oddity::NoCookie => browser && client.id.is_none(),
            Oddity::Hasty => age_s.is_some_and(|age| (1..=HASTY_S).contains(&age)),
            Oddity::ForgedCookie => client.visit == Visit::Forged,
            Oddity::Hosting => place.hosting == Some(true),
            Oddity::Anonymous => place.anonymous == Some(true),
            Oddity::Abroad => abroad,
            Oddity::Unassigned => phone.is_some_and(|phone| phone.validity == Validity::Possible),
            Oddity::NotMobile => phone.is_some_and(|phone| !phone.kind.is_mobile()),
        };
        Self(Oddity::ALL.into_iter().filter(|oddity| holds(*oddity)).fold(0, |bits, oddity| bits | oddity.bit()))
    }

    /// Whether this is among them.
    pub const fn holds(self, oddity: Oddity) -> bool {
        self.0 & oddity.bit() != 0
    }

    /// As they are saved.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// As they were saved; `None` for what no attempt has.
    pub fn from_bits(bits: u32) -> Option<Self> {
        (bits >> Oddity::COUNT == 0).then_some(Self(bits))
    }
}

/// How odd each oddity of an attempt is where it was made: 0 for one that it hasn't, or that most real users there have, 1
/// for one that hardly any of them has.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Oddness(pub [f32; Oddity::COUNT]);

impl Oddness {
    /// Of one.
    pub const fn of(&self, oddity: Oddity) -> f32 {
        self.0[oddity as usize]
    }
}

//! Lists: what a rule asks for by name, `ip in lists.office`.
//!
//! Must not know: files, where the entries come from.

use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::{Country, Range};
use crate::lists::{Networks, Ranges};
use crate::privacy::{Pseudonym, Pseudonyms, RawPhone};

/// A list.
#[derive(Clone, Debug)]
pub struct List {
    /// Unique; rules ask for `lists.NAME`.
    pub name: Arc<str>,
    /// What it holds.
    pub members: Members,
}

/// What a list holds.
#[derive(Clone, Debug)]
pub enum Members {
    /// Networks and single addresses.
    Networks(Box<Networks<()>>),
    /// Phones as they were written; they can't be asked for before they have their names.
    Raw(RawNumbers),
    /// Phones, by their keyed names, in order.
    Numbers(Vec<Pseudonym>),
    /// Beginnings of E.164 numbers.
    Ranges(Ranges<()>),
    /// Countries, in order.
    Countries(Vec<Country>),
    /// Autonomous systems, in order.
    Asns(Vec<u32>),
    /// Parts of user agents.
    Agents(Vec<Box<str>>),
    /// Whole texts.
    Texts(HashSet<Box<str>>),
}

/// Raw numbers on the way from a file to their names.
#[derive(Clone, Default)]
pub struct RawNumbers(pub Vec<RawPhone>);

impl fmt::Debug for RawNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} numbers)", self.0.len())
    }
}

/// What a list may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// `ip in lists.x`
    Networks,
    /// `phone in lists.x`
    Numbers,
    /// `phone.range in lists.x`
    Ranges,
    /// `phone.country in lists.x`
    Countries,
    /// `ip.asn in lists.x`
    Asns,
    /// `agent in lists.x`
    Agents,
    /// Any text.
    Texts,
}

impl ListKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Networks, Self::Numbers, Self::Ranges, Self::Countries, Self::Asns, Self::Agents, Self::Texts];

    /// The name in configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Networks => "networks",
            Self::Numbers => "numbers",
            Self::Ranges => "ranges",
            Self::Countries => "countries",
            Self::Asns => "asns",
            Self::Agents => "agents",
            Self::Texts => "texts",
        }
    }

    /// The names that can be asked of it; none: every text.
    pub const fn asked_by(self) -> &'static [&'static str] {
        match self {
            Self::Networks => &["ip"],
            Self::Numbers => &["phone"],
            Self::Ranges => &["phone.range"],
            Self::Countries => &["phone.country", "ip.country"],
            Self::Asns => &["ip.asn"],
            Self::Agents => &["agent"],
            Self::Texts => &[],
        }
    }

    /// One line of documentation.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Networks => "Networks and addresses: `192.0.2.0/24`, `2001:db8::/32`, `198.51.100.7`.",
            Self::Numbers => "Phones in international form, `+447402417171`; kept as keyed names, never in clear.",
            Self::Ranges => "Beginnings of numbers: `+99899394` is a block of 10,000, `+99899` all that begin so.",
            Self::Countries => "Countries by their two letters: `GB`.",
            Self::Asns => "Autonomous systems: `64500` or `AS64500`.",
            Self::Agents => "Parts of the user agent (without versions): `python-requests`. At most 256.",
            Self::Texts => "Whole texts, compared as they are.",
        }
    }
}

impl List {
    /// What it holds.
    pub const fn kind(&self) -> ListKind {
        match self.members {
            Members::Networks(_) => ListKind::Networks,
            Members::Raw(_) | Members::Numbers(_) => ListKind::Numbers,
            Members::Ranges(_) => ListKind::Ranges,
            Members::Countries(_) => ListKind::Countries,
            Members::Asns(_) => ListKind::Asns,
            Members::Agents(_) => ListKind::Agents,
            Members::Texts(_) => ListKind::Texts,
        }
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        match &self.members {
            Members::Networks(networks) => networks.len(),
            Members::Raw(numbers) => numbers.0.len(),
            Members::Numbers(numbers) => numbers.len(),
            Members::Ranges(ranges) => ranges.len(),
            Members::Countries(countries) => countries.len(),
            Members::Asns(asns) => asns.len(),
            Members::Agents(agents) => agents.len(),
            Members::Texts(texts) => texts.len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same list with keyed names in place of raw numbers.
    #[must_use]
    pub fn named(&self, names: &Pseudonyms) -> Self {
        let members = match &self.members {
            Members::Raw(numbers) => {
                let mut named: Vec<_> = numbers.0.iter().map(|number| names.phone(*number)).collect();
                named.sort_unstable();
                Members::Numbers(named)
            }
            other => other.clone(),
        };
        Self { name: Arc::clone(&self.name), members }
    }
}

/// What is asked of a list.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    Nothing,
    Address(IpAddr),
    Phone(Pseudonym),
    Range(Range),
    Asn(i64),
    Text(&'a str),
}

impl Members {
    pub(super) fn holds(&self, asked: Asked<'_>) -> bool {
        match (self, asked) {
            (Self::Networks(networks), Asked::Address(ip)) => networks.contains(ip),
            (Self::Numbers(numbers), Asked::Phone(phone)) => numbers.binary_search(&phone).is_ok(),
            (Self::Ranges(ranges), Asked::Range(range)) => ranges.contains(range),
            (Self::Countries(countries), Asked::Text(text)) => {
                Country::new(text).is_some_and(|country| countries.binary_search(&country).is_ok())
            }
            (Self::Asns(asns), Asked::Asn(asn)) => u32::try_from(asn).is_ok_and(|asn| asns.binary_search(&asn).is_ok()),
            (Self::Agents(agents), Asked::Text(text)) => agents.iter().any(|part| text.contains(&**part)),
            (Self::Texts(texts), Asked::Text(text)) => texts.contains(text),
            _ => false,
        }
    }
}

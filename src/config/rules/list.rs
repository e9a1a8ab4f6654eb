//! One `[[list]]`: its entries stand in the text or in a file, one a line.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::reader::Section;
use crate::config::source::Fault;
use crate::config::{conditions, values};
use crate::domain::{Country, Range};
use crate::lists::{Networks, Ranges, network_of};
use crate::numbering::Numbering;
use crate::privacy::RawPhone;
use crate::rules::{List, ListKind, Members, RawNumbers, possible_agent};
use crate::ruleset::Origin;

/// Most entries of one list.
const MOST: usize = 2_000_000;
/// Most parts of agents: each attempt is compared with all of them.
const MOST_AGENTS: usize = 256;
/// Faults of one file that are told; those after them are mostly the same.
const TOLD: usize = 5;

/// A list that has a name and a kind. Rules may ask for it, be its entries good or not: one fault is told once.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) list: List,
    pub(super) origin: Origin,
    /// Whether its entries could be read; else it has none.
    pub(super) is_whole: bool,
}

/// Reads every `[[list]]`.
pub(super) fn read(section: &mut Section<'_>, files: &mut Vec<PathBuf>) -> Vec<Found> {
    let numbering = Numbering::default();
    section.tables("list", |section| one(section, &numbering, files))
}

fn one(section: &mut Section<'_>, numbering: &Numbering, files: &mut Vec<PathBuf>) -> Option<Found> {
    section.require("name", "rules ask for it by name, such as name = \"office\": ip in lists.office");
    section.require("kind", "say what it holds, such as kind = \"networks\"");
    let name: Option<Arc<str>> = section.parsed("name", name).map(Arc::from);
    let kind = section.choice("kind", &ListKind::ALL.map(|kind| (kind.name(), kind)));
    let inline = kind.map(|kind| section.list("values", |text| entry(kind, text, numbering)));
    let file = section.file("file");
    if kind.is_none() {
        section.knows("values");
    }
    if section.has("values") == section.has("file") {
        let (fault, key) = if section.has("file") {
            (Fault::new("a list has `values` or a `file`, not both"), "file")
        } else {
            (Fault::new("the list has neither `values` nor a `file`"), "")
        };
        section.error(key, fault.hint("write values = [\"192.0.2.0/24\"], or file = \"office.txt\" with one a line"));
    }
    let (name, kind) = (name?, kind?);
    let entries = match file {
        Some(file) => {
            let entries = of_file(section, &file, kind, numbering);
            files.push(file);
            entries
        }
        None => inline?,
    };
    let is_whole = entries.is_some();
    let entries = entries.unwrap_or_default();
    let most = if kind == ListKind::Agents { MOST_AGENTS } else { MOST };
    if entries.len() > most {
        let fault = Fault::new(format!("this list has {} entries, {most} are the most", entries.len()));
        section.error("", fault);
    }
    Some(Found { list: List { name, members: members(kind, entries) }, origin: section.origin(), is_whole })
}

fn of_file(section: &Section<'_>, file: &Path, kind: ListKind, numbering: &Numbering) -> Option<Vec<Entry>> {
    let text = fs::read_to_string(file);
    let text = text.map_err(|error| {
        section.error("file", Fault::new(format!("cannot read {}: {error}", file.display())));
    });
    let text = text.ok()?;
    let mut entries = Vec::new();
    let mut faults = 0;
    // Editors on Windows put a mark before the first line.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    for (index, line) in text.lines().enumerate() {
        let line = line.split_once('#').map_or(line, |(entry, _)| entry).trim();
        if line.is_empty() {
            continue;
        }
        match entry(kind, line, numbering) {
            Ok(entry) => entries.push(entry),
            Err(fault) => {
                faults += 1;
                if faults <= TOLD {
                    section.error_in("file", file, index + 1, fault);
                }
            }
        }
    }
    if faults > TOLD {
        let fault = Fault::new(format!("{} more lines of {} can't be read", faults - TOLD, file.display()));
        section.error("file", fault);
    }
    (faults == 0).then_some(entries)
}

/// A name that the language can read after `lists.`.
fn name(text: &str) -> Result<&str, Fault> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_word = text.starts_with(first) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_word && text.len() <= 64 {
        return Ok(text);
    }
    let fault = Fault::new(format!("{text:?} can't be the name of a list"));
    Err(fault.hint("write letters, digits and underscores: rules ask for `lists.NAME`"))
}

/// An entry of a list. A number can't be printed, so none of them can.
enum Entry {
    Network(ipnet::IpNet),
    Number(RawPhone),
    Range(Range),
    Country(Country),
    Asn(u32),
    Text(Box<str>),
}

fn entry(kind: ListKind, text: &str, numbering: &Numbering) -> Result<Entry, Fault> {
    match kind {
        ListKind::Networks => network_of(text).map(Entry::Network).ok_or_else(|| {
            let fault = Fault::new(format!("{text:?} is not a network or an address"));
            fault.hint("write one such as \"192.0.2.0/24\", \"2001:db8::/32\" or \"198.51.100.7\"")
        }),
        // What is wrong with a number is told without it.
        ListKind::Numbers => {
            let number = text.starts_with('+').then(|| numbering.read(text, None).ok()).flatten();
            number.map(|number| Entry::Number(number.raw)).ok_or_else(|| {
                let fault = Fault::new("this is not a phone number in international form").secret();
                fault.hint("write it with + and its country's code, such as \"+447402417171\"")
            })
        }
        ListKind::Ranges => {
            let digits = text.strip_prefix('+').filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
            let range = digits.filter(|digits| (1..=11).contains(&digits.len()) && !digits.starts_with('0'));
            range.and_then(|digits| digits.parse().ok()).map(|digits| Entry::Range(Range::new(digits))).ok_or_else(
                || {
                    let fault = Fault::new("this is not the beginning of a number").secret();
                    fault.hint("write + and 1 to 11 digits, at most the number less its last four: \"+99899394\"")
                },
            )
        }
        ListKind::Countries => values::country(text).map(Entry::Country),
        ListKind::Asns => {
            let digits = text.strip_prefix("AS").unwrap_or(text);
            digits.parse().map(Entry::Asn).map_err(|_not_a_number| {
                let fault = Fault::new(format!("{text:?} is not an autonomous system"));
                fault.hint("write its number, such as \"64500\" or \"AS64500\"")
            })
        }
        ListKind::Agents if text.chars().count() < 3 => {
            Err(Fault::new(format!("{text:?} is a part of almost every agent")).hint("write three characters or more"))
        }
        ListKind::Agents => possible_agent(text).map(|()| Entry::Text(text.into())).map_err(conditions::fault),
        ListKind::Texts => Ok(Entry::Text(text.into())),
    }
}

fn members(kind: ListKind, entries: Vec<Entry>) -> Members {
    fn of<T, C: FromIterator<T>>(entries: Vec<Entry>, take: impl FnMut(Entry) -> Option<T>) -> C {
        entries.into_iter().filter_map(take).collect()
    }
    fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
        all.sort_unstable();
        all.dedup();
        all
    }
    let text = |entry| if let Entry::Text(text) = entry { Some(text) } else { None };
    match kind {
        ListKind::Networks => Members::Networks(Box::new(of::<_, Networks<()>>(entries, |entry| match entry {
            Entry::Network(network) => Some(network),
            _ => None,
        }))),
        ListKind::Numbers => Members::Raw(RawNumbers(of(entries, |entry| match entry {
            Entry::Number(number) => Some(number),
            _ => None,
        }))),
        ListKind::Ranges => {
            let mut ranges = Ranges::default();
            for entry in entries {
                if let Entry::Range(range) = entry {
                    ranges.insert(range, ());
                }
            }
            Members::Ranges(ranges)
        }
        ListKind::Countries => Members::Countries(sorted(of(entries, |entry| match entry {
            Entry::Country(country) => Some(country),
            _ => None,
        }))),
        ListKind::Asns => Members::Asns(sorted(of(entries, |entry| match entry {
            Entry::Asn(asn) => Some(asn),
            _ => None,
        }))),
        ListKind::Agents => Members::Agents(of(entries, text)),
        ListKind::Texts => Members::Texts(of::<_, HashSet<_>>(entries, text)),
    }
}

//! `rules`, `packs`, `[[rule]]`, `[[list]]`, and the cases beside rule files: what operators ask for.
//!
//! Rules stand in the configuration itself, in files of their own, and in packs that come with sendwall. They are read
//! in this order, and asked in it where their priorities are the same. A list of the operator takes the place of a
//! pack's of the same name; so does a rule, and one without `when` and `then` only changes how a pack's rule is used.

mod case;
mod files;
mod list;
mod packs;
mod rule;
mod testing;

pub use files::belonging;
pub(super) use packs::asks_for as asks_for_pack;
pub use testing::{NotTested, Tested, test_directory};

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::de::DeTable;

use self::files::{Named, Text};
use self::rule::{Change, Written};
use super::limits::Limits;
use super::reader::Section;
use super::source::{Fault, Source};
use super::{Problem, Severity, values};
use crate::domain::Timestamp;
use crate::gate::Endpoint;
use crate::limits::{Limit, On};
use crate::privacy::Pseudonyms;
use crate::rules::{Catalogue, List, Zone, nearest};
use crate::ruleset::{Origin, Rule, RuleSet};

/// What operators ask for, checked.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// In the order in which they were read.
    pub rules: Vec<Rule>,
    /// What they ask for by name.
    pub lists: Vec<List>,
    /// Of hours and weekdays.
    pub zone: Zone,
    /// Every file that was read for this, cases and lists included: what a change of the rules is a change of.
    pub files: Vec<PathBuf>,
    /// Where more of them may come to stand: those of patterns.
    pub directories: BTreeSet<PathBuf>,
    /// Those of them in which files fit.
    pub filled: BTreeSet<PathBuf>,
    /// The patterns.
    pub patterns: BTreeSet<PathBuf>,
    /// Hash of all of them; 0 where there is none.
    pub hash: u32,
}

impl Rules {
    /// The rules whose last day is over.
    pub(super) fn expired(&self, now: Timestamp) -> Vec<Problem> {
        let expired = self.rules.iter().filter(|rule| rule.expires.is_some_and(|end| end <= now));
        let hint = Some("take it out, or give it a later day");
        let warning = |rule: &Rule| {
            let message = format!("rule {:?} has expired: it is silent", rule.id);
            testing::problem(Severity::Warning, &rule.origin, message, hint)
        };
        expired.map(warning).collect()
    }

    /// Ready to be asked: lists of numbers hold names under this key.
    pub fn compile(&self, names: &Pseudonyms, endpoints: &[Arc<str>]) -> RuleSet {
        RuleSet::new(self.rules.clone(), &self.lists, names, endpoints, self.zone)
    }
}

/// Whether the cases beside the rules are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cases {
    /// One that fails is an error.
    Tried,
    /// They are neither read nor tried.
    Left,
}

/// What the tables of one place say.
#[derive(Default)]
struct Read {
    rules: Vec<Written>,
    lists: Vec<list::Found>,
}

/// Where rules stand: the configuration, a file, a pack.
struct Place {
    text: Text,
    read: Read,
    /// Whether nothing in it is at fault; else cases beside it may fail for no fault of theirs.
    is_sound: bool,
}

impl Place {
    fn new(text: Text) -> Self {
        Self { text, read: Read::default(), is_sound: true }
    }

    /// Reads a part of it; gives what is wrong with that.
    fn with(&mut self, whole: bool, read: impl FnOnce(&mut Section<'_>, &mut Read)) -> Vec<Problem> {
        let problems = self.text.with(whole, |section| read(section, &mut self.read));
        self.is_sound &= !problems.iter().any(Problem::is_error);
        problems
    }
}

/// Reads everything.
pub(super) fn read(root: &mut Section<'_>, endpoints: &[Endpoint], limits: &Limits, cases: Cases) -> Rules {
    let zone = root.parsed("rules_zone", zone).unwrap_or_default();
    let endpoints: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.name.as_ref()).collect();
    let Named { texts, mut files, directories, filled, patterns } = files::read(root);
    let packs = packs::read(root);
    let mut places: Vec<_> = texts.into_iter().chain(packs).map(Place::new).collect();

    let own_lists = list::read(root, &mut files);
    for place in &mut places {
        let problems = place.with(false, |section, read| read.lists = list::read(section, &mut files));
        root.adopt("rules", problems);
    }
    let found = one_of_each(root, own_lists, &places);
    let are_whole = found.iter().all(|found| found.is_whole);
    let lists: Vec<_> = found.into_iter().map(|found| found.list).collect();
    let catalogue = Catalogue {
        lists: lists.iter().map(|list| (Arc::clone(&list.name), list.kind())).collect(),
        limits: Some(names_of(&limits.limits)),
        endpoints: Some(endpoints.iter().map(|name| Arc::from(*name)).collect()),
    };
    let own = rule::read(root, Some(&endpoints), &catalogue);
    for place in &mut places {
        let known = if place.text.is_pack { &[][..] } else { &endpoints[..] };
        let problems = place.with(true, |section, read| {
            section.knows("list");
            read.rules = rule::read(section, Some(known), &catalogue);
        });
        root.adopt("rules", problems);
    }
    if cases == Cases::Tried {
        try_cases(root, &places, (are_whole.then_some(&lists), zone), &catalogue, &mut files);
    }
    let rules = together(root, own, places);
    check_counts(root, &rules);
    let hash = files::hash(&files);
    Rules { rules, lists, zone, files, directories, filled, patterns, hash }
}

fn zone(text: &str) -> Result<Zone, Fault> {
    let bad = || Fault::new(format!("{text:?} is not a distance from UTC"));
    Zone::parse(text).ok_or_else(|| bad().hint("write it with its sign, such as \"+01:00\""))
}

/// Of those on sends.
fn names_of(limits: &[Arc<Limit>]) -> Vec<Arc<str>> {
    let on_sends = limits.iter().filter(|limit| limit.on == On::Send);
    on_sends.map(|limit| Arc::clone(&limit.name)).collect()
}

/// The operator's lists, and those of packs that have none of their name.
fn one_of_each(root: &Section<'_>, own: Vec<list::Found>, places: &[Place]) -> Vec<list::Found> {
    let mut lists: BTreeMap<Arc<str>, list::Found> = BTreeMap::new();
    let all = places.iter().flat_map(|place| place.read.lists.iter().cloned().map(|found| (found, place.text.is_pack)));
    for (found, is_pack) in own.into_iter().map(|found| (found, false)).chain(all) {
        let name = &found.list.name;
        match lists.get(name) {
            Some(_) if is_pack => {}
            Some(first) => {
                let (first, second) = (&first.origin, &found.origin);
                let fault = Fault::new(format!("two lists are named {name:?}: at {first} and at {second}"));
                root.error("list", fault.hint("give one of them another name"));
            }
            None => drop(lists.insert(Arc::clone(name), found)),
        }
    }
    lists.into_values().collect()
}

/// The rules in their order; those of packs as the operator changed them.
fn together(root: &Section<'_>, own: Vec<Written>, places: Vec<Place>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut changes = Vec::new();
    let (packs, files): (Vec<_>, Vec<_>) = places.into_iter().partition(|place| place.text.is_pack);
    let mut origins: HashMap<Arc<str>, Origin> = HashMap::new();
    for written in own.into_iter().chain(files.into_iter().flat_map(|place| place.read.rules)) {
        match written {
            Written::Rule(rule) => {
                if let Some(first) = origins.get(&rule.id) {
                    let second = &rule.origin;
                    let fault = Fault::new(format!("two rules are named {:?}: at {first} and at {second}", rule.id));
                    root.error("rule", fault.hint("decisions name rules by their id; give one of them another"));
                } else {
                    origins.insert(Arc::clone(&rule.id), rule.origin.clone());
                    rules.push(*rule);
                }
            }
            Written::Change(change) => changes.push(change),
        }
    }
    let own = rules.len();
    for written in packs.into_iter().flat_map(|place| place.read.rules) {
        if let Written::Rule(rule) = written
            && !origins.contains_key(&rule.id)
        {
            rules.push(*rule);
        }
    }
    for change in changes {
        apply(root, &mut rules, own, change);
    }
    rules
}

fn apply(root: &Section<'_>, rules: &mut Vec<Rule>, own: usize, change: Change) {
    let of_packs = || rules.iter().skip(own).map(|rule| &*rule.id);
    let place = of_packs().position(|id| *id == *change.id).map(|place| place + own);
    match place {
        Some(place) if change.off => drop(rules.remove(place)),
        Some(place) => change.apply(&mut rules[place]),
        None => {
            let fault = Fault::new(format!("at {}: {:?} has neither `when` nor `then`", change.origin, change.id));
            root.error(
                "rule",
                match nearest(&change.id, of_packs()) {
                    Some(near) => fault.hint(format!("a pack has {near:?}: did you mean that?")),
                    None => {
                        fault.hint("without these it changes a rule of a pack, and no pack in use has one of this name")
                    }
                },
            );
        }
    }
}

fn check_counts(root: &Section<'_>, rules: &[Rule]) {
    let asked = crate::rules::Conditions::new(rules.iter().map(|rule| &rule.when), Vec::new());
    let (asked, most) = (asked.counts().len(), crate::rules::Conditions::MOST_COUNTS);
    if asked > most {
        let fault = Fault::new(format!("rules ask for the counts of {asked} limits, {most} are the most"));
        root.error("rules", fault);
    }
}

/// Tries the cases beside each file, with the rules of that directory alone.
fn try_cases(
    root: &Section<'_>,
    places: &[Place],
    (lists, zone): (Option<&Vec<List>>, Zone),
    catalogue: &Catalogue,
    files: &mut Vec<PathBuf>,
) {
    for directory in files::directories(places.iter().map(|place| &place.text)) {
        let Some(text) = files::cases_in(&directory, files) else { continue };
        let mut cases = Vec::new();
        let mut problems = text.with(true, |section| cases = case::read(section, catalogue));
        let of_here = |place: &&Place| !place.text.is_pack && place.text.directory() == directory;
        let rules =
            places.iter().filter(of_here).flat_map(|place| &place.read.rules).filter_map(|written| match written {
                Written::Rule(rule) => Some(Rule::clone(rule)),
                Written::Change(_) => None,
            });
        // With a list, a rule or a fact that couldn't be read cases fail for no fault of theirs.
        if let Some(lists) = lists
            && !problems.iter().any(Problem::is_error)
            && places.iter().filter(of_here).all(|place| place.is_sound)
        {
            problems.extend(testing::failures(rules.collect(), lists, zone, &cases).0);
        }
        root.adopt("rules", problems);
    }
}

impl Text {
    /// Reads the text; gives what is wrong with it. `whole`: what is unknown at its top, and what isn't TOML, is told.
    fn with(&self, whole: bool, read: impl FnOnce(&mut Section<'_>)) -> Vec<Problem> {
        let source = Source::of_file(Path::new(&self.name), &self.text).based_at(&self.directory());
        let (table, syntax) = DeTable::parse_recoverable(&self.text);
        if whole {
            super::report_syntax(&source, &syntax);
        }
        if syntax.is_empty() {
            if whole { Section::root(&source, &table, read) } else { Section::part(&source, &table, read) }
        }
        source.take().0
    }
}

/// One of the endpoints.
fn endpoint(name: &str, known: &[&str]) -> Result<Arc<str>, Fault> {
    if known.contains(&name) {
        return Ok(Arc::from(name));
    }
    let fault = Fault::new(format!("there is no endpoint {name:?}"));
    Err(match nearest(name, known.iter().copied()) {
        Some(known) => fault.hint(format!("did you mean {known:?}?")),
        None => fault.hint(format!("the endpoints are {}", values::quoted(known.iter().copied()))),
    })
}

//! Cases tried: of a directory of rules, and of the packs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::{self, Text};
use super::packs::PACKS;
use super::rule::Written;
use super::{Place, case, list, names_of, rule};
use crate::config::problem::{Position, Problem, Severity};
use crate::config::{Config, limits};
use crate::limits::Limit;
use crate::privacy::{KeyRing, Pseudonyms, Purpose};
use crate::rules::{Catalogue, List, Zone};
use crate::ruleset::{Case, Origin, Rule, RuleSet};

/// What `rules test` found.
#[derive(Debug, Default)]
pub struct Tested {
    /// Faults, failed cases, and as warnings the rules without a case.
    pub problems: Vec<Problem>,
    /// Rules that were read.
    pub rules: usize,
    /// Of them, those that spoke in a case.
    pub covered: usize,
    /// Cases that were read.
    pub cases: usize,
    /// Of them, those that were tried: beside a fault they may fail for no fault of theirs.
    pub tried: usize,
    /// Of those, the ones that failed.
    pub failed: usize,
}

/// Why nothing was tried.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}; name the directory of your rules: sendwall rules test DIR", directory.display())]
pub struct NotTested {
    directory: PathBuf,
    source: std::io::Error,
}

/// Tries the cases of a directory, and of each directory in it that has rules; `None`: those of the packs. They are for
/// that configuration: its lists, limits and endpoints may be asked for, by its clock. `None`: any limit and endpoint.
pub fn test_directory(directory: Option<&Path>, config: Option<&Config>) -> Result<Tested, NotTested> {
    let mut tested = Tested::default();
    let Some(directory) = directory else {
        for pack in PACKS {
            let own = Own { texts: vec![pack.text()], limits: limits::of_text(pack.limits()) };
            tested.directory(own, Some(&pack.cases()), config);
        }
        return Ok(tested);
    };
    let unreadable = |source| NotTested { directory: directory.to_owned(), source };
    let mut directories = vec![directory.to_owned()];
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            directories.push(path);
        }
    }
    directories.sort();
    for directory in directories {
        let mut texts = Vec::new();
        for path in files::matching(&directory).map_err(unreadable)? {
            let text = std::fs::read_to_string(&path).map_err(unreadable)?;
            texts.push(Text { name: path.display().to_string(), text, is_pack: false });
        }
        let limits = texts.iter().flat_map(|text| limits::of_text(&text.text)).collect();
        // A file of limits or of anything else isn't one of rules.
        texts.retain(|text| text.text.contains("[[rule]]") || text.text.contains("[[list]]"));
        if !texts.is_empty() {
            let cases = files::cases_in(&directory, &mut Vec::new());
            tested.directory(Own { texts, limits }, cases.as_ref(), config);
        }
    }
    Ok(tested)
}

/// What stands in one directory.
struct Own {
    texts: Vec<Text>,
    limits: Vec<Arc<Limit>>,
}

impl Tested {
    fn directory(&mut self, own: Own, cases: Option<&Text>, config: Option<&Config>) {
        let mut places: Vec<_> = own.texts.into_iter().map(Place::new).collect();
        let mut files = Vec::new();
        for place in &mut places {
            self.problems.extend(place.with(false, |section, read| read.lists = list::read(section, &mut files)));
        }
        let mut lists: Vec<List> =
            places.iter().flat_map(|place| &place.read.lists).map(|found| found.list.clone()).collect();
        for list in config.into_iter().flat_map(|config| &config.rules.lists) {
            if lists.iter().all(|own| own.name != list.name) {
                lists.push(list.clone());
            }
        }
        let catalogue = Catalogue {
            lists: lists.iter().map(|list| (Arc::clone(&list.name), list.kind())).collect(),
            limits: config.map(|config| {
                let both = [&config.limits.limits, &own.limits];
                both.into_iter().flat_map(|limits| names_of(limits)).collect()
            }),
            endpoints: config.map(|config| config.endpoints.iter().map(|one| Arc::clone(&one.name)).collect()),
        };
        let known: Option<Vec<&str>> =
            catalogue.endpoints.as_ref().map(|endpoints| endpoints.iter().map(|name| &**name).collect());
        for place in &mut places {
            let mut problems = place.with(true, |section, read| {
                section.knows("list");
                section.knows("limit");
                read.rules = rule::read(section, known.as_deref(), &catalogue);
            });
            if config.is_none() {
                problems.iter_mut().for_each(name_config);
            }
            self.problems.extend(problems);
        }
        let mut are_sound = places.iter().all(|place| place.is_sound);
        let rules = places.into_iter().flat_map(|place| place.read.rules).filter_map(|written| match written {
            Written::Rule(rule) => Some(*rule),
            Written::Change(_) => None,
        });
        let rules: Vec<Rule> = rules.collect();
        let mut read = Vec::new();
        if let Some(text) = cases {
            let problems = text.with(true, |section| read = case::read(section, &catalogue));
            are_sound &= !problems.iter().any(Problem::is_error);
            self.problems.extend(problems);
        }
        self.rules += rules.len();
        self.cases += read.len();
        // With a list, a rule or a fact that couldn't be read cases fail for no fault of theirs.
        if !are_sound {
            return;
        }
        self.tried += read.len();
        let zone = config.map(|config| config.rules.zone).unwrap_or_default();
        let (failures, spoken) = failures(rules.clone(), &lists, zone, &read);
        let uncovered: Vec<_> = rules.iter().filter(|rule| !spoken.contains(&rule.id)).collect();
        self.covered += rules.len() - uncovered.len();
        self.failed += failures.len();
        self.problems.extend(failures);
        self.problems.extend(uncovered.into_iter().map(|rule| {
            let hint = "add a [[case]] in which it speaks to cases.toml beside it";
            problem(Severity::Warning, &rule.origin, format!("no case has rule {:?} speak", rule.id), Some(hint))
        }));
    }
}

/// A list that isn't there may be one of a configuration that wasn't named.
fn name_config(problem: &mut Problem) {
    if let Some(hint) = &mut problem.hint
        && problem.message.starts_with("there is no list ")
    {
        hint.push_str("; --config FILE adds those of a configuration");
    }
}

/// The cases that come out otherwise, and the rules that spoke in any.
pub(super) fn failures(
    rules: Vec<Rule>,
    lists: &[List],
    zone: Zone,
    cases: &[Case],
) -> (Vec<Problem>, BTreeSet<Arc<str>>) {
    // Lists and cases are under the same key, whichever it is.
    let names = Pseudonyms::new(&KeyRing::fixed(1).derive(Purpose::Pseudonyms));
    let set = RuleSet::new(rules, lists, &names, &[], zone);
    let mut problems = Vec::new();
    let mut spoken = BTreeSet::new();
    for case in cases {
        let (rules, result) = set.try_case(case, &names);
        spoken.extend(rules);
        if let Err(mismatch) = result {
            let message = format!("case {:?} fails: {mismatch}", case.name);
            problems.push(problem(Severity::Error, &case.origin, message, None));
        }
    }
    (problems, spoken)
}

pub(super) fn problem(severity: Severity, origin: &Origin, message: String, hint: Option<&str>) -> Problem {
    Problem {
        severity,
        file: origin.file.to_string(),
        position: Some(Position { line: origin.line, column: 1 }),
        path: String::new(),
        message,
        hint: hint.map(str::to_owned),
        excerpt: None,
    }
}

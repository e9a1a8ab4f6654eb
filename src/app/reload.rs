//! A reload as a transaction: all files are read, all is compiled, one new revision is put in force; or nothing changes
//! but what is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use ring::digest::{Context, SHA256};

use super::build::revision;
use super::difference::Keys;
use super::engine::Engine;
use super::fixed::Fixed;
use super::history::Told;
use super::watch::{Quiet, Stamps, Step};
use crate::admin::Cause;
use crate::config::{self, Config, Faulty, LoadError, Problem, Rules};
use crate::domain::RevisionId;
use crate::telemetry::events::{ConfigLoaded, ConfigWarns, HistoryFailed, NeedsRestart, ReloadMended, ReloadRejected};

/// Of larger files a digest is kept: that they changed is told, and not what changed in them.
const MAX_READ: u64 = 16 * 1024 * 1024;

/// What a reload begins with. Held during one, so that two never cross.
#[derive(Debug, Default)]
pub(super) struct InForce {
    /// What the files in force said.
    contents: Contents,
    keys: Keys,
    /// Every file to look at: those in force, and those of what was refused since.
    watched: BTreeSet<PathBuf>,
    /// What files may come to fit that belong to either.
    patterns: BTreeSet<PathBuf>,
    /// Directories in which files in force fit a pattern.
    filled: BTreeSet<PathBuf>,
    /// What the files said when it was told last that they are refused; empty where none are.
    refused: Contents,
}

/// What was wrong with the last reload, and so many of these kept it from being used.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) problems: Vec<String>,
    pub(super) errors: usize,
}

/// What files say, or a digest of that.
type Contents = BTreeMap<PathBuf, Vec<u8>>;

impl InForce {
    /// After the start.
    pub(super) fn of(file: Option<&Path>, config: &Config) -> Self {
        let files = files(file, config);
        Self::new(read(&files), files, &config.rules)
    }

    fn new(contents: Contents, files: BTreeSet<PathBuf>, rules: &Rules) -> Self {
        Self {
            keys: Keys::of(&contents),
            contents,
            watched: files,
            patterns: rules.patterns.clone(),
            filled: rules.filled.clone(),
            refused: Contents::new(),
        }
    }

    /// A directory from which files are in force and which isn't there any more. One that was never there is only empty;
    /// but what a policy stands in may go by mistake, such as a mount.
    fn vanished<'r>(&'r self, rules: &'r Rules) -> Option<&'r PathBuf> {
        rules.directories.intersection(&self.filled).find(|directory| !directory.exists())
    }

    /// One in which nothing fits any more: what was mounted there leaves it empty when it goes.
    fn emptied<'r>(&'r self, rules: &'r Rules) -> Option<&'r PathBuf> {
        rules.directories.intersection(&self.filled).find(|directory| !rules.filled.contains(*directory))
    }

    /// Compiles the configuration, with all that its files said. They are read before, so that what changes meanwhile is
    /// seen as a change the next time; files that turn out to belong to it only then are a reason to begin anew, once.
    fn load_still(&mut self, file: &Path) -> Result<(Config, BTreeSet<PathBuf>, Contents), Refused> {
        let before = self.watched.clone();
        let contents = read(&before);
        let config = self.load(file)?;
        let files = files(Some(file), &config);
        if files == before {
            return Ok((config, files, contents));
        }
        let contents = read(&files);
        Ok((self.load(file)?, files, contents))
    }

    /// Compiles it. Whatever comes of that, all that belongs to it is watched from now on.
    fn load(&mut self, file: &Path) -> Result<Config, Refused> {
        let (loaded, named, patterns) = match config::load(file) {
            Ok(config) => {
                let (files, patterns) = (files(Some(file), &config), config.rules.patterns.clone());
                (Ok(config), files, patterns)
            }
            Err(LoadError::Faulty(Faulty { problems, files, patterns })) => {
                let faulty = problems.iter().map(|problem| PathBuf::from(&problem.file)).filter(|file| file.exists());
                let files = files.into_iter().chain(faulty).collect();
                (Err(Refused::of(&problems)), files, patterns)
            }
            Err(error @ LoadError::Unreadable { .. }) => return Err(Refused::because(&error)),
        };
        self.watched.extend(named);
        self.patterns.extend(patterns);
        loaded
    }

    fn changed(&self, contents: &Contents) -> Vec<PathBuf> {
        let differs = |path: &&PathBuf| self.contents.get(*path) != contents.get(*path);
        let all: BTreeSet<&PathBuf> = self.contents.keys().chain(contents.keys()).collect();
        all.into_iter().filter(differs).cloned().collect()
    }
}

fn files(file: Option<&Path>, config: &Config) -> BTreeSet<PathBuf> {
    file.map(Path::to_owned).into_iter().chain(config.files.iter().cloned()).collect()
}

fn read(files: &BTreeSet<PathBuf>) -> Contents {
    files.iter().filter_map(|path| Some((path.clone(), content(path)?))).collect()
}

/// `None` where there is no file, or none that can be read.
fn content(path: &Path) -> Option<Vec<u8>> {
    let file = fs::metadata(path).ok().filter(Metadata::is_file)?;
    if file.len() <= MAX_READ { fs::read(path).ok() } else { digest(path).ok() }
}

fn digest(path: &Path) -> io::Result<Vec<u8>> {
    let (mut file, mut all) = (BufReader::with_capacity(64 * 1024, File::open(path)?), Context::new(&SHA256));
    loop {
        let part = file.fill_buf()?;
        if part.is_empty() {
            return Ok(all.finish().as_ref().to_vec());
        }
        all.update(part);
        let length = part.len();
        file.consume(length);
    }
}

impl Engine {
    /// Loads the configuration again, and tells what came of it.
    pub(super) fn reload_for(&self, cause: &Cause) -> Result<RevisionId, Vec<String>> {
        let Ok(asked) = self.asked.try_acquire() else {
            return Err(vec![
                "a reload is under way and another one waits for it, which reads what the files say then".to_owned(),
            ]);
        };
        let mut in_force = self.in_force.lock();
        // Given back before the lock is: the one that waits has read nothing while it keeps others away.
        let _asked = asked;
        self.attempt(&mut in_force, cause, true)
    }

    /// To be taken before anybody can count on an edit being seen.
    pub(super) fn settled(&self) -> Quiet {
        let in_force = self.in_force.lock();
        Quiet::settled(Stamps::of(&in_force.watched, &in_force.patterns))
    }

    /// Looks at the files, and takes in what has changed once they are quiet. To be called every
    /// [`LOOK_EVERY`](super::watch::LOOK_EVERY).
    pub(super) fn look(&self, quiet: &mut Quiet) {
        if self.file.is_none() {
            return;
        }
        let mut in_force = self.in_force.lock();
        let step = quiet.look(Stamps::of(&in_force.watched, &in_force.patterns));
        let cause = Cause::Files { changed: Vec::new() };
        let refused = match step {
            Step::Wait => return,
            Step::Try => self.attempt(&mut in_force, &cause, false).is_err(),
            Step::TryAndTell => self.attempt(&mut in_force, &cause, true).is_err(),
        };
        if refused && step == Step::Try {
            quiet.faulty();
        }
    }

    /// `tells`: also of faults.
    fn attempt(&self, in_force: &mut InForce, cause: &Cause, tells: bool) -> Result<RevisionId, Vec<String>> {
        let current = self.gate.revision().id;
        let Some(file) = &self.file else {
            let problems =
                vec!["sendwall runs without a configuration file, so there is none to read again".to_owned()];
            // It stays no trouble: no later reload could end it.
            ReloadRejected { revision: current, problems: &problems, errors: problems.len() }.emit(&self.metrics);
            return Err(problems);
        };
        match self.load(file, in_force, cause) {
            Ok(id) => {
                *self.faults.lock() = Faults::default();
                Ok(id)
            }
            Err(Refused { problems, errors }) if tells => {
                let contents = read(&in_force.watched);
                // What was told already isn't told again because something stirs beside it; another edit is.
                let is_old = self.faults.lock().problems == problems && in_force.refused == contents;
                if !is_old || !matches!(cause, Cause::Files { .. }) {
                    *self.faults.lock() = Faults { problems: problems.clone(), errors };
                    let cause = with_files(cause, in_force.changed(&contents));
                    in_force.refused = contents;
                    ReloadRejected { revision: current, problems: &problems, errors }.emit(&self.metrics);
                    self.tell("refused", current, &cause, &in_force.watched, (&[], &problems));
                }
                Err(problems)
            }
            Err(Refused { problems, .. }) => Err(problems),
        }
    }

    fn load(&self, file: &Path, in_force: &mut InForce, cause: &Cause) -> Result<RevisionId, Refused> {
        let (config, files, contents) = in_force.load_still(file)?;
        if let Some(gone) = in_force.vanished(&config.rules) {
            return Err(Refused::because(&format!(
                "the directory {} is gone, and rules in force were read there: they stay. Make it again, or take it out \
                 of `rules`",
                gone.display()
            )));
        }
        if let Some(empty) = in_force.emptied(&config.rules)
            && matches!(cause, Cause::Files { .. })
        {
            return Err(Refused::because(&format!(
                "the directory {} holds no rules any more, and some in force were read there: they stay. Where that is meant, \
                 reload by SIGHUP or `POST /api/reload`",
                empty.display()
            )));
        }
        let changed = in_force.changed(&contents);
        let current = self.gate.revision().id;
        if changed.is_empty() && matches!(cause, Cause::Files { .. }) {
            if self.faults.lock().errors > 0 {
                ReloadMended { revision: current }.emit();
            }
            *in_force = InForce::new(contents, files, &config.rules);
            return Ok(current);
        }
        // What doesn't change keeps its name; asked for by hand, secrets are read again all the same.
        let number = if changed.is_empty() { current.number } else { self.revisions.load(Ordering::Relaxed) + 1 };
        let before = self.gate.revision();
        // What may fail comes first: to prepare limits changes those in force.
        let sender = self.courier.sender(&config.deliver).map_err(|error| Refused::because(&error))?;
        let revision = revision(&config, number, &self.store, self.gate.names(), before.captcha.client.as_ref())
            .map_err(|error| Refused::because(&error))?;
        self.courier.replace(&config.deliver, sender);
        self.revisions.store(number, Ordering::Relaxed);
        let id = revision.id;
        self.gate.replace(revision);
        self.alarm.replace(config.alerts.clone());
        ConfigLoaded { revision: id, endpoints: config.endpoints.len(), warnings: config.warnings.len() }
            .emit(&self.metrics);
        let warnings = told(&config.warnings);
        if !warnings.is_empty() {
            ConfigWarns { revision: id, warnings: &warnings }.emit();
        }
        let settings = self.fixed.changed(&Fixed::of(&config));
        if !settings.is_empty() {
            NeedsRestart { settings: &settings }.emit();
        }
        let now = InForce::new(contents, files, &config.rules);
        if !changed.is_empty() {
            let changes = in_force.keys.changes_to(&now.keys);
            self.tell("applied", id, &with_files(cause, changed), &now.watched, (&changes, &warnings));
        }
        *in_force = now;
        Ok(id)
    }

    /// The first line of a process.
    pub(super) fn tell_start(&self, warnings: &[Problem]) {
        let in_force = self.in_force.lock();
        self.tell("applied", self.gate.revision().id, &Cause::Start, &in_force.watched, (&[], &told(warnings)));
    }

    fn tell(
        &self,
        result: &'static str,
        revision: RevisionId,
        cause: &Cause,
        files: &BTreeSet<PathBuf>,
        (changes, problems): (&[String], &[String]),
    ) {
        let files = files.iter().map(PathBuf::as_path).collect();
        let told = Told { v: 1, at: self.clock.now(), result, revision, cause, files, changes, problems };
        if let Err(error) = self.history.tell(&told) {
            HistoryFailed { error: &error }.emit(&self.metrics);
        }
    }
}

/// Why there is no new revision.
struct Refused {
    /// What keeps it from being used, then what is only worth knowing.
    problems: Vec<String>,
    errors: usize,
}

impl Refused {
    fn of(problems: &[Problem]) -> Self {
        let (errors, warnings): (Vec<_>, Vec<_>) = problems.iter().partition(|problem| problem.is_error());
        let count = errors.len();
        Self { problems: errors.into_iter().chain(warnings).map(ToString::to_string).collect(), errors: count }
    }

    fn because(error: &impl ToString) -> Self {
        Self { problems: vec![error.to_string()], errors: 1 }
    }
}

fn told(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

fn with_files(cause: &Cause, changed: Vec<PathBuf>) -> Cause {
    match cause {
        Cause::Files { .. } => Cause::Files { changed },
        Cause::Start | Cause::Signal | Cause::Api { .. } => cause.clone(),
    }
}

//! The file of the snapshot: written whole or not at all, read whole or not at all.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use sendwall::clock::{Clock, ManualClock};
use sendwall::domain::{RevisionId, Span, Timestamp};
use sendwall::pack::{MAX_CHUNK, Out, Restored, Section, Unfit};
use sendwall::state::{Settings, Snapshots};
use sendwall::telemetry::{EvidenceStats, Metrics, Snapshot};
use tokio_util::sync::CancellationToken;

use crate::journal::{Scratch, start_of_test};

/// A section of plain texts, each a chunk. One that is called "unfit" isn't taken in again.
struct Texts {
    name: &'static str,
    version: u32,
    texts: Mutex<Vec<Vec<u8>>>,
}

impl Texts {
    fn new(name: &'static str, texts: &[&str]) -> Self {
        Self { name, version: 1, texts: Mutex::new(texts.iter().map(|text| text.as_bytes().to_vec()).collect()) }
    }

    fn all(&self) -> Vec<String> {
        self.texts.lock().unwrap().iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    }

    fn add(&self, text: &[u8]) {
        self.texts.lock().unwrap().push(text.to_vec());
    }
}

impl Section for Texts {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn changes(&self) -> u64 {
        self.texts.lock().unwrap().len() as u64
    }

    fn save(&self, _now: Timestamp, out: &mut Out<'_>) -> io::Result<()> {
        let texts = self.texts.lock().unwrap().clone();
        texts.iter().try_for_each(|text| out(text))
    }

    fn restore(&self, _now: Timestamp, chunk: &[u8]) -> Result<Restored, Unfit> {
        if chunk == b"unfit" {
            return Err(Unfit::Gone { what: "limit \"unfit\"".to_owned() });
        }
        self.add(chunk);
        Ok(Restored { taken: 1, left_out: 0 })
    }
}

/// A state directory and what writes to it.
struct Stage {
    directory: Scratch,
    clock: Arc<ManualClock>,
    metrics: Arc<Metrics>,
    snapshots: Snapshots,
}

const KEY: [u8; 32] = [7; 32];

impl Stage {
    fn new() -> Self {
        Self::in_directory(Scratch::new("state"), &KEY)
    }

    fn in_directory(directory: Scratch, key: &[u8; 32]) -> Self {
        let clock = Arc::new(ManualClock::at(start_of_test()));
        let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let metrics = Arc::new(Metrics::new("test", Arc::clone(&shared)));
        let settings = Settings::in_directory(directory.path().to_owned());
        let snapshots = Snapshots::new(settings, key, shared, Arc::clone(&metrics));
        Self { directory, clock, metrics, snapshots }
    }

    /// The same directory in the hands of another process.
    fn restarted_with(self, key: &[u8; 32]) -> Self {
        let now = self.clock.now();
        let stage = Self::in_directory(self.directory, key);
        stage.clock.set(now);
        stage
    }

    fn save(&self, sections: &[&dyn Section]) -> Span {
        let at_once = CancellationToken::new();
        at_once.cancel();
        self.snapshots.save(sections, &at_once)
    }

    /// What a section holds after a start with the file as it is.
    fn restored(&self) -> Vec<String> {
        let texts = Texts::new("texts", &[]);
        self.snapshots.restore(&[&texts]);
        texts.all()
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("snapshot")
    }

    fn set_aside(&self) -> Vec<String> {
        let names = fs::read_dir(self.directory.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut aside: Vec<_> = names.filter(|name| name.starts_with("snapshot.corrupt-")).collect();
        aside.sort();
        aside
    }

    /// A metric without its fraction.
    fn metric(&self, name: &str) -> u64 {
        let (tables, revision) = (Vec::new(), RevisionId { number: 1, hash: 1 });
        let text = self.metrics.render(&Snapshot {
            tables,
            open_sends: 0,
            evidence: EvidenceStats::default(),
            drift: Vec::new(),
            revision,
        });
        let line = text.lines().find(|line| line.starts_with(&format!("sendwall_{name} ")));
        let line = line.or_else(|| text.lines().find(|line| line.starts_with(&format!("sendwall_{name}{{"))));
        line.map_or(0, |line| line.rsplit(' ').next().unwrap().split('.').next().unwrap().parse().unwrap())
    }
}

#[test]
fn what_was_saved_comes_back_in_order_and_chunk_by_chunk() {
    let stage = Stage::new();
    assert_eq!(stage.restored(), [""; 0], "no file is no fault");
    assert_eq!(stage.metric("snapshot_failures_total"), 0);
    let large = "x".repeat(MAX_CHUNK);
    let texts = Texts::new("texts", &["one", "", &large, "two"]);
    stage.save(&[&Texts::new("before", &["other"]), &texts, &Texts::new("after", &[])]);
    assert_eq!(stage.restored(), texts.all());
    assert_eq!(fs::metadata(stage.file()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(stage.metric("snapshot_bytes"), fs::metadata(stage.file()).unwrap().len());
    assert_eq!(stage.set_aside(), [""; 0]);
}

#[test]
fn whatever_byte_is_another_the_file_is_set_aside_and_nothing_of_it_is_taken() {
    let stage = Stage::new();
    stage.save(&[&Texts::new("texts", &["one", "two"])]);
    let whole = fs::read(stage.file()).unwrap();
    for index in 0..whole.len() {
        for flip in [1, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[index] ^= flip;
            fs::write(stage.file(), &damaged).unwrap();
            assert_eq!(stage.restored(), [""; 0], "byte {index}");
            assert!(!stage.file().exists());
            let aside = stage.directory.path().join(stage.set_aside().pop().unwrap());
            assert_eq!(fs::read(aside).unwrap(), damaged);
        }
    }
    assert_eq!(stage.metric("snapshot_failures_total"), 3 * whole.len() as u64);
    stage.save(&[&Texts::new("texts", &["three"])]);
    assert_eq!(stage.restored(), ["three"], "the next one is written as ever");
}

#[test]
fn wherever_it_is_cut_or_goes_on_it_is_set_aside() {
    let stage = Stage::new();
    stage.save(&[&Texts::new("texts", &["one", "two"])]);
    let whole = fs::read(stage.file()).unwrap();
    let cut = (0..whole.len()).map(|length| whole[..length].to_vec());
    let twice = [whole.clone(), whole.clone()].concat();
    for (number, damaged) in cut.chain([[&*whole, b"\0"].concat(), twice, vec![0; 4096]]).enumerate() {
        fs::write(stage.file(), &damaged).unwrap();
        assert_eq!(stage.restored(), [""; 0], "case {number}, {} bytes", damaged.len());
        assert!(!stage.file().exists());
    }
}

#[test]
fn blocks_that_are_whole_but_doubled_or_missing_are_noticed() {
    let stage = Stage::new();
    stage.save(&[&Texts::new("texts", &["same", "same"])]);
    let whole = fs::read(stage.file()).unwrap();
    let places: Vec<_> = whole.windows(4).enumerate().filter(|(_, w)| w == b"same").map(|(place, _)| place).collect();
    let block = 1 + 4 + 4 + 16;
    let from = places[0] - 5;
    assert_eq!(places[1] - 5, from + block, "two blocks stand together");
    let missing = [&whole[..from], &whole[from + block..]].concat();
    let doubled = [&whole[..from + block], &whole[from..]].concat();
    for damaged in [missing, doubled] {
        fs::write(stage.file(), damaged).unwrap();
        assert_eq!(stage.restored(), [""; 0]);
    }
}

#[test]
fn three_of_those_set_aside_are_kept_the_newest() {
    let stage = Stage::new();
    for number in 0..5 {
        fs::write(stage.file(), format!("nonsense {number}")).unwrap();
        assert_eq!(stage.restored(), [""; 0]);
        stage.clock.advance(Span::hours(24));
    }
    let aside = stage.set_aside();
    assert_eq!(aside.len(), 3);
    assert_eq!(aside[0], "snapshot.corrupt-20261122T181002.000Z");
    let newest = fs::read_to_string(stage.directory.path().join(&aside[2])).unwrap();
    assert_eq!(newest, "nonsense 4");
}

#[test]
fn another_key_or_a_time_to_come_sets_it_aside() {
    let stage = Stage::new();
    let texts = Texts::new("texts", &["one"]);
    stage.save(&[&texts]);
    let stage = stage.restarted_with(&[8; 32]);
    assert_eq!(stage.restored(), [""; 0]);
    assert_eq!(stage.set_aside().len(), 1);

    stage.save(&[&texts]);
    stage.clock.set(start_of_test() - Span::minutes(4));
    assert_eq!(stage.restored(), ["one"], "clocks are never quite right");
    stage.clock.set(start_of_test() - Span::minutes(6));
    assert_eq!(stage.restored(), [""; 0], "what was counted later than now would hold until then");
}

#[test]
fn what_nobody_knows_or_fits_is_left_out_and_the_rest_is_taken() {
    let stage = Stage::new();
    let texts = Texts::new("texts", &["one", "unfit", "two"]);
    let changed = Texts::new("changed", &["old", "older"]);
    stage.save(&[&Texts::new("unknown", &["what"]), &changed, &texts]);
    let (texts, changed) = (Texts::new("texts", &[]), Texts { version: 2, ..Texts::new("changed", &[]) });
    stage.snapshots.restore(&[&changed, &texts]);
    assert_eq!((texts.all(), changed.all()), (vec!["one".to_owned(), "two".to_owned()], vec![]));
    assert_eq!(stage.set_aside(), [""; 0], "the file is good");
}

#[test]
fn what_has_not_changed_is_not_written_again() {
    let stage = Stage::new();
    let texts = Texts::new("texts", &["one"]);
    let file = || fs::metadata(stage.file()).map(|metadata| metadata.ino()).unwrap();
    assert!(stage.save(&[&texts]) > Span::seconds(20), "the interval, less what this took");
    let first = File::open(stage.file()).unwrap();
    stage.clock.advance(Span::seconds(40));
    assert_eq!(stage.metric("snapshot_age_seconds"), 40);
    assert_eq!(stage.save(&[&texts]), Span::seconds(30));
    assert_eq!(file(), first.metadata().unwrap().ino());
    assert_eq!(stage.metric("snapshot_age_seconds"), 0, "it still holds everything");
    texts.add(b"two");
    stage.save(&[&texts]);
    assert_ne!(file(), first.metadata().unwrap().ino());
    assert_eq!(stage.restored(), ["one", "two"]);

    let again = Texts::new("texts", &[]);
    stage.snapshots.restore(&[&again]);
    let before = file();
    stage.save(&[&again]);
    assert_eq!(file(), before, "what was just read isn't written");
    fs::remove_file(stage.file()).unwrap();
    stage.save(&[&again]);
    assert_eq!(stage.restored(), ["one", "two"], "somebody deleted it");
}

#[test]
fn a_save_that_fails_leaves_the_one_before() {
    let stage = Stage::new();
    let texts = Texts::new("texts", &["one"]);
    stage.save(&[&texts]);
    let too_large = Texts::new("large", &[]);
    too_large.add(&vec![0; MAX_CHUNK + 1]);
    stage.save(&[&texts, &too_large]);
    assert_eq!(stage.metric("snapshot_failures_total"), 1);
    assert_eq!(fs::read_dir(stage.directory.path()).unwrap().count(), 1, "nothing is left lying about");
    assert_eq!(stage.restored(), ["one"]);

    texts.add(b"two");
    stage.save(&[&texts]);
    assert_eq!(stage.restored(), ["one", "two"]);
}

#[test]
fn a_crash_while_it_is_written_leaves_the_one_before() {
    let stage = Stage::new();
    let texts = Texts::new("texts", &["one"]);
    stage.save(&[&texts]);
    let whole = fs::read(stage.file()).unwrap();
    fs::write(stage.directory.path().join("snapshot.new"), &whole[..whole.len() / 2]).unwrap();
    assert_eq!(stage.restored(), ["one"]);
    texts.add(b"two");
    stage.save(&[&texts]);
    assert_eq!(stage.restored(), ["one", "two"]);
    assert_eq!(fs::read_dir(stage.directory.path()).unwrap().count(), 1);
}

#[test]
fn a_directory_that_is_not_there_is_made_and_one_that_cannot_be_is_told() {
    let scratch = Scratch::new("state");
    let stage = Stage::in_directory(Scratch::new("state"), &KEY);
    let in_directory = |directory: PathBuf| {
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&stage.clock);
        Snapshots::new(Settings::in_directory(directory), &KEY, clock, Arc::clone(&stage.metrics))
    };
    let at_once = CancellationToken::new();
    at_once.cancel();
    in_directory(scratch.path().join("a/b")).save(&[], &at_once);
    assert!(scratch.path().join("a/b/snapshot").exists());
    let file = scratch.path().join("file");
    fs::write(&file, "").unwrap();
    let impossible = in_directory(file);
    impossible.restore(&[]);
    impossible.save(&[], &at_once);
    assert_eq!(stage.metric("snapshot_failures_total{what=\"write\"}"), 1);
}

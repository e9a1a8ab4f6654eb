//! Reading the snapshot at the start, and writing it from then on.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Seek as _};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::aside::set_aside;
use super::error::{Refusal, SaveError};
use super::format::{Block, KeyName, Reader, Writer};
use super::pace::Pace;
use super::settings::Settings;
use crate::clock::{Clock, Stopwatch};
use crate::domain::{Span, Timestamp};
use crate::pack::{CHUNK, Restored, Section, Unfit};
use crate::telemetry::Metrics;
use crate::telemetry::events::{
    SnapshotFailed, SnapshotPartSkipped, SnapshotRefused, SnapshotRestored, SnapshotWritten,
};
use crate::whole;

/// Different things that are told about one snapshot; more of them are the same trouble.
const MAX_SKIPPED: usize = 64;

/// The snapshot of one process.
#[derive(Debug)]
pub struct Snapshots {
    settings: Settings,
    key: KeyName,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// How far the sections had changed when the file on disk was written.
    on_disk: Mutex<Option<Vec<u64>>>,
}

/// What was read of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// When it was written.
    pub created: Timestamp,
    /// Entries that it brought.
    pub entries: u64,
    /// Parts of it that this version can't use.
    pub skipped: Vec<Arc<str>>,
}

/// What came out of a snapshot.
#[derive(Debug)]
struct Found {
    created: Timestamp,
    bytes: u64,
    restored: Restored,
    /// What was left out: the section, why, and how many chunks.
    skipped: BTreeMap<(Arc<str>, String), u64>,
}

impl Snapshots {
    /// Under the key that this was derived from; what another key has named isn't taken in.
    pub fn new(settings: Settings, key: &[u8; 32], clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        let key = key.first_chunk().copied().unwrap_or_default();
        metrics.snapshots().begin(clock.now());
        Self { settings, key, clock, metrics, on_disk: Mutex::default() }
    }

    /// Fills the sections, which are empty, with what the snapshot holds. Whatever is wrong with it is told, and the
    /// process goes on with what there is.
    pub fn restore(&self, sections: &[&dyn Section]) {
        let (watch, now) = (Stopwatch::start(), self.clock.now());
        let path = self.settings.file();
        let found = match File::open(&path) {
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return,
            opened => opened.map_err(Refusal::from).and_then(|file| self.read(&file, sections, now)),
        };
        match found {
            Ok(found) => {
                for ((section, why), &chunks) in &found.skipped {
                    SnapshotPartSkipped { section, why, chunks }.emit();
                }
                let Restored { taken, left_out } = found.restored;
                let (age, took) = (now.since(found.created), watch.elapsed());
                SnapshotRestored { path: &path, age, bytes: found.bytes, taken, left_out, took }.emit();
                self.metrics.snapshots().on_disk(found.bytes, found.created);
                *self.on_disk.lock() = Some(changes(sections));
            }
            Err(refusal) => {
                let aside = set_aside(&path, now);
                SnapshotRefused { path: &path, error: &refusal, aside: aside.as_deref() }.emit(&self.metrics);
            }
        }
    }

    /// As [`Snapshots::restore`], for who only wants to look: tells nobody, sets nothing aside. `None`: there is no
    /// snapshot.
    pub fn peek(&self, sections: &[&dyn Section]) -> Result<Option<Kept>, Refusal> {
        let file = match File::open(self.settings.file()) {
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let Found { created, restored, skipped, .. } = self.read(&file, sections, self.clock.now())?;
        Ok(Some(Kept {
            created,
            entries: restored.taken,
            skipped: skipped.into_keys().map(|(name, _)| name).collect(),
        }))
    }

    /// Checks the whole file, then reads it once more and hands out what it holds.
    fn read(&self, mut file: &File, sections: &[&dyn Section], now: Timestamp) -> Result<Found, Refusal> {
        let mut buffer = Vec::new();
        let mut reader = Reader::begin(BufReader::with_capacity(CHUNK, file), now, &self.key)?;
        while !matches!(reader.next(&mut buffer)?, Block::End) {}
        let bytes = reader.at();

        file.rewind()?;
        let mut reader = Reader::begin(BufReader::with_capacity(CHUNK, file), now, &self.key)?;
        let (created, restored, skipped) = (reader.created(), Restored::default(), BTreeMap::new());
        let mut found = Found { created, bytes, restored, skipped };
        let mut current = None;
        loop {
            match reader.next(&mut buffer)? {
                Block::Section { name, version } => current = Some((find(sections, &name, version), name)),
                Block::Chunk(chunk) => {
                    let Some((section, name)) = &current else { return Err(Refusal::Damaged { at: bytes }) };
                    match section.as_ref().map_err(Clone::clone).and_then(|section| section.restore(now, chunk)) {
                        Ok(restored) => found.restored.add(restored),
                        Err(unfit) => found.skip(name, &unfit),
                    }
                }
                Block::End => return Ok(found),
            }
        }
    }

    /// Writes what changed since the last time, if anything. Blocks; at a pace until `stopping`. Whatever goes wrong is
    /// told, and the snapshot before stays. Gives how long to wait for the next one, so that what is on disk gets no
    /// older than the interval.
    pub fn save(&self, sections: &[&dyn Section], stopping: &CancellationToken) -> Span {
        let now = self.clock.now();
        // Taken before the writing: what changes meanwhile is written next time.
        let changes = changes(sections);
        let mut on_disk = self.on_disk.lock();
        if on_disk.as_ref() == Some(&changes) && self.settings.file().exists() {
            self.metrics.snapshots().still_current(now);
            return self.settings.interval;
        }
        let mut pace = Pace::start(stopping);
        match self.write(sections, now, &mut pace) {
            Ok(bytes) => {
                *on_disk = Some(changes);
                SnapshotWritten { bytes, took: pace.elapsed(), at: now }.emit(&self.metrics);
            }
            Err(error) => SnapshotFailed { error: &error }.emit(&self.metrics),
        }
        let interval = self.settings.interval;
        let took = Span::millis(u64::try_from(pace.elapsed().as_millis()).unwrap_or(u64::MAX));
        Span::millis(interval.as_millis().saturating_sub(took.as_millis()).max(interval.as_millis() / 4))
    }

    fn write(&self, sections: &[&dyn Section], now: Timestamp, pace: &mut Pace<'_>) -> Result<u64, SaveError> {
        let path = self.settings.file();
        let written = whole::replace(&path, |out| {
            let mut writer = Writer::begin(out, now, &self.key)?;
            for section in sections {
                writer.section(section.name(), section.version())?;
                section.save(now, &mut |chunk| {
                    writer.chunk(chunk)?;
                    pace.wrote(chunk.len());
                    Ok(())
                })?;
            }
            writer.end()
        });
        written.map_err(|source| SaveError { path, source })
    }
}

impl Found {
    fn skip(&mut self, section: &Arc<str>, why: &Unfit) {
        let key = (Arc::clone(section), why.to_string());
        if self.skipped.len() < MAX_SKIPPED || self.skipped.contains_key(&key) {
            *self.skipped.entry(key).or_default() += 1;
        }
    }
}

fn find<'s>(sections: &[&'s dyn Section], name: &str, version: u32) -> Result<&'s dyn Section, Unfit> {
    match sections.iter().find(|section| section.name() == name) {
        Some(section) if section.version() == version => Ok(*section),
        Some(_) => Err(Unfit::Version { found: version }),
        None => Err(Unfit::Unknown),
    }
}

fn changes(sections: &[&dyn Section]) -> Vec<u64> {
    sections.iter().map(|section| section.changes()).collect()
}

//! The one thread that writes the log's files.
//!
//! Records are written in batches with one system call each and nothing is held back in a buffer of this process, so
//! a process that is killed leaves every record that left the queue, and at most one cut-off line.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::file_name::FileName;
use super::{Record, Settings, files};
use crate::clock::Clock;
use crate::domain::{Span, Timestamp};
use crate::telemetry::Metrics;
use crate::telemetry::events::{JournalFailed, JournalRepaired};

/// Records to a system call, at most; some 200 KiB.
const BATCH: usize = 256;
/// After the first record of a quiet time the others are waited for: under load this saves the path a wake-up of this
/// thread for each record.
const GATHER: Duration = Duration::from_millis(10);
/// How often a quiet writer looks whether to stop, to rotate or to delete.
const IDLE: Duration = Duration::from_millis(100);
/// How often old files are looked for.
const SWEEP_EVERY: Span = Span::minutes(10);

#[derive(Debug)]
pub(super) struct Writer {
    settings: Settings,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    current: Option<Current>,
    next_sweep: Timestamp,
    batch: Vec<u8>,
}

/// The file that is written to.
#[derive(Debug)]
struct Current {
    name: FileName,
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Writer {
    pub(super) fn new(settings: Settings, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        Self { settings, clock, metrics, current: None, next_sweep: Timestamp::default(), batch: Vec::new() }
    }

    /// Writes what comes out of `queue` until `stopping`, then what is left in it.
    pub(super) fn run(mut self, queue: &Receiver<Record>, stopping: &CancellationToken) {
        loop {
            match queue.recv_timeout(IDLE) {
                Ok(first) => {
                    if !stopping.is_cancelled() {
                        std::thread::sleep(GATHER);
                    }
                    self.write_all(first, queue);
                }
                Err(RecvTimeoutError::Timeout) if !stopping.is_cancelled() => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
            self.tidy_up();
        }
        self.close();
    }

    fn write_all(&mut self, first: Record, queue: &Receiver<Record>) {
        let mut records = std::iter::once(first).chain(queue.try_iter()).peekable();
        while records.peek().is_some() {
            self.batch.clear();
            let mut count = 0;
            for record in records.by_ref().take(BATCH) {
                append_line(&mut self.batch, &record);
                count += 1;
            }
            match self.write_batch() {
                Ok(()) => self.metrics.journal_written(count),
                Err(error) => {
                    let path = self.current.take().map_or_else(|| self.settings.directory.clone(), |c| c.path);
                    JournalFailed { records: count, path: &path, error: &error }.emit(&self.metrics);
                }
            }
            // A queue may not become empty for as long as a flood lasts.
            self.tidy_up();
        }
    }

    fn write_batch(&mut self) -> io::Result<()> {
        self.rotate_if_due();
        if self.current.as_ref().is_none_or(|current| !current.path.exists()) {
            self.open()?;
        }
        let current = self.current.as_mut().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let written = current.file.write_all(&self.batch);
        match written {
            Ok(()) => current.bytes += self.batch.len() as u64,
            // Half a batch is taken back, so that what is counted as dropped is what is missing. Where even that
            // fails, opening the file again closes the cut-off line.
            Err(_) => drop(current.file.set_len(current.bytes)),
        }
        written
    }

    /// Goes on with the newest file where it has room, or begins one.
    pub(super) fn open(&mut self) -> io::Result<()> {
        let now = self.clock.now();
        // As everything in the state directory: for sendwall's user alone.
        DirBuilder::new().recursive(true).mode(0o700).create(&self.settings.directory)?;
        let newest = files::list(&self.settings.directory)?.pop();
        let usable = newest.as_ref().filter(|newest| {
            let bytes = newest.path.metadata().map_or(u64::MAX, |metadata| metadata.len());
            bytes < self.settings.max_bytes && now.since(newest.name.start) < self.settings.max_age
        });
        let name = match (usable, &newest) {
            (Some(usable), _) => usable.name,
            (None, Some(newest)) => next_name(now, newest.name),
            (None, None) => FileName::new(now, 0),
        };
        let path = self.settings.directory.join(name.to_string());
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&path)?;
        let mut bytes = file.seek(SeekFrom::End(0))?;
        if !ends_with_newline(&mut file, bytes)? {
            file.write_all(b"\n")?;
            bytes += 1;
            JournalRepaired { path: &path }.emit();
        }
        self.current = Some(Current { name, path, file, bytes });
        Ok(())
    }

    fn rotate_if_due(&mut self) {
        let now = self.clock.now();
        let due = self.current.as_ref().is_some_and(|current| {
            current.bytes >= self.settings.max_bytes || now.since(current.name.start) >= self.settings.max_age
        });
        if due {
            self.close();
            self.next_sweep = now;
        }
    }

    fn close(&mut self) {
        if let Some(current) = self.current.take() {
            // Best effort: the kernel writes it out anyway, this is for the machine that loses power next.
            drop(current.file.sync_data());
        }
    }

    /// Rotation by age and deletion also happen when nothing is recorded.
    fn tidy_up(&mut self) {
        self.rotate_if_due();
        let now = self.clock.now();
        if now < self.next_sweep {
            return;
        }
        self.next_sweep = now + SWEEP_EVERY;
        let Ok(all) = files::list(&self.settings.directory) else { return };
        for file in files::expired(&all, now, self.settings.max_age, self.settings.keep) {
            if let Err(error) = fs::remove_file(&file.path) {
                JournalFailed { records: 0, path: &file.path, error: &error }.emit(&self.metrics);
            }
        }
    }
}

/// A name that sorts after `newest`, also where the clock was set back between two runs.
fn next_name(now: Timestamp, newest: FileName) -> FileName {
    let name = FileName::new(now, 0);
    if name > newest { name } else { FileName { start: newest.start, number: newest.number.saturating_add(1) } }
}

fn append_line(batch: &mut Vec<u8>, record: &Record) {
    let start = batch.len();
    match serde_json::to_writer(&mut *batch, record) {
        Ok(()) => batch.push(b'\n'),
        // No record holds a map with keys that aren't text, which is the only thing that can't be written.
        Err(_) => batch.truncate(start),
    }
}

fn ends_with_newline(file: &mut File, bytes: u64) -> io::Result<bool> {
    if bytes == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

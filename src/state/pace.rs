//! Writing slowly, so that neither the disk nor a core is busy with the snapshot alone.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Stopwatch;

/// Megabytes a second, at most. A million cells or a full `limits.memory` of 64 MiB take 6 s of the 30 s between two
/// snapshots; 360 MB take all of them, and from there on snapshots come less often.
const MEGABYTES_A_SECOND: u64 = 12;
/// Shorter rests than this aren't worth a system call.
const SHORTEST_REST: Duration = Duration::from_millis(2);

/// Keeps the pace until the process is to stop; from then on it runs.
#[derive(Debug)]
pub(super) struct Pace<'a> {
    started: Stopwatch,
    bytes: u64,
    stopping: &'a CancellationToken,
}

impl<'a> Pace<'a> {
    pub(super) fn start(stopping: &'a CancellationToken) -> Self {
        Self { started: Stopwatch::start(), bytes: 0, stopping }
    }

    /// So many more bytes were written: rests until they were due.
    pub(super) fn wrote(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        let rest = due(self.bytes).saturating_sub(self.started.elapsed());
        if rest >= SHORTEST_REST && !self.stopping.is_cancelled() {
            std::thread::sleep(rest);
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// The time that so many bytes take at this pace: a megabyte a second is a byte a microsecond.
fn due(bytes: u64) -> Duration {
    Duration::from_micros(bytes / MEGABYTES_A_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_cells_take_a_part_of_the_interval_and_a_stop_does_not_wait() {
        assert_eq!(due(72_000_000), Duration::from_secs(6));
        let stopping = CancellationToken::new();
        stopping.cancel();
        let mut pace = Pace::start(&stopping);
        pace.wrote(usize::MAX);
        assert!(pace.elapsed() < Duration::from_secs(60));
    }
}

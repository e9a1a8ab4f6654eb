//! Counts of what happens with every decision, in a part for each thread.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Atomic;

use crate::stripes::Stripes;

/// A counter's number.
#[derive(Debug, Default)]
pub(super) struct Striped(Stripes<AtomicU64>);

impl Atomic<u64> for Striped {
    fn inc(&self) -> u64 {
        self.inc_by(1)
    }

    /// Gives what this thread's part was, which nobody asks for.
    fn inc_by(&self, more: u64) -> u64 {
        self.0.own().fetch_add(more, Ordering::Relaxed)
    }

    fn get(&self) -> u64 {
        self.0.all().map(|part| part.load(Ordering::Relaxed)).sum()
    }
}

/// Upper bounds of the histogram of decision times, in nanoseconds: 1 us to 10 ms.
const BOUNDS: [u64; 13] =
    [1_000, 2_000, 3_000, 5_000, 7_500, 10_000, 20_000, 50_000, 100_000, 250_000, 1_000_000, 2_500_000, 10_000_000];
/// With one for what is above all of them.
const BUCKETS: usize = BOUNDS.len() + 1;

/// A histogram of the time that decisions took. The library's is one lock around all of it.
#[derive(Clone, Debug, Default)]
pub(super) struct DecisionTimes(Arc<Stripes<Times>>);

#[derive(Debug, Default)]
struct Times {
    nanos: AtomicU64,
    /// Each where the first bound is that it is within.
    within: [AtomicU64; BUCKETS],
}

impl DecisionTimes {
    pub(super) fn observe(&self, elapsed: Duration) {
        let took = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|bound| took <= *bound).unwrap_or(BOUNDS.len());
        let Times { nanos, within } = self.0.own();
        nanos.fetch_add(took, Ordering::Relaxed);
        within[bucket].fetch_add(1, Ordering::Relaxed);
    }

    /// The sum, and the count of each bucket.
    fn read(&self) -> (Duration, [u64; BUCKETS]) {
        let nanos = self.0.all().map(|times| times.nanos.load(Ordering::Relaxed)).fold(0, u64::wrapping_add);
        let bucket = |index: usize| self.0.all().map(|times| times.within[index].load(Ordering::Relaxed)).sum();
        (Duration::from_nanos(nanos), std::array::from_fn(bucket))
    }
}

impl EncodeMetric for DecisionTimes {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let (sum, within) = self.read();
        let bounds = BOUNDS.into_iter().map(|nanos| Duration::from_nanos(nanos).as_secs_f64()).chain([f64::INFINITY]);
        let buckets: Vec<_> = bounds.zip(within).collect();
        encoder.encode_histogram::<NoLabelSet>(sum.as_secs_f64(), within.iter().sum(), &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

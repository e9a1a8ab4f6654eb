//! Whether a window has room for one more, and if not, from when on.

/// What a limit asks of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// The most that it may hold; at least 1.
    pub(super) max: u32,
    /// Its length.
    pub(super) per_ms: u64,
    /// Wait after the last attempt, doubled for each one more in the window; 0 for none.
    pub(super) wait_ms: u64,
}

/// What a window holds at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    /// How many count.
    pub(super) count: u32,
    /// When the last of them was.
    pub(super) last_ms: u64,
    /// Until then it isn't known how many more there were, but that there were too many.
    pub(super) shut_until_ms: u64,
}

/// `None` if there is room at `now`; else the first moment when there is, if nothing else happens. `groups` are those
/// that count, the oldest first: when they leave the window, and how many.
pub(super) fn full_until(
    rule: Rule,
    held: Held,
    groups: impl IntoIterator<Item = (u64, u32)>,
    now_ms: u64,
) -> Option<u64> {
    let mut count = held.count;
    let mut from = now_ms.max(held.shut_until_ms);
    for (leaves_ms, leaving) in groups {
        if count < rule.max {
            let at = from.max(rule.next_ms(count, held.last_ms));
            if at < leaves_ms {
                from = at;
                break;
            }
        }
        from = from.max(leaves_ms);
        count = count.saturating_sub(leaving);
    }
    (from > now_ms).then_some(from)
}

impl Rule {
    /// When the next attempt may come by the growing wait: `wait * 2^(count - 1)` after the last one, at most the
    /// window (RFC 4226, section 7.3, asks for a delay that grows with each failed try).
    fn next_ms(self, count: u32, last_ms: u64) -> u64 {
        if count == 0 || self.wait_ms == 0 {
            return 0;
        }
        let doubled = self.wait_ms.saturating_mul(1 << (count - 1).min(40));
        last_ms.saturating_add(doubled.min(self.per_ms))
    }
}

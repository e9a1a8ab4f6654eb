//! Number ranges: the first digits of E.164 numbers, found by a phone in them.

use std::collections::HashMap;

use crate::domain::Range;

/// A phone's range is its number less four digits, so longer prefixes would never be met: 15 - 4.
pub(super) const MAX_DIGITS: u32 = 11;

/// What is known of ranges; a range may lie in another.
#[derive(Clone, Debug)]
pub struct Ranges<T> {
    by_prefix: HashMap<Range, T>,
    /// How many prefixes there are of each length; those without any are not looked for.
    lengths: [u32; MAX_DIGITS as usize],
}

impl<T> Default for Ranges<T> {
    fn default() -> Self {
        Self { by_prefix: HashMap::new(), lengths: [0; MAX_DIGITS as usize] }
    }
}

impl<T> Ranges<T> {
    /// Adds a range of 1 to 11 digits, or gives it another value; what it had before comes back.
    pub fn insert(&mut self, range: Range, value: T) -> Option<T> {
        let before = self.by_prefix.insert(range, value);
        if let (None, Some(count)) = (&before, self.count_of(range)) {
            *count += 1;
        }
        before
    }

    /// Takes exactly this range out.
    pub fn remove(&mut self, range: Range) -> Option<T> {
        let before = self.by_prefix.remove(&range);
        if let (Some(_), Some(count)) = (&before, self.count_of(range)) {
            *count -= 1;
        }
        before
    }

    /// Exactly this range.
    pub fn get(&self, range: Range) -> Option<&T> {
        self.by_prefix.get(&range)
    }

    /// Whether any of the ranges holds phones of `range`.
    pub fn contains(&self, range: Range) -> bool {
        self.around(range).next().is_some()
    }

    /// The values of all ranges that hold phones of `range`, the narrowest first.
    pub fn around(&self, range: Range) -> impl Iterator<Item = &T> {
        let mut digits = range.digits();
        let lengths = self.lengths.iter().take(length(range)).rev();
        let prefixes = lengths.map(move |count| {
            let prefix = digits;
            digits /= 10;
            (*count > 0).then_some(Range::new(prefix))
        });
        prefixes.flatten().filter_map(|prefix| self.by_prefix.get(&prefix))
    }

    /// How many ranges.
    pub fn len(&self) -> usize {
        self.by_prefix.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_prefix.is_empty()
    }

    fn count_of(&mut self, range: Range) -> Option<&mut u32> {
        self.lengths.get_mut(length(range).checked_sub(1)?)
    }
}

/// Digits of a range.
fn length(range: Range) -> usize {
    range.digits().checked_ilog10().map_or(0, |log| log as usize + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_found_in_every_range_around_it() {
        let mut all = Ranges::default();
        for digits in [44, 4_474, 44_740_241, 7, 99_999_999_999] {
            assert_eq!(all.insert(Range::new(digits), digits), None);
        }
        let around = |digits| all.around(Range::new(digits)).copied().collect::<Vec<_>>();
        assert_eq!(around(44_740_241), [44_740_241, 4_474, 44]);
        assert_eq!(around(44_740_242), [4_474, 44]);
        assert_eq!(around(4), [0; 0]);
        assert_eq!(around(0), [0; 0]);
        assert_eq!(around(99_999_999_999), [99_999_999_999]);
        assert!(all.contains(Range::new(79_161_234)) && !all.contains(Range::new(49_151)));
        assert_eq!((all.remove(Range::new(44)), all.remove(Range::new(44))), (Some(44), None));
        assert_eq!(all.around(Range::new(44_740_242)).copied().collect::<Vec<_>>(), [4_474]);
        assert_eq!((all.len(), all.insert(Range::new(7), 8)), (4, Some(7)));
    }
}

//! Numbers that a pumper earns on: blocks of ten thousand, taken in steps or at random.

use crate::random::Random;
use crate::simulate::countries::{Country, country};
use crate::simulate::world::Phone;

/// Countries whose messages are worth pumping, by published lists and incidents.
pub(in crate::simulate) const WORTH: [&str; 14] =
    ["UZ", "KG", "TJ", "AZ", "DZ", "BD", "IQ", "IR", "NG", "OM", "PK", "PS", "LK", "MM"];

/// Blocks of numbers.
#[derive(Clone, Debug)]
pub(in crate::simulate) struct Ranges {
    blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
struct Block {
    range: String,
    country: &'static Country,
    next: u64,
    /// 0: at random.
    step: u64,
}

impl Ranges {
    /// So many blocks of these countries.
    pub(in crate::simulate) fn of(countries: &[&str], blocks: u64, random: &mut Random) -> Self {
        let one = |random: &mut Random| {
            let country = country(random.one::<&str>(countries));
            (country.range(random), country)
        };
        let blocks = (0..blocks).map(|_| one(random)).collect();
        Self::these(blocks, random)
    }

    /// Exactly these.
    pub(in crate::simulate) fn these(ranges: Vec<(String, &'static Country)>, random: &mut Random) -> Self {
        let step = if random.happens(0.5) { random.between(1, 7) } else { 0 };
        let blocks = ranges
            .into_iter()
            .map(|(range, country)| Block { range, country, next: random.below(10_000), step })
            .collect();
        Self { blocks }
    }

    /// The next number.
    pub(in crate::simulate) fn next(&mut self, random: &mut Random) -> Phone {
        let place = random.index(self.blocks.len());
        let block = &mut self.blocks[place];
        block.next = if block.step == 0 { random.below(10_000) } else { block.next + block.step };
        Phone::of_range(&block.range, block.next, block.country)
    }

    /// The blocks' prefixes.
    pub(in crate::simulate) fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.blocks.iter().map(|block| block.range.as_str())
    }
}

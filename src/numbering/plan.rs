//! The numbering plans of the world, and how a number is read by one. The rules are libphonenumber's, and so is the
//! data (`plans.txt`); a test holds both against a port of it.
//!
//! Must not know: how a number was written, what it costs.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use super::digits::Digits;
use super::pattern::Pattern;
use crate::domain::{Country, NumberKind, Validity};

/// All plans, compiled once per process.
pub(super) static PLANS: LazyLock<Plans> =
    LazyLock::new(|| Plans::parse(include_str!("plans.txt")).expect("the shipped plans are well-formed"));

const LONGEST_CODE: usize = 3;
/// Shorter and longer national numbers are none (the longest are German).
const NATIONAL_LENGTHS: std::ops::RangeInclusive<usize> = 2..=17;

/// The plans by calling code and by country.
pub(super) struct Plans {
    all: Vec<Plan>,
    /// Index: calling code. The main country is the first.
    by_code: Vec<Vec<usize>>,
    by_country: HashMap<Country, usize>,
}

/// One country's plan, or that of a code of no country.
#[derive(Debug, Default)]
pub(super) struct Plan {
    country: Option<Country>,
    code: u16,
    international_prefix: Option<Pattern>,
    national_prefix: Option<Pattern>,
    /// What stands in place of the national prefix; `$1` and `$2` are its groups.
    replacement: Option<&'static str>,
    leading: Option<Pattern>,
    general: Pattern,
    lengths: Lengths,
    local_lengths: Lengths,
    /// In the order in which they are tried.
    kinds: Vec<(NumberKind, Lengths, Pattern)>,
    fixed_is_mobile: bool,
}

/// A number taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// Country calling code.
    pub(super) code: u16,
    /// The digits after it.
    pub(super) national: Digits,
}

/// What the plans say of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) country: Option<Country>,
    pub(super) kind: NumberKind,
    pub(super) validity: Validity,
}

/// A set of lengths, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Lengths(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LengthCheck {
    Possible,
    LocalOnly,
    TooShort,
    TooLong,
    Between,
}

impl Plans {
    /// The main plan of a calling code.
    pub(super) fn main(&self, code: u16) -> Option<&Plan> {
        self.sharing(code).next()
    }

    /// The plan of a country.
    pub(super) fn of(&self, country: Country) -> Option<&Plan> {
        self.by_country.get(&country).and_then(|index| self.all.get(*index))
    }

    /// Every country that has a plan.
    pub(super) fn countries(&self) -> impl Iterator<Item = Country> {
        self.by_country.keys().copied()
    }

    /// The country whose own digits after the calling code these are: `684` of code 1 is American Samoa.
    pub(super) fn country_leading(&self, code: u16, digits: &[u8]) -> Option<Country> {
        self.sharing(code)
            .find(|plan| plan.leading.as_ref().is_some_and(|leading| leading.is_match(digits)))
            .and_then(|plan| plan.country)
    }

    /// Splits digits that begin with a calling code.
    pub(super) fn split_code(&self, digits: Digits) -> Option<(u16, Digits)> {
        let mut code = 0;
        for length in 1..=LONGEST_CODE {
            code = code * 10 + u16::from(*digits.as_slice().get(length - 1)?);
            if code == 0 {
                return None;
            }
            if self.main(code).is_some() {
                return Some((code, digits.without_first(length)));
            }
        }
        None
    }

    /// Reads digits that begin with a calling code.
    pub(super) fn read_international(&self, digits: Digits) -> Option<Read> {
        let (code, national) = self.split_code(digits)?;
        self.main(code)?.read_rest(national)
    }

    /// Reads digits as they are dialled in the country of `plan`.
    pub(super) fn read_dialled(&self, digits: Digits, plan: &Plan) -> Option<Read> {
        if let Some(rest) = plan.without_international_prefix(digits) {
            return self.read_international(rest);
        }
        if let Some(rest) = plan.without_own_code(digits) {
            return self.main(plan.code)?.read_rest(rest);
        }
        plan.read_rest(digits)
    }

    /// Country, kind and validity. A number in no range of a code that several countries share is counted to the main
    /// one.
    pub(super) fn know(&self, read: &Read) -> Known {
        let national = read.national.as_slice();
        let main = self.main(read.code);
        let alone = self.sharing(read.code).nth(1).is_none();
        for plan in self.sharing(read.code) {
            let kind = plan.kind(national);
            let leads = plan.leading.as_ref().is_some_and(|leading| leading.find(national).is_some());
            if kind != NumberKind::Unknown {
                return Known { country: plan.country, kind, validity: Validity::Valid };
            }
            if alone || leads {
                return Known { country: plan.country, kind, validity: possible(main, national.len()) };
            }
        }
        let country = main.and_then(|plan| plan.country);
        Known { country, kind: NumberKind::Unknown, validity: possible(main, national.len()) }
    }

    fn sharing(&self, code: u16) -> impl Iterator<Item = &Plan> {
        let indices = self.by_code.get(usize::from(code)).map_or(&[][..], Vec::as_slice);
        indices.iter().filter_map(|index| self.all.get(*index))
    }

    /// Gives the faulty line's number in place of an error: only tests ever see it.
    fn parse(text: &'static str) -> Result<Self, usize> {
        let mut plans = Self { all: Vec::new(), by_code: vec![Vec::new(); 1000], by_country: HashMap::new() };
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
            let done = match line.strip_prefix("= ") {
                Some(head) => plans.begin(head),
                None => plans.all.last_mut().and_then(|plan| plan.add(line)),
            };
            done.ok_or(index + 1)?;
        }
        Ok(plans)
    }

    fn begin(&mut self, head: &str) -> Option<()> {
        let mut words = head.split(' ');
        let country = Country::new(words.next()?);
        let code: u16 = words.next()?.parse().ok()?;
        let mut plan = Plan { country, code, ..Plan::default() };
        let sharing = self.by_code.get_mut(usize::from(code))?;
        let mut place = sharing.len();
        for word in words {
            match word {
                "main" => place = 0,
                "same" => plan.fixed_is_mobile = true,
                _ => return None,
            }
        }
        sharing.insert(place, self.all.len());
        if let Some(country) = country {
            self.by_country.insert(country, self.all.len());
        }
        self.all.push(plan);
        Some(())
    }
}

impl fmt::Debug for Plans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plans({})", self.all.len())
    }
}

fn possible(main: Option<&Plan>, length: usize) -> Validity {
    match main.map(|plan| plan.check_length(length)) {
        Some(LengthCheck::Possible | LengthCheck::LocalOnly) => Validity::Possible,
        Some(LengthCheck::TooShort | LengthCheck::TooLong | LengthCheck::Between) | None => Validity::Impossible,
    }
}

impl Plan {
    /// The country; `None` for codes of no country.
    pub(super) fn country(&self) -> Option<Country> {
        self.country
    }

    fn kind(&self, national: &[u8]) -> NumberKind {
        if !self.lengths.allow(national.len()) || !self.general.is_match(national) {
            return NumberKind::Unknown;
        }
        let is = |kind| self.kinds.iter().any(|(k, lengths, pattern)| *k == kind && fits(*lengths, pattern, national));
        let first = self.kinds.iter().find(|(_, lengths, pattern)| fits(*lengths, pattern, national));
        match first.map(|(kind, ..)| *kind) {
            Some(NumberKind::FixedLine) if self.fixed_is_mobile || is(NumberKind::Mobile) => NumberKind::FixedOrMobile,
            Some(kind) => kind,
            None => NumberKind::Unknown,
        }
    }

    /// `digits` are what follows the calling code, or a number in national form.
    fn read_rest(&self, digits: Digits) -> Option<Read> {
        if digits.len() < *NATIONAL_LENGTHS.start() {
            return None;
        }
        let mut national = digits;
        if let Some(stripped) = self.without_national_prefix(digits) {
            // A prefix is none where what is left would be too short.
            if matches!(self.check_length(stripped.len()), LengthCheck::Possible | LengthCheck::TooLong) {
                national = stripped;
            }
        }
        NATIONAL_LENGTHS.contains(&national.len()).then_some(Read { code: self.code, national })
    }

    fn without_national_prefix(&self, digits: Digits) -> Option<Digits> {
        let found = self.national_prefix.as_ref()?.find(digits.as_slice())?;
        let is_filled = |group: Option<(usize, usize)>| group.is_some_and(|(from, to)| from < to);
        let [first, second] = found.groups;
        let stripped = match self.replacement {
            Some(rule) if first.is_some() && (is_filled(second) || (second.is_none() && is_filled(first))) => {
                digits.replaced(found.end, rule, found.groups)?
            }
            _ => digits.without_first(found.end),
        };
        let breaks = self.general.is_match(digits.as_slice()) && !self.general.is_match(stripped.as_slice());
        (!breaks).then_some(stripped)
    }

    fn without_international_prefix(&self, digits: Digits) -> Option<Digits> {
        let found = self.international_prefix.as_ref()?.find(digits.as_slice())?;
        let rest = digits.without_first(found.end);
        (rest.as_slice().first() != Some(&0)).then_some(rest)
    }

    /// A number of this country with its calling code but without a plus.
    fn without_own_code(&self, digits: Digits) -> Option<Digits> {
        let (rest, _) = digits.strip_number(self.code)?;
        let stripped = self.without_national_prefix(rest).unwrap_or(rest);
        let better = !self.general.is_match(digits.as_slice()) && self.general.is_match(stripped.as_slice());
        (better || self.check_length(digits.len()) == LengthCheck::TooLong).then_some(stripped)
    }

    fn check_length(&self, length: usize) -> LengthCheck {
        let lengths = self.lengths.0;
        let (least, most) = (lengths.trailing_zeros() as usize, (31 - lengths.leading_zeros().min(31)) as usize);
        if self.local_lengths.allow_strictly(length) {
            LengthCheck::LocalOnly
        } else if length < least {
            LengthCheck::TooShort
        } else if length > most {
            LengthCheck::TooLong
        } else if self.lengths.allow_strictly(length) {
            LengthCheck::Possible
        } else {
            LengthCheck::Between
        }
    }

    fn add(&mut self, line: &'static str) -> Option<()> {
        let (key, rest) = line.split_once(' ')?;
        let compile = |text: &str| Pattern::compile(text).ok();
        match key {
            "idd" => self.international_prefix = Some(compile(rest)?),
            "prefix" => self.national_prefix = Some(compile(rest)?),
            "rule" => self.replacement = Some(rest),
            "leading" => self.leading = Some(compile(rest)?),
            "general" => {
                let (lengths, rest) = rest.split_once(' ')?;
                let (local, pattern) = rest.split_once(' ')?;
                self.lengths = Lengths::parse(lengths)?;
                self.local_lengths = Lengths::parse(local)?;
                self.general = compile(pattern)?;
            }
            _ => {
                let (lengths, pattern) = rest.split_once(' ')?;
                self.kinds.push((kind_of(key)?, Lengths::parse(lengths)?, compile(pattern)?));
                self.kinds.sort_by_key(|(kind, ..)| order(*kind));
            }
        }
        Some(())
    }
}

fn fits(lengths: Lengths, pattern: &Pattern, national: &[u8]) -> bool {
    lengths.allow(national.len()) && pattern.is_match(national)
}

/// The order in which kinds are tried: where a number fits two, the rarer use is meant.
fn order(kind: NumberKind) -> u8 {
    match kind {
        NumberKind::PremiumRate => 0,
        NumberKind::TollFree => 1,
        NumberKind::SharedCost => 2,
        NumberKind::Voip => 3,
        NumberKind::Personal => 4,
        NumberKind::Pager => 5,
        NumberKind::Uan => 6,
        NumberKind::Voicemail => 7,
        NumberKind::FixedLine => 8,
        NumberKind::Mobile => 9,
        NumberKind::FixedOrMobile | NumberKind::Unknown => 10,
    }
}

fn kind_of(key: &str) -> Option<NumberKind> {
    Some(match key {
        "mobile" => NumberKind::Mobile,
        "fixed" => NumberKind::FixedLine,
        "premium" => NumberKind::PremiumRate,
        "toll_free" => NumberKind::TollFree,
        "shared" => NumberKind::SharedCost,
        "voip" => NumberKind::Voip,
        "personal" => NumberKind::Personal,
        "pager" => NumberKind::Pager,
        "uan" => NumberKind::Uan,
        "voicemail" => NumberKind::Voicemail,
        _ => return None,
    })
}

impl Lengths {
    fn parse(text: &str) -> Option<Self> {
        if text == "-" {
            return Some(Self(0));
        }
        text.split(',').try_fold(Self(0), |set, length| {
            let length: u32 = length.parse().ok().filter(|length| *length < 32)?;
            Some(Self(set.0 | (1 << length)))
        })
    }

    /// No lengths at all allow every one: the pattern decides.
    fn allow(self, length: usize) -> bool {
        self.0 == 0 || self.allow_strictly(length)
    }

    fn allow_strictly(self, length: usize) -> bool {
        length < 32 && (self.0 >> length) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_plans_are_all_there() {
        assert_eq!(PLANS.all.len(), 254);
        assert_eq!(PLANS.countries().count(), 245);
        assert!(PLANS.all.iter().all(|plan| plan.lengths.0 != 0));
    }

    #[test]
    fn a_broken_line_is_named() {
        assert_eq!(Plans::parse("# head\n= GB 44\ngeneral 10 - 7\\d{9}\nmobile 10 7+\n").unwrap_err(), 4);
        assert_eq!(Plans::parse("idd 00\n").unwrap_err(), 1);
        assert_eq!(Plans::parse("= GB\n").unwrap_err(), 1);
        assert_eq!(Plans::parse("= GB 44 odd\n").unwrap_err(), 1);
    }
}

//! The service that everyone uses: its markets, what a message costs, where its users' numbers are.

use super::countries::{COUNTRIES, Country, country, place};
use super::visit::whole;
use crate::domain;
use crate::numbering::Numbering;
use crate::random::Random;

/// A phone number, with its country.
#[derive(Clone, Debug)]
pub(super) struct Phone {
    pub(super) text: String,
    pub(super) country: &'static Country,
}

impl Phone {
    /// The number less its last four digits.
    pub(super) fn range(&self) -> &str {
        self.text.get(..self.text.len().saturating_sub(4)).unwrap_or_default()
    }

    /// Another number of a range.
    pub(super) fn of_range(range: &str, last: u64, country: &'static Country) -> Self {
        Self { text: format!("{range}{:04}", last % 10_000), country }
    }
}

/// Where a service is at home, with the parts of its traffic that come from there. The rest is spread thinly over all.
const HOMES: [&[(&str, f64)]; 6] = [
    &[("GB", 55.0), ("DE", 10.0), ("FR", 8.0), ("IE", 7.0), ("ES", 5.0), ("IT", 4.0), ("NL", 3.0), ("PL", 3.0)],
    &[("DE", 60.0), ("AT", 10.0), ("CH", 8.0), ("PL", 5.0), ("NL", 4.0), ("TR", 3.0), ("CZ", 3.0)],
    &[("BR", 58.0), ("MX", 15.0), ("AR", 8.0), ("CO", 6.0), ("CL", 4.0), ("PT", 3.0)],
    &[("IN", 80.0), ("AE", 5.0), ("GB", 3.0), ("LK", 2.0), ("US", 3.0)],
    &[("US", 75.0), ("CA", 12.0), ("MX", 5.0), ("GB", 2.0)],
    &[("TR", 58.0), ("GE", 9.0), ("AZ", 7.0), ("AM", 5.0), ("DE", 8.0), ("KZ", 5.0)],
];
/// Countries of which one is a market that nobody has seen before.
const NEW: [&str; 6] = ["KR", "JP", "PH", "PE", "SE", "ZA"];
/// Part of all traffic that comes from everywhere else.
const ELSEWHERE: f64 = 4.0;
/// Numbers crowd in some ranges: the part `x` of the ranges, taken from the fullest on, holds `x^0.4` of the users.
const CROWDING: f64 = 2.5;

/// A service, the same for the same seed.
#[derive(Debug)]
pub(super) struct World {
    seed: u64,
    /// Weights by place in the list of countries.
    weights: Vec<f64>,
    home: Vec<&'static Country>,
    /// By place in the list of countries.
    prices: Vec<f64>,
    /// A market that has no users yet.
    pub(super) new_market: &'static Country,
    /// Part of the users who have the app.
    pub(super) apps: f64,
    /// Whether the proxy in front gives TLS fingerprints.
    pub(super) has_ja4: bool,
}

impl World {
    /// The service of this seed.
    pub(super) fn of(seed: u64) -> Self {
        let mut random = Random::of(&[seed, 1]);
        let new_market = country(random.pick(NEW));
        let homes = random.pick(HOMES);
        let mut weights: Vec<f64> = COUNTRIES.iter().map(|_| random.uniform(0.0, 1.0)).collect();
        let all: f64 = weights.iter().sum();
        for weight in &mut weights {
            *weight *= ELSEWHERE / all;
        }
        for (iso, weight) in homes {
            weights[index(country(iso))] = weight * random.uniform(0.85, 1.15);
        }
        weights[index(new_market)] = 0.0;
        let home = homes.iter().map(|(iso, _)| country(iso)).collect();
        let prices = prices(&mut random);
        Self { seed, weights, home, prices, new_market, apps: random.uniform(0.3, 0.6), has_ja4: random.happens(0.5) }
    }

    /// Where a user is from, each country as likely as its market is large, at this hour of the day there.
    pub(super) fn country_at(&self, ts: u64, random: &mut Random) -> &'static Country {
        let busy: Vec<f64> = self.busy(ts).collect();
        &COUNTRIES[random.weighted(&busy)]
    }

    /// How busy the whole service is at this time, 1 on average over the day.
    pub(super) fn activity(&self, ts: u64) -> f64 {
        self.busy(ts).sum::<f64>() / self.weights.iter().sum::<f64>()
    }

    /// The markets that the service has been made for, the largest first.
    pub(super) fn home(&self) -> &[&'static Country] {
        &self.home
    }

    /// The same markets, each as often as one in a hundred users is from there.
    pub(super) fn home_by_size(&self) -> Vec<&'static Country> {
        let all: f64 = self.weights.iter().sum();
        let one = |of: &&'static Country| {
            let times = usize::try_from(whole(self.weights[index(of)] / all * 100.0)).unwrap_or(0);
            std::iter::repeat_n(*of, times.max(1))
        };
        self.home.iter().flat_map(one).collect()
    }

    /// A range in which users live. Rank 0 is the fullest.
    pub(super) fn range(&self, of: &'static Country, rank: u64) -> String {
        of.range(&mut Random::of(&[self.seed, 2, place(of), rank]))
    }

    /// A user's number.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most some thousands, not negative")]
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    pub(super) fn phone(&self, of: &'static Country, random: &mut Random) -> Phone {
        let rank = (random.unit().powf(CROWDING) * of.ranges as f64) as u64;
        Phone::of_range(&self.range(of, rank), random.below(10_000), of)
    }

    /// What a message to this country costs.
    pub(super) fn price(&self, of: &'static Country) -> f64 {
        self.prices[index(of)]
    }

    fn busy(&self, ts: u64) -> impl Iterator<Item = f64> {
        self.weights.iter().zip(COUNTRIES).map(move |(weight, country)| weight * daily(ts, country.utc))
    }
}

/// How busy people are at an hour of their day: 1 on average.
pub(super) fn daily(ts: u64, utc: i64) -> f64 {
    #[rustfmt::skip] // midnight to midnight
    const HOURS: [f64; 24] = [
        0.45, 0.27, 0.17, 0.13, 0.13, 0.22, 0.45, 0.80, 1.08, 1.25, 1.33, 1.38,
        1.42, 1.36, 1.30, 1.29, 1.33, 1.42, 1.52, 1.60, 1.55, 1.36, 1.05, 0.74,
    ];
    let minute = (ts / 60_000).saturating_add_signed(utc * 60) % (24 * 60);
    let hour = usize::try_from(minute / 60).unwrap_or(0);
    let part = f64::from(u8::try_from(minute % 60).unwrap_or(0)) / 60.0;
    HOURS[hour] * (1.0 - part) + HOURS[(hour + 1) % 24] * part
}

fn index(of: &'static Country) -> usize {
    usize::try_from(place(of)).unwrap_or(0)
}

fn prices(random: &mut Random) -> Vec<f64> {
    let numbering = Numbering::default();
    let price = |of: &'static Country| {
        let sample = Phone::of_range(&of.range(random), 0, of).text;
        let read = numbering.read(&sample, domain::Country::new(of.iso));
        read.map_or(0.1, |number| number.price.as_units())
    };
    COUNTRIES.iter().map(price).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_a_mean_of_one_and_a_night() {
        let day: Vec<f64> = (0..24 * 60).map(|minute| daily(minute * 60_000, 5)).collect();
        let mean = day.iter().sum::<f64>() / 1440.0;
        assert!((0.97..1.03).contains(&mean), "{mean}");
        assert!(daily(22 * 3_600_000, 5) < 0.2, "3 in the morning, five hours east");
    }
}

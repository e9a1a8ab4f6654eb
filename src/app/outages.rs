//! Tells of outages: at most once an hour a country, however long they last.

use std::collections::BTreeMap;

use crate::domain::{Country, Span, Timestamp};
use crate::telemetry::events::CountryOutage;

/// Share of the verifications that must be missing.
const MISSING: f32 = 0.3;
/// How often one country is told of.
const AGAIN_AFTER: Span = Span::hours(1);

/// When each country was told of; there are some 250.
#[derive(Debug, Default)]
pub(super) struct Outages(BTreeMap<Country, Timestamp>);

impl Outages {
    /// Gives what is to be told of these countries now.
    pub(super) fn news(&mut self, missing: &[(Country, f32)], now: Timestamp) -> Vec<CountryOutage> {
        let mut news = Vec::new();
        for &(country, missing) in missing.iter().filter(|(_, missing)| *missing >= MISSING) {
            let told = self.0.get(&country);
            if told.is_none_or(|told| now.since(*told) >= AGAIN_AFTER) {
                self.0.insert(country, now);
                news.push(CountryOutage { country, missing });
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_once_an_hour_a_country() {
        let [british, irish] = ["GB", "IE"].map(|code| Country::new(code).unwrap());
        let mut outages = Outages::default();
        let mut told = |missing: &[(Country, f32)], minutes| {
            let now = Timestamp::from_unix_ms(1_795_197_600_000) + Span::minutes(minutes);
            outages.news(missing, now).into_iter().map(|news| news.country).collect::<Vec<_>>()
        };
        assert_eq!(told(&[(british, 0.2)], 0), []);
        assert_eq!(told(&[(british, 0.5)], 1), [british]);
        assert_eq!(told(&[(british, 0.9), (irish, 0.4)], 2), [irish]);
        assert_eq!(told(&[(british, 0.9), (irish, 0.1)], 61), [british]);
    }
}

//! Simulated people are tidier than real ones: their browsers send every header, keep every cookie, and nothing between
//! strips any. A model that is trained on them alone takes the first oddity for abuse.
//!
//! So in what is learned from, each oddity that real people have now and then is put on some of the real attempts. One
//! alone is no proof then, several together are. What measures and calibrates stays as it was simulated.

use std::borrow::Cow;

use super::sample::Row;
use crate::model::FEATURES;
use crate::random::Random;

/// Oddities, and how many of a hundred real attempts have them: extensions and networks that strip headers, views inside
/// of apps, shared and old devices, people abroad. Guesses on the high side; but what counts only once the endpoint knows
/// its own users (no page, no cookie) is less odd there where more of them are so.
const ODD: [(&str, u64); 17] = [
    ("no_language", 3),
    ("no_accept", 2),
    ("no_encoding", 3),
    ("no_hints", 5),
    ("other_hints", 2),
    ("no_fetch", 6),
    ("no_origin", 5),
    ("other_order", 5),
    ("other_tls", 2),
    ("foreign_language", 6),
    ("no_page", 2),
    ("no_cookie", 4),
    ("hasty", 4),
    ("hosting", 3),
    ("anonymous", 5),
    ("abroad", 6),
    ("not_mobile", 1),
];
/// Old browsers: how many of a hundred, and by how many versions more at most.
const OLD: u64 = 4;
const OLDEST: u64 = 40;

/// The attempts, the real ones among them untidied.
pub(super) fn untidied<'a>(rows: &[&'a Row], seed: u64) -> Vec<Cow<'a, Row>> {
    let place = |name: &str| FEATURES.iter().position(|feature| feature.name == name);
    // Who keeps no cookie, or loaded no page, has no old cookie either.
    let takes = |name| if matches!(name, "no_cookie" | "no_page") { place("cookie_age") } else { None };
    let odd: Vec<_> = ODD.iter().filter_map(|(name, percent)| Some((place(name)?, *percent, takes(*name)))).collect();
    let old = place("versions_behind");
    let mut random = Random::of(&[seed, 2]);
    let mut untidy = |row: &'a Row| {
        if row.verdict.is_abuse {
            return Cow::Borrowed(row);
        }
        let mut row = row.clone();
        for (place, percent, taken) in &odd {
            if random.chance(*percent) {
                row.features.0[*place] = 1.0;
                if let Some(taken) = taken {
                    row.features.0[*taken] = 0.0;
                }
            }
        }
        if let (Some(old), true) = (old, random.chance(OLD)) {
            #[expect(clippy::cast_precision_loss, reason = "some versions")]
            let more = random.below(OLDEST) as f32;
            row.features.0[old] += more;
        }
        Cow::Owned(row)
    };
    rows.iter().map(|row| untidy(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::tests::rows;
    use super::*;

    #[test]
    fn every_oddity_is_a_feature_and_abuse_stays_as_it_is() {
        assert!(ODD.iter().all(|(name, _)| FEATURES.iter().any(|feature| feature.name == *name)));
        let rows = rows(500, 1);
        let borrowed: Vec<_> = rows.iter().collect();
        let untidy = untidied(&borrowed, 1);
        assert!(rows.iter().zip(&untidy).all(|(row, untidy)| !row.verdict.is_abuse || *row == **untidy));
        assert!(rows.iter().zip(&untidy).any(|(row, untidy)| *row != **untidy));
    }
}

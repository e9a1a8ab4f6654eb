//! Why the ladder left an attempt where it did, and what would have turned that: for the reasons of a decision alone.

use std::cmp::Reverse;
use std::ops::Range;

use super::Standing;
use super::ladder::{TOLD_PRIOR, speaking};
use crate::cells::{Kind, Kinds, View};
use crate::domain::{Closes, Country, Facts, Reason, Rung, Span};

/// Reasons of one kind that are told at most.
const TOLD: usize = 4;
/// A part of a sum that is less isn't told, but where the sum closes a rung and no part does.
const TOLD_PART: f32 = 0.5;

/// What adds up at a rung, over what the client is trusted with: what one cell says, and what adds to every cell.
struct Sum {
    heat: f32,
    pressure: f32,
    siege: f32,
    look: f32,
    weight: f32,
    /// All of it; 1 closes the rung.
    all: f32,
}

impl Sum {
    /// What one of its parts has of what closed the rung.
    fn closes(&self, part: f32) -> Closes {
        let rest = |part: f32| self.all - part;
        let alone = |part: f32| part >= 1.0 && rest(part) < 1.0;
        if self.all < 1.0 || part <= 0.0 {
            Closes::Nothing
        } else if alone(part) {
            Closes::Alone(1.0 - rest(part))
        } else if [self.heat, self.pressure, self.siege, self.look, self.weight].into_iter().any(alone) {
            Closes::Nothing
        } else {
            Closes::Together(self.all)
        }
    }

    fn is_told(&self, part: f32) -> bool {
        part >= TOLD_PART || (part >= TOLD_PRIOR && matches!(self.closes(part), Closes::Together(_)))
    }
}

impl Standing {
    /// What closed these rungs, and what else speaks. What closes something comes first, that of the highest rung before
    /// others, and at each rung what closes it by itself.
    pub(super) fn reasons(&self, rungs: Range<Rung>, facts: &Facts, kinds: &Kinds) -> Vec<Reason> {
        let mut told = Vec::with_capacity(2 * TOLD);
        let (mut siege, mut look) = ((Rung::None, Closes::Nothing), (Rung::None, Closes::Nothing));
        for rung in [Rung::Captcha, Rung::Pow, Rung::None].into_iter().filter(|rung| rungs.contains(rung)) {
            let Some(views) = &self.rungs[rung as usize] else { continue };
            let mut cells: Vec<_> = speaking(rung, views).map(|view| (view, self.sum(rung, Some(view)))).collect();
            cells.sort_by(|(_, a), (_, b)| b.heat.total_cmp(&a.heat));
            let hot = cells.iter().filter(|(_, sum)| sum.is_told(sum.heat)).take(TOLD);
            told.extend(hot.map(|(view, sum)| (rung, sum.closes(sum.heat), self.hot(view, rung, sum, facts))));
            let surges = cells.iter().filter(|(_, sum)| sum.is_told(sum.pressure)).take(TOLD);
            told.extend(surges.map(|(view, sum)| {
                let closes = self.in_attempts(sum.closes(sum.pressure), view, rung, kinds);
                (rung, closes, surge(view, sum.pressure, closes, facts))
            }));
            let full = cells.iter().filter(|(view, _)| self.overfull(view)).take(TOLD);
            told.extend(full.map(|(view, _)| (rung, Closes::Alone(view.bound), waiting(view, rung, facts))));
            let none = self.sum(rung, None);
            let sums = || cells.iter().map(|(_, sum)| sum).chain([&none]);
            for (of_all, part) in [(&mut siege, none.siege), (&mut look, none.look)] {
                if of_all.1 == Closes::Nothing {
                    *of_all = (rung, sums().map(|sum| sum.closes(part)).reduce(stronger).unwrap_or_default());
                }
            }
        }
        if self.besieged() > TOLD_PRIOR {
            told.extend(self.first(Kind::Range).map(|view| (siege.0, siege.1, besieging(&view, siege.1, facts))));
        }
        if self.prior > TOLD_PRIOR {
            let (rung, closes) = look;
            told.push((rung, closes, Reason::Look { prior: self.prior, parts: self.looks.clone().into(), closes }));
        }
        told.sort_by_key(|(rung, closes, _)| match closes {
            Closes::Alone(_) => (false, Reverse(*rung), false),
            Closes::Together(_) => (false, Reverse(*rung), true),
            Closes::Nothing => (true, Reverse(*rung), false),
        });
        told.into_iter().map(|(_, _, reason)| reason).collect()
    }

    /// What adds up to close a rung: of one cell, or of none.
    fn sum(&self, rung: Rung, view: Option<&View>) -> Sum {
        let heat = view.map_or(0.0, |view| self.heat_of(view, rung, self.outage()));
        let pressure = view.map_or(0.0, |view| self.pressure(view));
        let ((look, siege), tolerance) = (self.look_and_siege(rung), self.tolerance(rung));
        Sum {
            heat: heat / tolerance,
            pressure: pressure / tolerance,
            siege: siege / tolerance,
            look: look / tolerance,
            weight: self.weight(rung) / tolerance,
            all: self.with_what_adds(heat + pressure, rung),
        }
    }

    fn hot(&self, view: &View, rung: Rung, sum: &Sum, facts: &Facts) -> Reason {
        let closes = sum.closes(sum.heat);
        let opens_below = match closes {
            Closes::Nothing => None,
            Closes::Alone(below) => Some(below),
            Closes::Together(all) => Some(sum.heat - (all - 1.0)),
        };
        // What a look adds doesn't fade.
        let lasting = self.sum(rung, Some(&View { heat: 0.0, ..*view })).heat;
        let fading = opens_below.filter(|below| *below > lasting);
        Reason::Hot {
            kind: view.kind.name(),
            value: shown(view.kind, facts),
            rung,
            heat: sum.heat,
            evidence: view.evidence,
            sent: view.sent,
            verified: view.verified,
            closes,
            fades_in: fading.map(|below| fades_in(view.half_life, (sum.heat - lasting) / (below - lasting))),
        }
    }

    /// A surge that closes a rung alone is told in attempts a minute, not in the pressure that they make.
    fn in_attempts(&self, closes: Closes, view: &View, rung: Rung, kinds: &Kinds) -> Closes {
        let Closes::Alone(below) = closes else { return closes };
        let counts_for = self.pressure(view) / view.pressure;
        Closes::Alone(view.rate_below(below * self.tolerance(rung) / counts_for, kinds.of(view.kind)))
    }
}

/// What says more of what closed a rung.
const fn stronger(one: Closes, other: Closes) -> Closes {
    match (one, other) {
        (Closes::Nothing, closes) | (closes, Closes::Nothing) => closes,
        (Closes::Together(a), Closes::Together(b)) => Closes::Together(a.max(b)),
        (Closes::Together(sum), _) | (_, Closes::Together(sum)) => Closes::Together(sum),
        (Closes::Alone(a), Closes::Alone(b)) => Closes::Alone(a.min(b)),
    }
}

fn surge(view: &View, pressure: f32, closes: Closes, facts: &Facts) -> Reason {
    let (rate, explained) = (view.rate, view.explained);
    Reason::Surge { kind: view.kind.name(), value: shown(view.kind, facts), pressure, rate, explained, closes }
}

fn besieging(view: &View, closes: Closes, facts: &Facts) -> Reason {
    Reason::Siege {
        kind: view.kind.name(),
        value: shown(view.kind, facts),
        stopped: view.refused,
        sent: view.sent,
        verified: view.verified,
        fades_in: view.siege_ends_in(),
        closes,
    }
}

fn waiting(view: &View, rung: Rung, facts: &Facts) -> Reason {
    let (open, bound) = if view.is_unanswered() { (view.unanswered, view.open_floor) } else { (view.open, view.bound) };
    Reason::Waiting { kind: view.kind.name(), value: shown(view.kind, facts), rung, open, bound }
}

/// Whole minutes in which heat fades to a so many times smaller one.
fn fades_in(half_life: Span, smaller: f32) -> Span {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "minutes of days"
    )]
    let minutes = (half_life.as_millis() as f32 / 60_000.0 * smaller.log2()).ceil() as u64;
    Span::minutes(minutes)
}

/// What an attempt has of a kind, as far as it may be shown.
pub fn shown(kind: Kind, facts: &Facts) -> Box<str> {
    let phone = facts.phone();
    let named = |country: Option<Country>| country.map_or_else(|| "?".to_owned(), |country| country.to_string());
    let country = named(phone.and_then(|phone| phone.country));
    match kind {
        Kind::Phone => phone.map_or_else(String::new, |phone| phone.masked().to_string()),
        Kind::Client => facts.client.id.as_ref().map_or_else(String::new, |id| id.id.to_string()),
        Kind::Address => facts.client.address.id.to_string(),
        Kind::Range => phone.map_or_else(String::new, |phone| phone.range.to_string()),
        Kind::Network => facts.client.address.network.trunc().to_string(),
        Kind::WideRange => phone.map_or_else(String::new, |phone| format!("+{}", phone.range.digits() / 100)),
        Kind::Fingerprint => format!("{:016x}", facts.client.fingerprint.hash),
        Kind::System => facts.place.asn.map_or_else(String::new, |asn| format!("AS{asn}")),
        Kind::Pair => format!("{country} from {}", named(facts.place.country)),
        Kind::Country => country,
        Kind::NewCountries => format!("with {country}"),
        Kind::Endpoint => facts.endpoint.to_string(),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{facts, mobile, view};
    use super::*;
    use crate::cells::{KindSettings, Views};
    use crate::domain::Trust;

    const WARM: [Kind; 3] = [Kind::Phone, Kind::Range, Kind::Country];

    /// The evidence of a rate against what is explained, as the engine has it.
    fn pressure(rate: f32, explained: f32, settings: &KindSettings) -> f32 {
        let expected = settings.rate_floor.max(explained);
        let evidence = rate * (rate / expected).ln() - (rate - expected);
        if rate <= 3.0 * expected { 0.0 } else { evidence / (2.5 * settings.limit) }
    }

    fn surging(kind: Kind, rate: f32, explained: f32, kinds: &Kinds) -> View {
        View { rate, explained, pressure: pressure(rate, explained, kinds.of(kind)), ..view(kind) }
    }

    fn views(warm: impl IntoIterator<Item = View>) -> Views {
        let mut views = Kind::ALL.map(|kind| Some(view(kind)));
        for view in warm {
            views[view.kind as usize] = Some(view);
        }
        views
    }

    fn cell() -> impl Strategy<Value = [f32; 5]> {
        [-0.5_f32..3.0, 0.0_f32..60.0, 0.0_f32..4.0, 0.0_f32..12.0, 0.0_f32..12.0]
    }

    prop_compose! {
        fn standings()(
            cells in prop::array::uniform9(cell()),
            (prior, known, outage) in (0.0_f32..1.0, 0.0_f32..1.0, 0.0_f32..0.9),
            (looked_at, besieged) in (any::<bool>(), 0.0_f32..6.0),
            trust in prop::sample::select(vec![Trust::Unknown, Trust::KnownClient, Trust::Owner]),
        ) -> Standing {
            let kinds = Kinds::default();
            let rung = |rung: usize| {
                Some(views(WARM.into_iter().zip(&cells[3 * rung..]).map(|(kind, cell)| {
                    let [heat, rate, explained, open, refused] = *cell;
                    let surge = if rung == 0 { surging(kind, rate, explained, &kinds) } else { view(kind) };
                    let refused = if kind == Kind::Range { besieged } else { refused };
                    let outage = if kind == Kind::Country { outage } else { 0.0 };
                    View { heat, open, outage, refused, ..surge }
                })))
            };
            let rungs = [rung(0), rung(1), rung(2)];
            Standing { trust, prior, known, looks_right: looked_at && prior < 0.5, rungs, ..Standing::default() }
        }
    }

    /// Makes true what a reason says would have opened the rung, and not more than that.
    fn turn(standing: &mut Standing, reason: &Reason, kinds: &Kinds) {
        let before = standing.clone();
        let cell = |standing: &mut Standing, rung: Rung, name: &str, change: &dyn Fn(&mut View)| {
            let mut views = standing.rungs[rung as usize].iter_mut().flatten().flatten();
            change(views.find(|view| view.kind.name() == name).unwrap());
        };
        match reason {
            Reason::Hot { kind, rung, closes: Closes::Alone(below), .. } => cell(standing, *rung, kind, &|view| {
                let told = |heat: f32| before.sum(*rung, Some(&View { heat, ..*view })).heat;
                let (mut low, mut high) = (-9.0, view.heat);
                for _ in 0..40 {
                    let heat = f32::midpoint(low, high);
                    if told(heat) < below - 1e-4 { low = heat } else { high = heat }
                }
                view.heat = low;
            }),
            Reason::Surge { kind, closes: Closes::Alone(rate), .. } => cell(standing, Rung::None, kind, &|view| {
                view.rate = rate - 1e-3;
                view.pressure = pressure(view.rate, view.explained, kinds.of(view.kind));
            }),
            Reason::Waiting { kind, rung, .. } => cell(standing, *rung, kind, &|view| view.open = 0.0),
            Reason::Hot { kind, rung, closes: Closes::Together(_), .. } => {
                cell(standing, *rung, kind, &|view| view.heat = view.heat.min(0.0));
            }
            Reason::Surge { kind, closes: Closes::Together(_), .. } => {
                cell(standing, Rung::None, kind, &|view| view.pressure = 0.0);
            }
            Reason::Siege { closes: Closes::Alone(_) | Closes::Together(_), .. } => {
                cell(standing, Rung::None, "range", &|view| view.refused = 0.0);
            }
            Reason::Look { closes: Closes::Alone(_) | Closes::Together(_), .. } => standing.prior = 0.0,
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn what_would_have_turned_a_decision_turns_it(standing in standings(), rung in 0_usize..3) {
            let kinds = Kinds::default();
            let rung = [Rung::None, Rung::Pow, Rung::Captcha][rung];
            let next = [Rung::Pow, Rung::Captcha, Rung::Block][rung as usize];
            let reasons = standing.reasons(rung..next, &facts(mobile()), &kinds);
            let turning = reasons.iter().take_while(|reason| reason.turned_by().is_some()).count();
            prop_assert!(reasons[turning..].iter().all(|reason| reason.turned_by().is_none()), "first what turns");
            prop_assert_eq!(turning == 0, standing.is_open(rung), "{:?}", &reasons);
            let mut turned = standing;
            for reason in &reasons {
                turn(&mut turned, reason, &kinds);
            }
            prop_assert!(turned.is_open(rung), "{reasons:#?}");
        }
    }

    #[test]
    fn a_surge_tells_the_rate_at_which_it_asks() {
        let kinds = Kinds::default();
        for (kind, rate, explained, right) in
            [(Kind::Address, 30.0, 0.0, false), (Kind::Country, 400.0, 90.0, false), (Kind::Country, 400.0, 90.0, true)]
        {
            let at = |rate| Standing {
                looks_right: right,
                known: 1.0,
                rungs: [Some(views([surging(kind, rate, explained, &kinds)])), None, None],
                ..Standing::default()
            };
            let reasons = at(rate).reasons(Rung::None..Rung::Pow, &facts(mobile()), &kinds);
            let [Reason::Surge { closes: Closes::Alone(below), .. }] = &reasons[..] else { panic!("{reasons:?}") };
            assert!(at(below - 0.01).is_open(Rung::None) && !at(below + 0.01).is_open(Rung::None), "{below}");
            let told = format!("fewer than {} attempts a minute", (below * 10.0).floor() / 10.0);
            assert!(reasons[0].turned_by().unwrap().starts_with(&told), "{told}");
        }
    }

    #[test]
    fn heat_is_told_as_it_counts_and_turns_only_where_it_closes() {
        let (kinds, facts) = (Kinds::default(), facts(mobile()));
        let told = |prior, rung: Rung, warm: View| {
            let mut rungs = [Some(views([])), None, None];
            rungs[rung as usize] = Some(views([warm]));
            let standing =
                Standing { prior, known: 1.0, looks_right: prior > 0.0 && prior < 0.5, rungs, ..Standing::default() };
            let next = [Rung::Pow, Rung::Captcha, Rung::Block][rung as usize];
            let reasons = standing.reasons(rung..next, &facts, &kinds);
            reasons.iter().filter_map(Reason::turned_by).collect::<Vec<_>>()
        };
        let hot = |kind, heat| View { heat, health: 0.0, went_out: 1.0, ..view(kind) };
        let look = "a client that looks like a browser or an app that people use";
        for (prior, rung, warm, expected) in [
            (
                0.0,
                Rung::Captcha,
                hot(Kind::Range, 2.0),
                &["heat of range below 1 at captcha (now 2.00): verifications, or 1h"][..],
            ),
            // What was refused by this had a heat of 0.92 told, which closes nothing.
            (
                0.9,
                Rung::Captcha,
                hot(Kind::WideRange, 0.67),
                &["heat of wide_range below 1 at captcha (now 1.39): verifications, or 76m"],
            ),
            (
                0.3,
                Rung::Captcha,
                View { refused: 3.0, ..hot(Kind::Range, 1.8) },
                &["heat of range below 1 at captcha (now 1.20): verifications, or 16m"],
            ),
            (
                0.6,
                Rung::None,
                hot(Kind::Range, 0.7),
                &[
                    "heat of range at none and what adds to it below 1 together (now 1.30): verifications",
                    &format!("the look and what adds to it below 1 together (now 1.30): {look}"),
                ],
            ),
            (0.6, Rung::None, hot(Kind::Range, 1.2), &["heat of range below 0.39 at none (now 1.20)"]),
            (0.6, Rung::None, hot(Kind::Range, 0.3), &[]),
        ] {
            let told = told(prior, rung, warm);
            let fit = told.len() == expected.len()
                && told.iter().zip(expected).all(|(told, wanted)| told.starts_with(wanted));
            assert!(fit, "{prior} {rung:?}: {told:#?}");
        }
    }
}

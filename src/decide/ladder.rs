//! The ladder of proofs: the lowest rung that is open to an attempt.
//!
//! A rung is open while no cell of the attempt is too hot there and not too many codes wait for their verification. The
//! first one also asks for no surge. Known clients bear more heat, and are turned away by nothing but what they did
//! themselves.

use crate::cells::{Kind, Looked, View, Views};
use crate::domain::{Rung, Span, Trust};
use crate::ruleset::Spoken;

/// Heat of a phone at which each rung closes: its silent sends count together over all rungs.
const PHONE: [f32; 3] = [1.0, 1.3, 2.2];
/// A look that counts for less isn't told.
pub(crate) const TOLD_PRIOR: f32 = 0.2;
/// Below this a look is rather right than wrong.
pub(crate) const RIGHT: f32 = 0.5;
/// What a look adds at the rung of proofs of work, which answer little of what is wrong, and how much more where the
/// endpoint is known. Less than 1 together: a look alone asks for no captcha, for every fourth or fifth person gives up on one.
const LOOK_AT_POW: f32 = 0.5;
const MORE_WHERE_KNOWN: f32 = 0.4;
/// What a siege adds there: with a look that is rather wrong it asks for a captcha.
const BESIEGED_AT_POW: f32 = 0.6;
/// What a look that is wrong adds at captchas to places where hardly anybody verified: who solves captchas for money looks
/// like that, and goes there.
const LOOK_AT_CAPTCHA: f32 = 0.8;
/// How much more of what it shares with others an attempt bears at captchas that looks right: more than refusals alone
/// heat a cell, or the first who fail there keep out everyone who comes after them.
const BORNE_OF_OTHERS: f32 = 1.5;
/// How many times as much is borne of a place that messages go to where nothing is stopped at the moment: else two or three
/// people who never typed their codes in, while an attack went on, would keep everybody real out for hours after it.
const BORNE_IN_PEACE: f32 = 2.0;
/// What a surge weighs for who looks quite right, where the endpoint is known: a campaign, and offices that begin at the same
/// minute, are a surge before anybody can have verified. Of attacks in `sendwall simulate` none gains by it; of offices half
/// as many are asked.
const SURGE_OF_RIGHT: f32 = 0.5;

/// What state and look say about an attempt.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// What its client has shown before.
    pub trust: Trust,
    /// Whether its address loaded any page lately.
    pub page_seen: bool,
    /// What it looks like, 0 to 1 of heat.
    pub prior: f32,
    /// What the prior is made of.
    pub looks: Vec<&'static str>,
    /// Whether it was looked at, and looks more like those who are real than not.
    pub looks_right: bool,
    /// How well its endpoint is known, 0 to 1: where nothing is known yet, no place is suspicious for being new.
    pub known: f32,
    /// What its cells show at each rung that was looked at.
    pub rungs: Looked,
    /// What the rules said of it.
    pub rules: Spoken,
}

/// Where the ladder leaves an attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Climb {
    /// The lowest open rung that isn't below what was proven.
    pub(super) rung: Rung,
    /// Heat, pressure and prior of the first rung over the tolerance: 1 is where it closes.
    pub(super) heat: f32,
}

impl Standing {
    /// Whether `rung` is open to the attempt. One that wasn't looked at shows nothing against it.
    pub fn is_open(&self, rung: Rung) -> bool {
        self.rungs[rung as usize].as_ref().is_none_or(|views| {
            let overfull = speaking(rung, views).any(|view| self.overfull(view));
            self.heat(rung, views) < 1.0 && !overfull
        })
    }

    /// Heat at a rung, with what it looks like, over what the client is trusted with.
    fn heat(&self, rung: Rung, views: &Views) -> f32 {
        let outage = self.outage();
        let hottest = speaking(rung, views)
            .map(|view| self.heat_of(view, rung, outage) + self.pressure(view))
            .fold(0.0, f32::max);
        self.with_what_adds(hottest, rung)
    }

    /// Heat of one cell with what adds to every cell's at a rung, over what the client is trusted with.
    pub(super) fn with_what_adds(&self, heat: f32, rung: Rung) -> f32 {
        let (look, siege) = self.look_and_siege(rung);
        (heat + (look + siege) + self.weight(rung)) / self.tolerance(rung)
    }

    /// What look and siege add at a rung.
    pub(super) fn look_and_siege(&self, rung: Rung) -> (f32, f32) {
        match rung {
            Rung::None => (self.prior, self.besieged()),
            Rung::Pow => {
                let look = (LOOK_AT_POW + MORE_WHERE_KNOWN * self.known) * self.prior;
                (look, BESIEGED_AT_POW * self.besieged())
            }
            Rung::Captcha | Rung::Block => (0.0, 0.0),
        }
    }

    /// Which rungs are closed by what adds to every cell's heat, whatever the cells show.
    pub fn closed_by_look(&self) -> [bool; 3] {
        [Rung::None, Rung::Pow, Rung::Captcha].map(|rung| self.with_what_adds(0.0, rung) >= 1.0)
    }

    /// What rules add at a rung.
    pub(super) fn weight(&self, rung: Rung) -> f32 {
        if rung < Rung::Captcha { self.rules.weight } else { 0.0 }
    }

    /// What one cell says at a rung. At a captcha a look doesn't add to everything, it says how much evidence is enough.
    pub(super) fn heat_of(&self, view: &View, rung: Rung, outage: f32) -> f32 {
        let heat = heat(view, rung, outage);
        match (rung, view.kind) {
            (Rung::None | Rung::Pow, _) | (_, Kind::Phone | Kind::Client) => heat,
            _ if self.looks_right => heat / borne_of(view),
            _ if self.prior >= RIGHT => heat + LOOK_AT_CAPTCHA * self.known * self.prior * view.novelty(),
            _ => heat,
        }
    }

    /// What a surge says. Who looks right came with a crowd, likelier than not, where it is known how such people look.
    pub(super) fn pressure(&self, view: &View) -> f32 {
        let right = if self.looks_right { self.known * (1.0 - self.prior / RIGHT).max(0.0) } else { 0.0 };
        view.pressure * (1.0 - (1.0 - SURGE_OF_RIGHT) * right)
    }

    /// How surely the range of its phone is under attack, for whom nothing is known.
    pub(super) fn besieged(&self) -> f32 {
        let range = self.first(Kind::Range);
        range.filter(|_| !self.trust.is_known()).map_or(0.0, |range| range.besieged() * self.known)
    }

    /// Whether codes that its own client asked for stayed silent after captchas: numbers of one's own are soon verified, and
    /// the trust that they give would be good for as many of others.
    fn is_misused(&self) -> bool {
        let client = self.rungs[Rung::Captcha as usize].as_ref().and_then(|views| views[Kind::Client as usize]);
        client.is_some_and(|client| client.heat >= 1.0)
    }

    /// What its cell of a kind shows at the first rung.
    pub(super) fn first(&self, kind: Kind) -> Option<View> {
        self.rungs[0].as_ref().and_then(|views| views[kind as usize])
    }

    /// Share of real verifications that are missing for everyone, which is no rung's own.
    pub(super) fn outage(&self) -> f32 {
        let country = self.first(Kind::Country);
        country.map_or(0.0, |view| view.outage)
    }

    pub(super) fn overfull(&self, view: &View) -> bool {
        view.is_overfull(self.tolerance(Rung::None))
    }

    pub(super) fn tolerance(&self, rung: Rung) -> f32 {
        match (rung, self.trust) {
            (Rung::None, Trust::KnownClient) => 2.0,
            (Rung::None, Trust::Owner) => 3.0,
            _ => 1.0,
        }
    }

    /// How long to wait where nobody can be challenged: 30 s, doubled each time in about six minutes, to 16 minutes.
    pub(super) fn wait(&self) -> Span {
        let phone = self.first(Kind::Phone);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 5")]
        let times = phone.map_or(0.0, |view| view.refused.round().clamp(0.0, 5.0)) as u32;
        Span::seconds(30 << times)
    }

    pub(super) fn climb(&self, proven: Rung) -> Climb {
        let first = self.rungs[0].as_ref().map_or(0.0, |views| self.heat(Rung::None, views));
        let open = [Rung::None, Rung::Pow, Rung::Captcha]
            .into_iter()
            .filter(|rung| *rung >= proven)
            .find(|rung| self.is_open(*rung));
        let last = if self.trust.is_known() && !self.is_misused() { Rung::Captcha } else { Rung::Block };
        Climb { rung: open.unwrap_or(last), heat: first }
    }
}

/// The cells that may close a rung: above the first only those that are to blame.
pub(super) fn speaking(rung: Rung, views: &Views) -> impl Iterator<Item = &View> {
    views.iter().flatten().filter(move |view| rung == Rung::None || view.is_to_blame(rung))
}

/// In an outage of the phone's country silence says less, of everything but the phone and the client themselves.
pub(super) fn heat(view: &View, rung: Rung, outage: f32) -> f32 {
    match view.kind {
        Kind::Phone => view.heat / PHONE.get(rung as usize).copied().unwrap_or(1.0),
        Kind::Client => view.heat,
        _ => view.heat * (1.0 - outage * view.known),
    }
}

/// How much of a cell's heat is borne at captchas by who looks right.
fn borne_of(view: &View) -> f32 {
    let peace = if view.kind.is_destination() { 1.0 - view.stopping() } else { 0.0 };
    BORNE_OF_OTHERS * (1.0 + (BORNE_IN_PEACE - 1.0) * peace)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{facts, mobile, view};
    use super::*;
    use crate::cells::Kinds;
    use crate::domain::Reason;

    /// Where the ladder leaves an attempt whose cells are as `cells` at each rung; all others are clean.
    fn climbed(looks: f32, known: f32, cells: [&[View]; 3]) -> Rung {
        let views = |cells: &[View]| {
            Some(
                Kind::ALL.map(|kind| cells.iter().find(|view| view.kind == kind).copied().or_else(|| Some(view(kind)))),
            )
        };
        let looks_right = looks < RIGHT;
        let standing = Standing { prior: looks, looks_right, known, rungs: cells.map(views), ..Standing::default() };
        standing.climb(Rung::None).rung
    }

    #[test]
    fn a_siege_asks_strangers_and_more_of_those_who_look_wrong() {
        let besieged = View { refused: 9.0, sent: 4.0, ..view(Kind::Range) };
        let cells = |range| -> [View; 1] { [range] };
        for (what, range, looks, known, rung) in [
            ("looks right", besieged, 0.0, 1.0, Rung::Pow),
            ("looks rather wrong", besieged, 0.6, 1.0, Rung::Captcha),
            ("hardly anything is stopped", View { refused: 1.0, ..besieged }, 0.6, 1.0, Rung::None),
            ("people verify there", View { sent: 16.0, verified: 12.0, ..besieged }, 0.6, 1.0, Rung::None),
            ("some verify their own numbers", View { sent: 30.0, verified: 12.0, ..besieged }, 0.0, 1.0, Rung::Pow),
            ("nothing is known of the endpoint", besieged, 0.6, 0.0, Rung::None),
            ("no place", View { kind: Kind::Network, ..besieged }, 0.6, 1.0, Rung::None),
        ] {
            let cells = cells(range);
            assert_eq!(climbed(looks, known, [&cells; 3]), rung, "{what}");
        }
        let standing = Standing {
            trust: Trust::KnownClient,
            known: 1.0,
            rungs: [
                Some(Kind::ALL.map(|kind| Some(if kind == Kind::Range { besieged } else { view(kind) }))),
                None,
                None,
            ],
            ..Standing::default()
        };
        assert_eq!(standing.climb(Rung::None).rung, Rung::None, "who is known is not asked for a range's sake");
    }

    #[test]
    fn a_known_client_is_turned_away_by_what_it_did_itself_alone() {
        let hot = |kind, heat| View { heat, ..view(kind) };
        for (what, client, rung) in [("others' doing", 0.9, Rung::Captcha), ("its own", 1.1, Rung::Block)] {
            let views = Kind::ALL.map(|kind| Some(hot(kind, if kind == Kind::Client { client } else { 3.0 })));
            for trust in [Trust::KnownClient, Trust::Owner] {
                let standing = Standing { trust, rungs: [Some(views); 3], ..Standing::default() };
                assert_eq!(standing.climb(Rung::None).rung, rung, "{what}, {trust:?}");
            }
        }
    }

    #[test]
    fn a_surge_asks_who_looks_right_only_at_twice_the_pressure() {
        for (what, pressure, looks, known, rung) in [
            ("looks right", 1.9, 0.0, 1.0, Rung::None),
            ("a larger one", 2.1, 0.0, 1.0, Rung::Pow),
            ("nothing is known of the endpoint", 1.1, 0.0, 0.0, Rung::Pow),
            ("a look that leaves a doubt says something itself", 1.1, 0.25, 1.0, Rung::Pow),
            ("looks rather wrong", 0.5, 0.5, 1.0, Rung::Pow),
        ] {
            let surging = [View { pressure, ..view(Kind::Country) }];
            assert_eq!(climbed(looks, known, [&surging, &[], &[]]), rung, "{what}");
        }
        let surging = Kind::ALL.map(|kind| Some(View { pressure: 1.1, ..view(kind) }));
        let off = Standing { rungs: [Some(surging), None, None], ..Standing::default() };
        assert!(!off.is_open(Rung::None), "where nobody looks a surge is all that there is");
    }

    #[test]
    fn a_look_alone_asks_for_no_captcha() {
        assert_eq!(climbed(1.0, 1.0, [&[]; 3]), Rung::Pow);
        let warm = [View { heat: 0.2, ..view(Kind::Address) }];
        assert_eq!(climbed(1.0, 1.0, [&[], &warm, &[]]), Rung::Captcha);
    }

    #[test]
    fn what_nearly_everybody_shares_asks_for_a_captcha_while_abuse_outweighs_real_use_and_turns_nobody_away() {
        for kind in [Kind::Fingerprint, Kind::Endpoint] {
            for (what, rate, health, rung) in [
                ("abuse", 9.0, 0.1, Rung::Captcha),
                ("a crowd that verifies", 9.0, 0.9, Rung::Pow),
                ("hardly more than real use", 7.0, 0.1, Rung::Pow),
            ] {
                let cell = [View { heat: 3.0, history: 1.0, went_out: rate, health, ..view(kind) }];
                assert_eq!(climbed(0.0, 1.0, [&cell; 3]), rung, "{what} of {kind:?}");
            }
        }
    }

    #[test]
    fn refusals_alone_keep_nobody_out_who_looks_right() {
        let hot = |kind, heat, verified| View { heat, sent: verified, verified, ..view(kind) };
        for (what, cell, looks, rung) in [
            ("looks right", View { refused: 9.0, ..hot(Kind::Range, 1.2, 20.0) }, 0.0, Rung::Captcha),
            ("looks wrong", hot(Kind::Range, 1.0, 20.0), 0.5, Rung::Block),
            (
                "silence beyond what refusals heat",
                View { refused: 3.0, ..hot(Kind::Range, 1.6, 20.0) },
                0.0,
                Rung::Block,
            ),
            ("as much where nothing is stopped any more", hot(Kind::Range, 2.9, 20.0), 0.0, Rung::Captcha),
            ("silence beyond that", hot(Kind::Range, 3.1, 20.0), 0.0, Rung::Block),
            ("silence at an address, stopped or not", hot(Kind::Address, 1.6, 20.0), 0.0, Rung::Block),
            ("the phone itself", hot(Kind::Phone, 2.3, 0.0), 0.0, Rung::Block),
            ("the client itself", hot(Kind::Client, 1.1, 0.0), 0.0, Rung::Block),
            ("looks wrong, where hardly anybody verified", hot(Kind::Country, 0.4, 0.0), 0.8, Rung::Block),
            ("looks wrong, where people verify", hot(Kind::Country, 0.4, 20.0), 0.8, Rung::Captcha),
            ("looks wrong, from a warm address", hot(Kind::Address, 0.4, 0.0), 0.8, Rung::Captcha),
        ] {
            // Nobody's history explains what the country sees.
            let cell = View { rate: 10.0, health: if cell.kind.is_wide() { 0.0 } else { 1.0 }, ..cell };
            let below = [View { heat: 3.0, ..view(Kind::Address) }];
            assert_eq!(climbed(looks, 1.0, [&below, &below, &[cell]]), rung, "{what}");
        }
        let warm = Some(Kind::ALL.map(|kind| Some(View { rate: 10.0, health: 0.0, ..hot(kind, 0.4, 0.0) })));
        let told = Standing { prior: 0.8, known: 1.0, rungs: [None, None, warm], ..Standing::default() };
        let reasons = told.reasons(Rung::None..Rung::Block, &facts(mobile()), &Kinds::default());
        let closed = |reason: &Reason| matches!(reason, Reason::Hot { kind: "country", rung: Rung::Captcha, .. });
        assert!(reasons.iter().any(closed), "why it isn't a captcha is told");
        let off = Standing {
            rungs: [None, None, Some(Kind::ALL.map(|kind| Some(hot(kind, 1.1, 0.0))))],
            ..Standing::default()
        };
        assert!(!off.is_open(Rung::Captcha), "where nobody looks nobody looks right");
    }
}

//! The engine in the decision's way, by a clock that the test moves: what silence closes, what verifications open, and
//! what is asked of whom.

#![expect(clippy::float_cmp, reason = "whole numbers")]

use super::*;
use crate::decide::ChallengeBy;
use crate::domain::{ChallengeKind, DecidedBy, Pass, Reason, Rung, Trust};

pub(super) const SCRIPT: &str = "python-requests/2.32.3";

/// A stage with the engine as it is by default and without limits.
pub(super) fn stage(mode: Mode, challenge: ChallengeBy) -> Stage {
    stage_with(&[], mode, challenge)
}

fn stage_with(limits: &[Arc<Limit>], mode: Mode, challenge: ChallengeBy) -> Stage {
    let endpoint = Endpoint { policy: Policy { mode, challenge, ..Policy::default() }, ..endpoint() };
    let stage = Stage::with(limits, endpoint.clone());
    let revision = revision(1, &stage.store, limits, endpoint);
    stage.gate.replace(Revision { kinds: Kinds::default(), ..revision });
    stage
}

/// Phones of one range.
fn phone(index: u64) -> String {
    format!(r#"{{"phone":"+44740241{index:04}"}}"#)
}

impl Stage {
    /// Moves the clock and lets silence be heard.
    pub(super) fn pass(&self, seconds: u64) {
        self.clock.advance(Span::seconds(seconds));
        self.gate.advance_to_now();
    }

    fn judge_of(&self, agent: &'static str, body: &str) -> Judged {
        request_of(agent, "/send", body, |request| self.gate.judge(&self.gate.revision(), 0, request))
    }
}

#[test]
fn silence_asks_for_a_proof_and_verifications_do_not() {
    let silent = stage(Mode::Enforce, ChallengeBy::Contract);
    let mut sends = 0;
    while silent.send(&phone(sends), 200) == "forward" {
        sends += 1;
        silent.pass(20);
        assert!(sends < 20, "twenty codes that nobody types in, from one address to one range");
    }
    assert!(sends >= 3, "a few say nothing: {sends}");
    let judged = silent.judge(&phone(99));
    assert_eq!(
        (judged.decision.verdict, judged.decision.decided_by),
        (Verdict::Challenge(ChallengeKind::Pow), DecidedBy::Engine)
    );
    assert!(judged.permit.is_none());
    let hot = judged.decision.reasons.iter().find(|reason| reason.code() == "hot").unwrap();
    assert!(hot.turned_by().is_some() && hot.to_string().contains("0 of"), "{hot}");

    let verified = stage(Mode::Enforce, ChallengeBy::Contract);
    for index in 0..60 {
        assert_eq!(verified.send(&phone(index), 200), "forward", "{index}");
        verified.pass(10);
        verified.verify(&phone(index), true);
        verified.pass(10);
    }
}

#[test]
fn evidence_fades_and_what_was_closed_opens_again() {
    let stage = stage(Mode::Enforce, ChallengeBy::Contract);
    let mut sends = 0;
    while stage.send(&phone(sends), 200) == "forward" {
        sends += 1;
        stage.pass(20);
    }
    stage.pass(3 * 24 * 3600);
    assert_eq!(stage.send(&phone(500), 200), "forward");
}

#[test]
fn a_script_is_asked_on_its_first_request_and_a_proof_lets_it_go_on() {
    let stage = stage(Mode::Enforce, ChallengeBy::Contract);
    let asked = stage.judge_of(SCRIPT, PHONE);
    assert_eq!(asked.decision.verdict, Verdict::Challenge(ChallengeKind::Pow));
    assert!(matches!(&asked.decision.reasons[0], Reason::Look { parts, .. } if parts.contains(&"a script's agent")));
    let pass = Pass { attempt: asked.decision.id, rung: Rung::Pow, unbound: None };
    let facts = Facts::clone(&asked.facts);
    let judged = stage.gate.judge_facts(&stage.gate.revision(), 0, facts, Some(pass));
    assert_eq!((judged.decision.verdict, judged.decision.proven), (Verdict::Forward, Rung::Pow));
    assert_eq!(judged.decision.rung(), Some(Rung::Pow));
}

#[test]
fn who_solves_passes_also_limits_that_count_refusals() {
    let stage = stage_with(&[counting_refusals(&once_a_minute()[0])], Mode::Enforce, ChallengeBy::Contract);
    let asked = stage.judge_of(SCRIPT, PHONE);
    assert_eq!(asked.decision.verdict, Verdict::Challenge(ChallengeKind::Pow));
    let (pass, facts) =
        (Pass { attempt: asked.decision.id, rung: Rung::Pow, unbound: None }, Facts::clone(&asked.facts));
    let again = || stage.gate.judge_facts(&stage.gate.revision(), 0, facts.clone(), Some(pass));
    let solved = again();
    assert_eq!(solved.decision.verdict, Verdict::Forward);
    solved.permit.unwrap().settle(&answer(200, &HeaderMap::new()));
    assert_eq!(again().decision.verdict.name(), "cooldown");
}

#[test]
fn where_nobody_can_be_challenged_the_wait_grows_with_each_time() {
    let stage = stage(Mode::Enforce, ChallengeBy::None);
    let waits: Vec<_> = (0..4)
        .map(|_| match stage.judge_of(SCRIPT, PHONE).decision.verdict {
            Verdict::Cooldown { until } => until.since(stage.gate.clock.now()).as_millis() / 1000,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(waits, [30, 60, 120, 240]);
    assert_eq!(stage.judge(OTHER).decision.verdict, Verdict::Forward, "an app beside it");
}

#[test]
fn monitor_mode_hears_silence_and_leaves_no_challenge_unsolved() {
    let stage = stage(Mode::Monitor, ChallengeBy::Contract);
    for index in 0..20 {
        let judged = stage.judge(&phone(index));
        judged.permit.unwrap().settle(&answer(200, &HeaderMap::new()));
        stage.pass(20);
    }
    let judged = stage.judge(&phone(99));
    assert_eq!(judged.decision.verdict.name(), "challenge", "what would have been asked");
    assert_eq!(stage.gate.cells().unsolved(), 0, "nobody was asked");
    assert!(stage.gate.cells().sends() >= 20);
    let totals = stage.metrics.totals();
    assert!(totals.would_challenge_sms >= 5, "{totals:?}");
    assert_eq!((totals.would_save_sms, totals.challenged_sms, totals.saved_sms), (0, 0, 0));
}

#[test]
fn what_only_monitor_mode_lets_out_past_a_limit_is_evidence_too() {
    let stage = stage_with(&once_a_minute(), Mode::Monitor, ChallengeBy::Contract);
    for _ in 0..3 {
        stage.send(PHONE, 200);
    }
    assert_eq!(stage.gate.cells().sends(), 3);
    assert_eq!(open_sends(&stage), 3.0);
    stage.pass(600);
    assert_eq!(open_sends(&stage), 0.0, "as many were taken back as were counted");
}

/// Silent sends of the phone in the last two minutes.
fn open_sends(stage: &Stage) -> f32 {
    let explanation = request("/send", PHONE, |request| stage.gate.explain(&stage.gate.revision(), request));
    let Explanation::Judged { standing: Some(standing), .. } = explanation else { panic!() };
    standing.rungs[0].as_ref().unwrap().iter().flatten().find(|view| view.kind == cells::Kind::Phone).unwrap().open
}

#[test]
fn what_its_look_keeps_out_is_no_volume_that_others_answer_for() {
    let stage = stage(Mode::Enforce, ChallengeBy::Contract);
    for index in 0..400 {
        assert_eq!(stage.judge_of(SCRIPT, &phone(index)).decision.verdict.name(), "challenge");
        stage.clock.advance(Span::millis(100));
    }
    assert_eq!(stage.send(&phone(9000), 200), "forward");
}

#[test]
fn silence_says_nothing_where_nothing_tells_what_becomes_of_codes() {
    let blind = Endpoint { has_verify: false, verified_if: None, ..endpoint() };
    for (endpoint, all_go) in [(blind, true), (endpoint(), false)] {
        let stage = Stage::with(&[], endpoint);
        let sent = (0..60).filter(|person| {
            stage.pass(60);
            stage.send(&phone(*person), 200) == "forward"
        });
        assert_eq!(sent.count() == 60, all_go);
    }
}

#[test]
fn an_unverified_flood_is_stopped_before_any_silence_is_heard() {
    let stage = stage(Mode::Enforce, ChallengeBy::Contract);
    let mut sends = 0;
    for index in 0..500 {
        sends += u32::from(stage.send(&phone(index), 200) == "forward");
    }
    assert!((3..=30).contains(&sends), "{sends}");
}

#[test]
fn who_verified_before_is_known() {
    let stage = stage(Mode::Enforce, ChallengeBy::Contract);
    stage.send(PHONE, 200);
    stage.pass(10);
    stage.verify(PHONE, true);
    assert_ne!(stage.judge(PHONE).decision.trust, Trust::Unknown);
    assert_eq!(stage.judge(OTHER).decision.trust, Trust::Unknown);
}

#[test]
fn explaining_shows_every_cell_at_every_rung_and_the_parts_of_the_look() {
    let stage = stage(Mode::Enforce, ChallengeBy::Contract);
    let explain =
        |agent| request_of(agent, "/send", PHONE, |request| stage.gate.explain(&stage.gate.revision(), request));
    let Explanation::Judged { standing: Some(standing), looks, decision, .. } = explain(SCRIPT) else { panic!() };
    assert_eq!(decision.verdict.name(), "challenge");
    assert_eq!(looks, [("a script's agent", 1.0)]);
    assert!(standing.rungs.iter().all(Option::is_some), "also the rungs above the open one");
    assert_eq!(
        standing.rungs[0].as_ref().unwrap().iter().flatten().count(),
        9,
        "no cookie, no databases, a new country"
    );
    let Explanation::Judged { looks, .. } = explain(APP) else { panic!() };
    assert!(looks.is_empty());
}

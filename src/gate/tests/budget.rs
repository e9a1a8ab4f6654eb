//! Budgets behind the ladder: who climbs, who is refused, what counts, what comes back.

use super::*;
use crate::budget::{self, Measure};
use crate::domain::{DecidedBy, Pass, Rung};

/// Phones enough for one each.
fn body(n: u32) -> String {
    format!(r#"{{"phone":"+4474024{:05}"}}"#, n * 37 % 100_000)
}

/// A stage whose cells bear everything, with so many messages an hour; a fifth of it for known users.
fn stage(cap: u64) -> Stage {
    let stage = Stage::new(&[]);
    let mut budgets = budget::Policy::default();
    budgets.all.set(Measure::MessagesPerHour, cap);
    let mut kinds = Kinds::default();
    for kind in cells::Kind::ALL {
        kinds.of_mut(kind).open_floor = 1e5;
        kinds.of_mut(kind).rate_floor = 1e5;
    }
    let revision = revision(2, &stage.store, &[], endpoint());
    stage.gate.replace(Revision { kinds, budgets, ..revision });
    stage
}

/// Judged as one who has proven `rung`.
fn judge(stage: &Stage, n: u32, rung: Rung) -> Judged {
    let facts = stage.judge(&body(n)).facts;
    let pass = (rung != Rung::None).then(|| Pass { attempt: stage.gate.ids.next(facts.at), rung, unbound: None });
    stage.gate.judge_facts(&stage.gate.revision(), 0, (*facts).clone(), pass)
}

#[test]
fn a_stranger_climbs_at_the_soft_value_and_waits_at_the_hard_one() {
    let stage = stage(20);
    let mut verdicts = Vec::new();
    for n in 0..20 {
        verdicts.push(stage.send(&body(n), 200));
    }
    let (free, climbs) = verdicts.split_at(12);
    assert!(free.iter().all(|verdict| *verdict == "forward") && climbs.iter().all(|verdict| *verdict == "challenge"));
    for n in 20..24 {
        judge(&stage, n, Rung::Pow).permit.expect("a proof is enough").sent();
    }
    let refused = judge(&stage, 30, Rung::Captcha);
    assert!(refused.permit.is_none());
    assert_eq!(refused.decision.decided_by, DecidedBy::Budget);
    assert_eq!(refused.decision.reasons[0].code(), "budget");
    let Verdict::Cooldown { until } = refused.decision.verdict else { panic!("{:?}", refused.decision) };
    assert_eq!(until, start() + Span::minutes(61), "what the budget holds leaves with its bucket");
    stage.at(Span::minutes(61));
    assert_eq!(stage.send(&body(31), 200), "forward", "it resets by itself");
}

#[test]
fn a_known_user_is_served_from_the_reserve() {
    let stage = stage(20);
    assert_eq!(stage.send(&body(0), 200), "forward");
    stage.verify(&body(0), true);
    for n in 1..12 {
        stage.send(&body(n), 200);
    }
    for n in 12..16 {
        judge(&stage, n, Rung::Pow).permit.expect("the hard value is 16 for strangers").sent();
    }
    assert_eq!(stage.send(&body(17), 200), "cooldown");
    for _ in 0..4 {
        assert_eq!(stage.send(&body(0), 200), "forward", "the phone was verified before");
    }
    assert_eq!(stage.send(&body(0), 200), "cooldown", "the hard value holds for everyone");
    stage.gate.budgets().reset(None);
    assert_eq!(stage.send(&body(18), 200), "forward", "an operator opens it by hand");
}

#[test]
fn what_is_not_sent_costs_nothing() {
    let stage = stage(20);
    for n in 0..50 {
        assert_eq!(stage.send(&body(n), 500), "forward", "the app sent nothing");
        drop(stage.judge(&body(n)));
    }
    let used = |stage: &Stage| stage.gate.budgets().fill(&stage.gate.revision().budgets, start())[0].used;
    assert!(used(&stage) < 1.0);
    stage.send(&body(60), 200);
    assert!(used(&stage) > 0.9);
}

#[test]
fn monitor_mode_tells_and_counts_what_goes_out() {
    let stage = stage(5);
    let revision = stage.gate.revision();
    let mut watched = endpoint();
    watched.policy.mode = Mode::Monitor;
    let budgets = revision.budgets.clone();
    let kinds = revision.kinds.clone();
    let next = super::revision(3, &stage.store, &[], watched);
    stage.gate.replace(Revision { kinds, budgets, ..next });
    let told: Vec<_> = (0..8).map(|n| stage.send(&body(n), 200)).collect();
    assert_eq!(told[..3], ["forward", "forward", "forward"]);
    assert!(told[4..].iter().all(|verdict| *verdict == "cooldown"), "{told:?}");
    let used = stage.gate.budgets().fill(&stage.gate.revision().budgets, start())[0].used;
    assert!((used - 8.0).abs() < 0.1, "all of it was sent: {used}");
}

#[test]
fn explaining_holds_nothing() {
    let stage = stage(20);
    for n in 0..12 {
        stage.send(&body(n), 200);
    }
    for _ in 0..9 {
        let explained = request("/send", &body(40), |request| stage.gate.explain(&stage.gate.revision(), request));
        let Explanation::Judged { decision, .. } = explained else { panic!("protected") };
        assert_eq!((decision.verdict.name(), decision.decided_by), ("challenge", DecidedBy::Budget));
    }
    let used = stage.gate.budgets().fill(&stage.gate.revision().budgets, start())[0].used;
    assert!((used - 12.0).abs() < 0.1, "{used}");
}

#[test]
fn a_budget_that_is_set_later_knows_what_went_out_before() {
    let stage = stage(20);
    let (limited, revision) = (stage.gate.revision(), revision(3, &stage.store, &[], endpoint()));
    stage.gate.replace(Revision { kinds: limited.kinds.clone(), ..revision });
    for n in 0..12 {
        assert_eq!(stage.send(&body(n), 200), "forward");
        assert_eq!(stage.send(&body(20 + n), 500), "forward", "nothing was sent");
    }
    stage.gate.replace(Revision { kinds: limited.kinds.clone(), ..super::revision(4, &stage.store, &[], endpoint()) });
    judge(&stage, 50, Rung::None).permit.expect("no budget yet").sent();
    let under_way = judge(&stage, 51, Rung::None).permit.expect("no budget yet");
    let budgets = limited.budgets.clone();
    let next = super::revision(5, &stage.store, &[], endpoint());
    stage.gate.replace(Revision { kinds: limited.kinds.clone(), budgets, ..next });
    under_way.sent();
    let used = stage.gate.budgets().fill(&stage.gate.revision().budgets, start())[0].used;
    assert!((used - 14.0).abs() < 0.1, "{used}");
    assert_eq!(stage.send(&body(52), 200), "challenge", "strangers are over the soft value");
}

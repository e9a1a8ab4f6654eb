//! The order of everything: the deny list, the allow list, then limits and evidence.

use super::*;
use crate::domain::{DecidedBy, ListName, Reason};
use crate::lists::{Book, Given, Hand, Names, Terms};
use crate::privacy::KeyRing;

fn stage(limits: &[Arc<Limit>], mode: Mode, entries: &[(ListName, &str)]) -> Stage {
    let mut endpoint = endpoint();
    endpoint.policy.mode = mode;
    let mut stage = Stage::with(limits, endpoint);
    let names = Names::new(&KeyRing::fixed(1));
    let mut book = Book::default();
    for (list, text) in entries {
        let given = Given::parse(text, &Numbering::default()).unwrap();
        let terms = Terms { until: None, note: "because".into(), added: start(), by: "test".into() };
        book.add(*list, &[given], &names, &terms).unwrap();
    }
    let gate = Arc::into_inner(stage.gate).unwrap();
    stage.gate = Arc::new(gate.with_lists(Arc::new(Hand::new(book, names))));
    stage
}

#[test]
fn who_is_denied_is_refused_before_anything_is_counted() {
    let mut counts_refused = Limit::clone(&once_a_minute()[0]);
    counts_refused.count_rejected = true;
    let stage = stage(&[Arc::new(counts_refused)], Mode::Enforce, &[(ListName::Deny, "203.0.113.0/24")]);
    let denied = stage.judge(PHONE);
    assert_eq!((denied.decision.verdict, denied.decision.decided_by), (Verdict::Block, DecidedBy::List));
    assert!(denied.permit.is_none());
    let reason = denied.decision.reasons.first().unwrap();
    assert_eq!(
        (reason.code(), reason.to_string().as_str()),
        ("deny_list", "network 203.0.113.0/24 is on the deny list: because")
    );
    assert_eq!(reason.turned_by().as_deref(), Some("`sendwall list remove deny --id 1`"));
    assert_eq!(stage.gate.lists().book().entries().map(|entry| entry.hits()).collect::<Vec<_>>(), [1]);
    assert_eq!(stage.gate.cells().usage().0, 0, "no cell");
    stage.gate.lists().replace(Book::default());
    assert_eq!(stage.send(PHONE, 200), "forward", "and no limit, though this one counts what is refused");
    assert_eq!(stage.send(PHONE, 200), "cooldown");
}

#[test]
fn who_is_allowed_passes_limits_and_is_counted() {
    let stage = stage(&once_a_minute(), Mode::Enforce, &[(ListName::Allow, "203.0.113.0/24")]);
    let sent: Vec<_> = (0..5).map(|_| stage.send(PHONE, 200)).collect();
    assert_eq!(sent, ["forward"; 5]);
    let decision = stage.judge(PHONE).decision;
    assert_eq!((decision.decided_by, decision.reasons[0].code()), (DecidedBy::List, "allow_list"));
    stage.gate.lists().replace(Book::default());
    assert_eq!(stage.send(PHONE, 200), "cooldown", "what went out was counted");
}

#[test]
fn deny_goes_before_allow_and_monitor_mode_only_tells() {
    let both = [(ListName::Allow, "203.0.113.0/24"), (ListName::Deny, "GB")];
    let monitored = stage(&once_a_minute(), Mode::Monitor, &both);
    let judged = monitored.judge(PHONE);
    assert_eq!((judged.decision.verdict, judged.decision.reasons[0].code()), (Verdict::Block, "deny_list"));
    assert!(judged.permit.is_some(), "it would have been refused, and goes on");
    drop(judged);
    assert_eq!(monitored.send(PHONE, 200), "block");
    monitored.gate.lists().replace(Book::default());
    assert_eq!(monitored.send(PHONE, 200), "cooldown", "its message went out and was counted");
    assert_eq!(stage(&once_a_minute(), Mode::Enforce, &both).send(PHONE, 200), "block");
}

#[test]
fn explaining_tells_of_the_list_and_counts_no_hit() {
    let stage = stage(&once_a_minute(), Mode::Enforce, &[(ListName::Deny, "203.0.113.0/24")]);
    let explained = request("/send", PHONE, |request| stage.gate.explain(&stage.gate.revision(), request));
    let Explanation::Judged { decision, readings, .. } = explained else { panic!("it is protected") };
    assert!(matches!(&decision.reasons[0], Reason::Listed(listed) if listed.entry == 1));
    assert_eq!((decision.verdict, readings.len()), (Verdict::Block, 1), "what the limits hold is shown beside it");
    assert_eq!(stage.gate.lists().book().entries().map(|entry| entry.hits()).collect::<Vec<_>>(), [0]);
}

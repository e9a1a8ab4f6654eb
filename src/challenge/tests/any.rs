//! Whatever bytes come: nothing that wasn't issued counts, and everything that was reads back.

use proptest::prelude::*;

use super::*;

fn ticket() -> impl Strategy<Value = Ticket> {
    let numbers = (any::<u64>(), any::<u64>(), any::<u128>(), any::<u64>());
    let bound = (any::<Option<u64>>(), any::<Option<u64>>(), any::<bool>());
    (numbers, bound).prop_map(|((at, random, nonce, endpoint), (phone, client, pow))| Ticket {
        attempt: DecisionId::new(Timestamp::from_unix_ms(at), random),
        kind: if pow { ChallengeKind::Pow } else { ChallengeKind::Captcha },
        issued: Timestamp::from_unix_ms(random),
        expires: Timestamp::from_unix_ms(at),
        nonce,
        score: 77,
        endpoint,
        phone,
        client,
    })
}

proptest! {
    #[test]
    fn a_ticket_reads_back(ticket in ticket()) {
        let seals = &challenges().secrets.seals;
        for label in [Label::Ticket, Label::Pass] {
            let text = ticket.seal(label, seals);
            prop_assert_eq!(Ticket::open(&text, label, seals), Some(ticket));
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            let other = if label == Label::Pass { Label::Ticket } else { Label::Pass };
            prop_assert_eq!(Ticket::open(&text, other, seals), None);
        }
    }

    #[test]
    fn a_ticket_with_one_byte_changed_is_none(ticket in ticket(), at in any::<prop::sample::Index>(), by in 1..=255_u8) {
        let seals = &challenges().secrets.seals;
        let mut text = ticket.seal(Label::Pass, seals).into_bytes();
        let at = at.index(text.len());
        text[at] ^= by;
        if let Ok(text) = String::from_utf8(text) {
            prop_assert_eq!(Ticket::open(&text, Label::Pass, seals), None);
        }
    }

    #[test]
    fn no_bytes_are_a_solution_or_a_pass(bytes in prop::collection::vec(any::<u8>(), 0..300), json in ".{0,200}") {
        let (challenges, settings) = (challenges(), Settings { older_altcha: true, ..settings() });
        for text in [STANDARD.encode(&bytes), STANDARD.encode(&json), json] {
            prop_assert!(challenges.solve_work(&settings, &text, START).is_err());
            prop_assert!(challenges.hold(&text, &BEARER, START).is_err());
            prop_assert!(challenges.hold_solution(&settings, &text, &BEARER, START).is_err());
            let page = challenges.check_page(&settings.page, Some(&text), None, true, START);
            prop_assert_eq!(page, crate::domain::PageCode::Forged);
        }
        prop_assert_eq!(challenges.usage().0, 0);
    }
}

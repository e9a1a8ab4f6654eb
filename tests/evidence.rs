//! What the evidence promises, whatever the stream.

use sendwall::cells::{Kind, Kinds};
use sendwall::domain::{OutcomeKind, Rung, Span};
use sendwall::random::Random;

use crate::support::evidence::{Person, Town, only};

#[test]
fn probe() {
    let watch = std::time::Instant::now();
    let town = Town::new(only(Kind::Address));
    let mut random = Random::seeded(1);
    let shared = Person::alone(0);
    let mut due: std::collections::BinaryHeap<std::cmp::Reverse<(u64, String)>> = Default::default();
    let _ = &mut due;
    let mut sent = [0; 4];
    for n in 1..20_000 {
        town.wait(Span::millis(random.exponential(1000.0) as u64));
        let asked = town.ask(&Person::alone(n).sharing(Kind::Address, &shared), Rung::Captcha);
        if let Some((_, rung)) = asked.sent {
            sent[rung as usize] += 1;
        }
    }
    eprintln!("{sent:?} {:?} {:?}", watch.elapsed(), town.gate.cells().usage());
    let _ = (Kinds::default(), OutcomeKind::Verified);
}

//! What captchas cost the server: issuing one, drawing its picture, speaking its digits, looking at an answer.
//!
//! `cargo bench --bench captcha`.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use sendwall::challenge::captcha::{Issued, Language, Medium, Offer, Setup, Solution, Way};
use sendwall::challenge::{Asker, Binding, Bound, Challenges, Parts, Settings};
use sendwall::clock::ManualClock;
use sendwall::domain::{DecisionId, Timestamp};
use sendwall::privacy::Pseudonym;
use sendwall::telemetry::Metrics;

const START: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);
const WAYS: [Way; 1] = [Way::Image];

fn challenges() -> Arc<Challenges> {
    let metrics = Metrics::new("bench", Arc::new(ManualClock::at(START)));
    Arc::new(Challenges::new(Parts { memory: 1 << 30, ..Parts::fixed(Arc::clone(metrics.challenges())) }))
}

fn settings() -> Settings {
    Settings { issue_rate: u32::MAX, issue_per_address: u32::MAX, ..Settings::default() }
}

fn asker() -> Asker {
    let phone = Bound::To(Some(Pseudonym::from_bits(1)));
    let binding = Binding { attempt: DecisionId::new(START, 7), endpoint: "login".into(), phone, client: None };
    Asker { binding, address: Pseudonym::from_bits(3), score: 75 }
}

/// The name of the picture that is offered.
fn name(issued: &Issued) -> String {
    let image = issued.offers.iter().find_map(|offer| match offer {
        Offer::Image { image, .. } => Some(image.as_str()),
        Offer::Widget { .. } | Offer::Sms { .. } => None,
    });
    let file = image.and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    file.trim_end_matches(".png").to_owned()
}

fn draw(c: &mut Criterion) {
    let (challenges, settings, asker) = (challenges(), settings(), asker());
    let fresh = |medium| {
        let issued = challenges.issue_captcha(&settings, &asker, &WAYS, START).ok()?;
        challenges.picture(&name(&issued), medium, START)
    };
    for (what, medium) in [("draw a picture", Medium::Png), ("speak digits", Medium::Wav(Language::accepted("en")))] {
        c.bench_function(what, |b| {
            let draw = |picture: Option<_>| picture.and_then(|picture| challenges.draw(&picture));
            b.iter_batched(|| fresh(medium), |picture| black_box(draw(picture)), BatchSize::SmallInput);
        });
    }
}

fn issue_and_solve(c: &mut Criterion) {
    let (challenges, settings, asker, setup) = (challenges(), settings(), asker(), Setup::default());
    c.bench_function("issue a captcha", |b| {
        b.iter(|| challenges.issue_captcha(black_box(&settings), &asker, &WAYS, START));
    });
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return };
    let clock = ManualClock::at(START);
    for (what, right) in [("solve a picture", true), ("refuse an answer", false)] {
        let fresh = || {
            let issued = challenges.issue_captcha(&settings, &asker, &WAYS, START).ok()?;
            let [letters, _] = challenges.answers(&name(&issued))?;
            Some((issued.token, if right { letters } else { "WRONG1".to_owned() }))
        };
        c.bench_function(what, |b| {
            let solve = |fresh: Option<(String, String)>| {
                let (token, answer) = fresh?;
                let ticket = challenges.read_ticket(&token, START).ok()?;
                let solution =
                    Solution { ticket: &ticket, endpoint: "login", ways: &WAYS, provider: "image", answer: &answer };
                Some(runtime.block_on(challenges.solve_captcha((&settings, &setup), &solution, &clock)))
            };
            b.iter_batched(fresh, |fresh| black_box(solve(fresh)), BatchSize::SmallInput);
        });
    }
}

criterion_group!(benches, draw, issue_and_solve);
criterion_main!(benches);

//! Captchas by a clock that the test moves: pictures, words, tries. Providers are asked in `tests/captcha`.

use serde_json::json;

use super::*;
use crate::challenge::{Asker, Binding, Bound, Challenges, Parts, Settings, Unsolved};
use crate::clock::ManualClock;
use crate::domain::{DecisionId, Span, Timestamp};
use crate::privacy::{Pseudonym, Secret};
use crate::telemetry::Metrics;

const START: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);
const PHONE: Pseudonym = Pseudonym::from_bits(1);

struct Stage {
    challenges: Arc<Challenges>,
    clock: ManualClock,
    settings: Settings,
    ways: Vec<Way>,
}

impl Stage {
    fn new(ways: Vec<Way>) -> Self {
        let metrics = Metrics::new("test", Arc::new(ManualClock::at(START)));
        let challenges = Arc::new(Challenges::new(Parts::fixed(Arc::clone(metrics.challenges()))));
        Self { challenges, clock: ManualClock::at(START), settings: Settings::default(), ways }
    }

    fn now(&self) -> Timestamp {
        crate::clock::Clock::now(&self.clock)
    }

    fn issue_for(&self, phone: Option<Pseudonym>) -> Issued {
        let attempt = DecisionId::new(START, 7);
        let binding = Binding { attempt, endpoint: "login".into(), phone: Bound::To(phone), client: None };
        let asker = Asker { binding, address: Pseudonym::from_bits(3), score: 60 };
        self.challenges.issue_captcha(&self.settings, &asker, &self.ways, self.now()).unwrap()
    }

    fn issue(&self) -> Issued {
        self.issue_for(Some(PHONE))
    }

    fn solve(&self, token: &str, provider: &str, answer: &str) -> Result<Outcome, Unsolved> {
        let ticket = self.challenges.read_ticket(token, self.now())?;
        assert!(self.challenges.is_of(&ticket, "login") && !self.challenges.is_of(&ticket, "signup"));
        let solution = Solution { ticket: &ticket, endpoint: "login", ways: &self.ways, provider, answer };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let setup = Setup::default();
        Ok(runtime.block_on(self.challenges.solve_captcha((&self.settings, &setup), &solution, &self.clock)))
    }

    /// Letters and digits of the picture that is offered.
    fn answers(&self, issued: &Issued) -> [String; 2] {
        let image = issued.offers.iter().find_map(|offer| match offer {
            Offer::Image { image, .. } => Some(image),
            _ => None,
        });
        let name = image.unwrap().strip_prefix("/_sendwall/captcha/").unwrap().strip_suffix(".png").unwrap();
        self.challenges.answers(name).unwrap()
    }
}

fn sms() -> Way {
    Way::Sms(Arc::new(Inbound {
        name: "sms".into(),
        format: Format::Generic,
        secret: Secret::new("12345"),
        number: "+447700900123".into(),
        url: "".into(),
    }))
}

#[test]
fn a_picture_is_solved_by_its_letters_or_its_digits_once() {
    for (which, typed) in [(0, str::to_lowercase as fn(&str) -> String), (1, str::to_owned)] {
        let stage = Stage::new(vec![Way::Image]);
        let issued = stage.issue();
        let answer = typed(&stage.answers(&issued)[which]);
        let Ok(Outcome::Passed(redeemed)) = stage.solve(&issued.token, "image", &answer) else { panic!("not passed") };
        assert!(!redeemed.pass.is_empty());
        let again = stage.solve(&issued.token, "image", &answer);
        assert!(matches!(again, Ok(Outcome::Refused(Unsolved::Spent))), "{again:?}");
    }
}

#[test]
fn a_captcha_that_outlives_its_pass_gives_no_second_one() {
    let mut stage = Stage::new(vec![Way::Image]);
    stage.settings.pass_lifetime = Span::seconds(30);
    let issued = stage.issue();
    let answer = stage.answers(&issued)[0].clone();
    assert!(matches!(stage.solve(&issued.token, "image", &answer), Ok(Outcome::Passed(_))));
    stage.clock.advance(Span::minutes(1));
    let again = stage.solve(&issued.token, "image", &answer);
    assert!(matches!(again, Ok(Outcome::Refused(Unsolved::Spent))), "{again:?}");
}

#[test]
fn a_wrong_answer_brings_another_picture_and_five_end_it() {
    let stage = Stage::new(vec![Way::Image]);
    let mut issued = stage.issue();
    let first = stage.answers(&issued);
    for _ in 0..4 {
        let before = stage.answers(&issued);
        let Ok(Outcome::Wrong(next)) = stage.solve(&issued.token, "image", "WRONG") else { panic!("not wrong") };
        assert_eq!(next.token, issued.token);
        issued = *next;
        assert_ne!(stage.answers(&issued), before);
    }
    let late = stage.solve(&issued.token, "image", &first[0]);
    assert!(matches!(late, Ok(Outcome::TooOften)), "an earlier picture's answer is a wrong one: {late:?}");
    let right = stage.answers(&issued)[0].clone();
    assert!(matches!(stage.solve(&issued.token, "image", &right), Ok(Outcome::TooOften)));
}

#[test]
fn another_picture_is_no_try_and_there_are_ten() {
    let stage = Stage::new(vec![Way::Image]);
    let mut issued = stage.issue();
    let mut seen = vec![stage.answers(&issued)];
    let mut next = |answer: &str| match stage.solve(&issued.token, "image", answer) {
        Ok(Outcome::Wrong(next)) => {
            issued = *next;
            seen.push(stage.answers(&issued));
            true
        }
        _ => false,
    };
    assert!((0..10).all(|_| next("")), "ten others");
    assert!(!next(""), "and no more");
    assert!((0..4).all(|_| next("WRONG")), "wrong ones count apart");
    let pictures = seen.len();
    let right = seen.last().unwrap()[0].clone();
    seen.sort();
    seen.dedup();
    assert_eq!((pictures, seen.len()), (15, 15), "each is another");
    assert!(matches!(stage.solve(&issued.token, "image", &right), Ok(Outcome::Passed(_))));
}

#[test]
fn wrong_answers_at_the_same_time_are_all_counted() {
    let stage = Stage::new(vec![Way::Image]);
    let issued = stage.issue();
    let wrong: usize = std::thread::scope(|scope| {
        let guess = || matches!(stage.solve(&issued.token, "image", "WRONG"), Ok(Outcome::Wrong(_)));
        let guesses: Vec<_> = (0..32).map(|_| scope.spawn(guess)).collect();
        guesses.into_iter().map(|guess| usize::from(guess.join().unwrap())).sum()
    });
    assert_eq!(wrong, 4);
}

#[test]
fn tickets_end_and_can_not_be_made_up() {
    let stage = Stage::new(vec![Way::Image]);
    let issued = stage.issue();
    let answer = stage.answers(&issued)[0].clone();
    stage.clock.advance(Span::minutes(5));
    assert_eq!(stage.solve(&issued.token, "image", &answer).err(), Some(Unsolved::Expired));
    assert_eq!(stage.solve("made up", "image", &answer).err(), Some(Unsolved::Unknown));
}

#[test]
fn pictures_are_drawn_for_signed_names_and_only_in_time() {
    let stage = Stage::new(vec![Way::Image]);
    let json = serde_json::to_value(stage.issue()).unwrap();
    let offer = &json["offers"][0];
    assert_eq!((&offer["provider"], &offer["length"]), (&json!("image"), &json!(6)));
    let name =
        offer["image"].as_str().unwrap().strip_prefix("/_sendwall/captcha/").unwrap().strip_suffix(".png").unwrap();
    assert_eq!(offer["audio"], format!("/_sendwall/captcha/{name}.wav"));
    let picture = stage.challenges.picture(name, Medium::Png, stage.now()).unwrap();
    assert!(stage.challenges.drawn(&picture).is_none());
    let bytes = stage.challenges.draw(&picture).unwrap();
    assert!(bytes.starts_with(b"\x89PNG"));
    assert_eq!(stage.challenges.drawn(&picture).as_ref(), Some(&bytes), "drawn once");
    let sound = stage.challenges.picture(name, Medium::Wav(Language::accepted("fr")), stage.now()).unwrap();
    assert!(stage.challenges.draw(&sound).unwrap().starts_with(b"RIFF"));
    let token = json["token"].as_str().unwrap();
    for wrong in ["", "x", token, &name.replacen(|c: char| c.is_ascii_lowercase(), "0", 1)] {
        assert!(stage.challenges.picture(wrong, Medium::Png, stage.now()).is_none(), "{wrong}");
    }
    assert!(stage.challenges.picture(name, Medium::Png, START + Span::minutes(5)).is_none());
}

#[test]
fn no_answer_can_be_read_from_what_a_client_gets() {
    let stage = Stage::new(vec![Way::Image]);
    let issued = stage.issue();
    let json = serde_json::to_string(&issued).unwrap();
    for answer in stage.answers(&issued) {
        assert!(!json.contains(&answer) && !json.contains(&answer.to_lowercase()));
    }
    let answers: std::collections::BTreeSet<_> = (0..50).map(|_| stage.answers(&stage.issue())[0].clone()).collect();
    assert_eq!(answers.len(), 50, "each has its own");
}

#[test]
fn an_sms_from_the_phone_with_the_word_solves_it() {
    let stage = Stage::new(vec![sms(), Way::Image]);
    let issued = stage.issue();
    let json = serde_json::to_value(&issued).unwrap();
    let word = json["offers"][0]["text"].as_str().unwrap().to_owned();
    let link = format!("sms:+447700900123?&body={word}");
    assert_eq!(json["offers"][0], json!({ "provider": "sms", "to": "+447700900123", "text": word, "link": link }));
    let waits = |stage: &Stage| matches!(stage.solve(&issued.token, "sms", ""), Ok(Outcome::Waiting));
    assert!(waits(&stage));
    let other = Pseudonym::from_bits(2);
    assert!(!stage.challenges.received(other, &word, stage.now()), "another phone");
    assert!(!stage.challenges.received(PHONE, "hello there", stage.now()), "another text");
    assert!(waits(&stage));
    assert!(stage.challenges.received(PHONE, &format!("ok: {}!", word.to_lowercase()), stage.now()));
    assert!(matches!(stage.solve(&issued.token, "sms", ""), Ok(Outcome::Passed(_))));
    assert!(stage.challenges.received(PHONE, &word, stage.now()), "a hook that calls again does no harm");
    assert!(matches!(stage.solve(&issued.token, "sms", ""), Ok(Outcome::Refused(Unsolved::Spent))));
}

#[test]
fn an_sms_is_offered_only_where_the_phone_is_known() {
    let stage = Stage::new(vec![sms()]);
    let issued = stage.issue_for(None);
    assert!(issued.offers.is_empty());
    assert!(matches!(stage.solve(&issued.token, "sms", ""), Ok(Outcome::Refused(Unsolved::Unknown))));
    let late = stage.issue();
    let word = serde_json::to_value(&late).unwrap()["offers"][0]["text"].as_str().unwrap().to_owned();
    stage.clock.advance(Span::minutes(5));
    assert!(!stage.challenges.received(PHONE, &word, stage.now()), "a word that nobody waits for any more");
}

#[test]
fn a_way_that_the_endpoint_has_not_is_no_way() {
    let stage = Stage::new(vec![sms()]);
    let issued = stage.issue();
    let pictured = Stage::new(vec![Way::Image]);
    let name = pictured.answers(&pictured.issue())[0].clone();
    for (provider, answer) in [("image", &*name), ("turnstile", "token"), ("", ""), ("pow", "")] {
        let outcome = stage.solve(&issued.token, provider, answer);
        assert!(matches!(outcome, Ok(Outcome::Refused(Unsolved::Malformed))), "{provider}: {outcome:?}");
    }
}

//! Answers to captchas: each counts once, wrong ones few times.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use ring::digest;

use super::answer::{self, What};
use super::inbound::Inbound;
use super::offer::{Issued, action};
use super::provider::{self, Expected, Meaning};
use super::settings::{Provider, Setup, Way, WhenDown};
use super::{MAX_SKIPPED, MAX_TRIES, Tries, Waiting};
use crate::challenge::{Challenges, Redeemed, Settings, Ticket, Unsolved};
use crate::clock::Clock;
use crate::domain::{ChallengeKind, Timestamp};
use crate::net::{Answer, Client, NetError};
use crate::privacy::Pseudonym;
use crate::telemetry::CaptchaProviderChanged;

/// What a client brings.
#[derive(Clone, Copy, Debug)]
pub struct Solution<'a> {
    /// The challenge's.
    pub ticket: &'a Ticket,
    /// The name of the ticket's endpoint.
    pub endpoint: &'a str,
    /// The ways of that endpoint.
    pub ways: &'a [Way],
    /// Which way was taken.
    pub provider: &'a str,
    /// What was typed, or the widget's token; empty for an SMS.
    pub answer: &'a str,
}

/// What comes of it.
#[derive(Debug)]
pub enum Outcome {
    /// It is solved.
    Passed(Redeemed),
    /// The SMS hasn't come yet.
    Waiting,
    /// It is wrong; the challenge as it is now, with another picture.
    Wrong(Box<Issued>),
    /// It was wrong too often.
    TooOften,
    /// The provider doesn't answer; the challenge as it is now, with a picture where that counts.
    Down(Box<Issued>),
    /// It can't be looked at.
    Refused(Unsolved),
}

impl Challenges {
    /// Whether a ticket is one of this endpoint's.
    pub fn is_of(&self, ticket: &Ticket, endpoint: &str) -> bool {
        ticket.is_of(&self.secrets.seals, endpoint)
    }

    /// Looks at a solution. Asks a provider where the solution is one's token.
    pub async fn solve_captcha(
        &self,
        (settings, setup): (&Settings, &Setup),
        solution: &Solution<'_>,
        clock: &dyn Clock,
    ) -> Outcome {
        let now = clock.now();
        if solution.ticket.kind != ChallengeKind::Captcha {
            return Outcome::Refused(Unsolved::Malformed);
        }
        if !self.spent.is_unknown(solution.ticket.nonce, now) {
            return Outcome::Refused(Unsolved::Spent);
        }
        match solution.provider {
            "image" if self.image_counts(solution.ticket, solution.ways) => self.by_image(settings, solution, now),
            name => match solution.ways.iter().find(|way| way.name() == name) {
                Some(Way::Provider(provider)) => {
                    let Some(client) = &setup.client else { return self.down(settings, solution, provider, now) };
                    Box::pin(self.by_provider((settings, client), solution, provider, clock)).await
                }
                Some(Way::Sms(_)) => self.by_sms(settings, solution, now),
                Some(Way::Image) | None => Outcome::Refused(Unsolved::Malformed),
            },
        }
    }

    /// Compares with the picture and the voice of this round; a wrong answer begins the next. An empty one asks for another
    /// picture, and is no try.
    fn by_image(&self, settings: &Settings, solution: &Solution<'_>, now: Timestamp) -> Outcome {
        let nonce = solution.ticket.nonce;
        let is_right = |round| {
            let means = |what| {
                answer::texts(&self.secrets.seals, nonce, what, round)
                    .iter()
                    .any(|text| answer::is_meant(solution.answer, text))
            };
            means(What::Letters) || means(What::Digits)
        };
        let judged = self.captchas.tries.change(nonce, (solution.ticket.expires, now), |tries| {
            let tries = tries.unwrap_or_default();
            if tries.pictures >= MAX_TRIES {
                return (Some(tries), Judged::TooOften);
            }
            if solution.answer.is_empty() {
                let may = tries.skipped < MAX_SKIPPED;
                let tries = Tries { skipped: tries.skipped + u8::from(may), ..tries };
                return (Some(tries), if may { Judged::Skipped } else { Judged::TooOften });
            }
            if is_right(tries.round()) {
                return (Some(tries), Judged::Right);
            }
            let tries = Tries { pictures: tries.pictures + 1, ..tries };
            (Some(tries), if tries.pictures >= MAX_TRIES { Judged::TooOften } else { Judged::Wrong })
        });
        let name: Arc<str> = "image".into();
        match judged {
            Ok(Judged::Right) => self.passed(settings, solution, &name, now),
            Ok(Judged::Wrong) => self.wrong(solution, &name, "wrong", now),
            Ok(Judged::Skipped) => self.wrong(solution, &name, "skipped", now),
            Ok(Judged::TooOften) => self.too_often(&name),
            Err(_full) => Outcome::Refused(Unsolved::Full),
        }
    }

    async fn by_provider(
        &self,
        (settings, client): (&Settings, &Client),
        solution: &Solution<'_>,
        provider: &Provider,
        clock: &dyn Clock,
    ) -> Outcome {
        let now = clock.now();
        let times = (solution.ticket.expires, now);
        let Some(attempt) = self.captchas.lines.attempt(&provider.name, now) else {
            return self.down(settings, solution, provider, now);
        };
        let token = Token::of(solution.answer);
        let question = provider::ask(provider, solution.answer, &token.question);
        let admitted = question.ok_or(Unsolved::Malformed).and_then(|question| {
            self.count_token(solution.ticket.nonce, times)?;
            self.take_token(&token, times)?;
            Ok(question)
        });
        let meaning = match admitted {
            Ok(question) => {
                let expected = Expected {
                    action: action(provider.kind, solution.endpoint),
                    cdata: self.cdata_any(solution.ticket).collect(),
                };
                match ask(client, provider, question).await {
                    Ok(answer) => provider::judge(provider, &answer, &expected, clock.now()),
                    Err(failed) => Meaning::Down(failed),
                }
            }
            // What never left says nothing about the provider, and must not be a probe that is never heard of.
            Err(refused) => {
                self.captchas.lines.withdraw(&provider.name, attempt);
                return self.not_asked(solution, provider, refused, now);
            }
        };
        let (now, answered) = (clock.now(), matches!(meaning, Meaning::Solved | Meaning::Wrong(_)));
        if self.captchas.lines.ended(&provider.name, attempt, answered, now) {
            let failed = meaning.failed();
            CaptchaProviderChanged { provider: &provider.name, failed }.emit();
        }
        match meaning {
            Meaning::Solved => self.passed(settings, solution, &provider.name, now),
            Meaning::Wrong(why) => self.wrong(solution, &provider.name, why, now),
            Meaning::Down(_) | Meaning::Misconfigured => {
                self.give_back(&token, solution.ticket.nonce, times);
                self.down(settings, solution, provider, now)
            }
        }
    }

    fn not_asked(&self, solution: &Solution<'_>, provider: &Provider, refused: Unsolved, now: Timestamp) -> Outcome {
        match refused {
            Unsolved::Wrong => self.wrong(solution, &provider.name, "spent", now),
            Unsolved::Spent => self.too_often(&provider.name),
            other @ (Unsolved::Malformed | Unsolved::Unknown | Unsolved::Expired | Unsolved::Full) => {
                self.counters.captchas().answered(&provider.name, other.code());
                Outcome::Refused(other)
            }
        }
    }

    /// Counts that a provider is asked about this ticket.
    fn count_token(&self, nonce: u128, times: (Timestamp, Timestamp)) -> Result<(), Unsolved> {
        let counted = self.captchas.tries.change(nonce, times, |tries| {
            let tries = tries.unwrap_or_default();
            let may = tries.tokens < MAX_TRIES;
            (Some(Tries { tokens: tries.tokens + u8::from(may), ..tries }), may)
        });
        match counted {
            Ok(true) => Ok(()),
            Ok(false) => Err(Unsolved::Spent),
            Err(_full) => Err(Unsolved::Full),
        }
    }

    /// Takes a token: each counts once, for one ticket.
    fn take_token(&self, token: &Token, times: (Timestamp, Timestamp)) -> Result<(), Unsolved> {
        let taken = self.captchas.tokens.change(token.hash, times, |there| (Some(()), there.is_none()));
        match taken {
            Ok(true) => Ok(()),
            Ok(false) => Err(Unsolved::Wrong),
            Err(_full) => Err(Unsolved::Full),
        }
    }

    /// Nothing was learned: the token may be brought again.
    fn give_back(&self, token: &Token, nonce: u128, times: (Timestamp, Timestamp)) {
        let less = |tries: Tries| Tries { tokens: tries.tokens.saturating_sub(1), ..tries };
        // Both are there: they were entered just now, and are changed in their place.
        let _there = self.captchas.tries.change(nonce, times, |tries| (tries.map(less), ()));
        let _there = self.captchas.tokens.change(token.hash, times, |_| (None, ()));
    }

    fn by_sms(&self, settings: &Settings, solution: &Solution<'_>, now: Timestamp) -> Outcome {
        let waiting = self.word(solution.ticket).and_then(|word| self.captchas.words.get(word, now));
        match waiting.filter(|waiting| waiting.ticket.nonce == solution.ticket.nonce) {
            Some(Waiting { came: true, .. }) => self.passed(settings, solution, &"sms".into(), now),
            Some(Waiting { came: false, .. }) => Outcome::Waiting,
            None => Outcome::Refused(Unsolved::Unknown),
        }
    }

    /// An SMS came in from a phone. True where it has a word that is waited for from there.
    pub fn received(&self, phone: Pseudonym, sms: &str, now: Timestamp) -> bool {
        answer::words(sms).filter_map(|word| word.into_bytes().try_into().ok()).any(|word| {
            if self.captchas.words.get(word, now).is_none() {
                return false;
            }
            let arrive = |waiting: Option<Waiting>| match waiting {
                Some(waiting) if waiting.ticket.is_to(&self.secrets.seals, phone) => {
                    (Some(Waiting { came: true, ..waiting }), true)
                }
                other => (other, false),
            };
            self.captchas.words.change(word, (now, now), arrive) == Ok(true)
        })
    }

    /// A hook was called.
    pub fn hook_called(&self, inbound: &Inbound, result: &'static str) {
        self.counters.captchas().sms(&inbound.name, result);
    }

    fn passed(&self, settings: &Settings, solution: &Solution<'_>, name: &Arc<str>, now: Timestamp) -> Outcome {
        match self.redeem(settings, solution.ticket, now) {
            Ok(redeemed) => {
                self.counters.captchas().answered(name, "solved");
                Outcome::Passed(redeemed)
            }
            Err(unsolved) => {
                self.counters.captchas().answered(name, unsolved.code());
                Outcome::Refused(unsolved)
            }
        }
    }

    fn wrong(&self, solution: &Solution<'_>, name: &Arc<str>, why: &'static str, now: Timestamp) -> Outcome {
        self.counters.captchas().answered(name, why);
        let Solution { ticket, endpoint, ways, .. } = solution;
        Outcome::Wrong(Box::new(self.offer(ticket, endpoint, ways, now)))
    }

    fn too_often(&self, name: &Arc<str>) -> Outcome {
        self.counters.captchas().answered(name, "too_often");
        Outcome::TooOften
    }

    /// Takes the direction that the operator chose.
    fn down(&self, settings: &Settings, solution: &Solution<'_>, provider: &Provider, now: Timestamp) -> Outcome {
        if let WhenDown::Pass { per_minute } = provider.when_down
            && self.captchas.lines.pass(&provider.name, per_minute, now)
        {
            self.counters.captchas().let_pass(&provider.name);
            return self.passed(settings, solution, &provider.name, now);
        }
        self.counters.captchas().answered(&provider.name, "down");
        let Solution { ticket, endpoint, ways, .. } = solution;
        Outcome::Down(Box::new(self.offer(ticket, endpoint, ways, now)))
    }
}

enum Judged {
    Right,
    Wrong,
    Skipped,
    TooOften,
}

/// What is kept of a provider's token.
struct Token {
    hash: u128,
    /// A UUID that names the question about it.
    question: String,
}

impl Token {
    fn of(text: &str) -> Self {
        let digest = digest::digest(&digest::SHA256, text.as_bytes());
        let (hash, name) = digest.as_ref().split_at(16);
        let bits = |bytes: &[u8]| bytes.first_chunk().copied().map_or(0, u128::from_be_bytes);
        // Version 8 (of our own making), variant 1: RFC 9562.
        let name = bits(name) & !(0xf << 76 | 0x3 << 62) | 0x8 << 76 | 0x2 << 62;
        let digits = format!("{name:032x}");
        let mut question = String::with_capacity(36);
        for (index, digit) in digits.chars().enumerate() {
            if matches!(index, 8 | 12 | 16 | 20) {
                question.push('-');
            }
            question.push(digit);
        }
        Self { hash: bits(hash), question }
    }
}

/// Asks, a second time where that does no harm and the first was lost; all of it within the provider's time.
async fn ask(client: &Client, provider: &Provider, question: Request<Bytes>) -> Result<Answer, &'static str> {
    let again = question.clone();
    let asking = async {
        match client.send(question).await {
            Ok(answer) if !answer.status.is_server_error() || !provider::may_ask_again(provider.kind) => Ok(answer),
            Err(lost) if !lost.is_unsent() && !provider::may_ask_again(provider.kind) => Err(lost),
            Ok(_) | Err(_) => client.send(again).await,
        }
    };
    let answered = tokio::time::timeout(provider.timeout.to_duration(), asking).await;
    answered.map_err(|_elapsed| "timeout")?.map_err(|failed: NetError| failed.kind())
}

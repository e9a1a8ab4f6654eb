//! Challenges: what a client has to solve before its message goes out, and the passes that say that it did.
//!
//! A challenge is *issued* to an attempt, as far as [`issuing`] allows, and carries a signed [`Ticket`]: who asked, for
//! what, until when. Its solution is *redeemed* once for a pass, which says the same under another signature. The request
//! that brings the pass *holds* it while it is judged; the pass is burned when the request became a send, and given back
//! when it did not. [`spent`] remembers what was redeemed and burned, exactly, and so bounds what may be issued.
//!
//! Must not know: HTTP, and how a request is judged.

pub mod altcha_v1;
pub mod altcha_v2;
mod binding;
pub mod captcha;
mod hex;
mod issuing;
mod kdf;
mod page;
mod pass;
mod seal;
mod secrets;
mod settings;
mod solver;
mod spent;
mod ticket;
mod unpredictable;
pub mod web;
mod work;

pub use binding::{Bearer, Binding, Bound};
pub use issuing::TooMany;
pub use pass::Held;
pub use secrets::Secrets;
pub use settings::{PageSettings, Settings};
pub use solver::solve;
pub use ticket::Ticket;
pub use work::{Effort, Work};

use std::sync::Arc;

use serde::Serialize;

use crate::domain::{ChallengeKind, Pass, PassCode, Span, Timestamp};
use crate::privacy::{KeyRing, Pseudonym};
use crate::telemetry::ChallengeCounters;
use altcha_v2::Challenge;
use captcha::Captchas;
use issuing::Issuing;
use seal::Label;
use spent::Spent;
use unpredictable::Unpredictable;
use web::form::Form;

/// Everything about challenges that outlives a reload.
#[derive(Debug)]
pub struct Challenges {
    secrets: Secrets,
    random: Unpredictable,
    issuing: Issuing,
    spent: Spent,
    captchas: Captchas,
    uses: page::Uses,
    counters: Arc<ChallengeCounters>,
}

/// What [`Challenges`] are made of.
#[derive(Debug)]
pub struct Parts {
    /// What signs.
    pub secrets: Secrets,
    /// Makes nonces and counters that nobody can foresee: 32 random bytes, another each start.
    pub seed: [u8; 32],
    /// How large the store of open and spent challenges may grow, in bytes.
    pub memory: usize,
    /// What was issued before counts no more: it isn't known what of it was spent. The time of the start.
    pub since: Timestamp,
    /// What is counted.
    pub counters: Arc<ChallengeCounters>,
}

impl Parts {
    /// With keys and a seed that never change, and little room: for replays, benches and tests.
    pub fn fixed(counters: Arc<ChallengeCounters>) -> Self {
        let secrets = Secrets::of(&KeyRing::fixed(1));
        Self { secrets, seed: [1; 32], memory: 1 << 20, since: Timestamp::default(), counters }
    }
}

/// Whom a challenge is for.
#[derive(Clone, Debug)]
pub struct Asker {
    /// What its proof will be good for.
    pub binding: Binding,
    /// The address that is charged for the issuing.
    pub address: Pseudonym,
    /// How hot the attempt is: the decision's score, 50 to 100.
    pub score: u8,
}

/// A proof of work to be solved, as clients get it.
#[derive(Clone, Debug, Serialize)]
pub struct Issued {
    /// What it is.
    pub kind: ChallengeKind,
    /// Where the solution goes.
    pub solve: &'static str,
    /// Unix seconds.
    pub expires: u64,
    /// The challenge in ALTCHA's form.
    pub altcha: Challenge,
}

/// The longest form that is carried along without JavaScript.
const MAX_CARRIED: usize = 32 * 1024;
/// Where solutions are posted.
pub const SOLVE_PATH: &str = "/_sendwall/solve";

/// A challenge was solved.
#[derive(Clone, Debug)]
pub struct Redeemed {
    /// The pass, for the header `sendwall-pass` or the cookie.
    pub pass: String,
    /// How long it is good.
    pub lifetime: Span,
    /// Whether it is bound to a client, so that the client must stay the one it is.
    pub knows_client: bool,
}

/// Why a solution gives no pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unsolved {
    /// It isn't in the form of a solution.
    #[error("the solution can't be read")]
    Malformed,
    /// The challenge is none of ours, or was changed.
    #[error("this challenge was not issued here; ask again")]
    Unknown,
    /// It came too late.
    #[error("the challenge has expired; ask again")]
    Expired,
    /// The answer is wrong.
    #[error("the solution is wrong")]
    Wrong,
    /// It was solved before.
    #[error("this challenge was solved before; ask again")]
    Spent,
    /// There is no room to remember that it was solved.
    #[error("too many challenges are open; try again shortly")]
    Full,
}

impl Unsolved {
    /// Every one, for metrics.
    pub const ALL: [Self; 6] = [Self::Malformed, Self::Unknown, Self::Expired, Self::Wrong, Self::Spent, Self::Full];

    /// Stable, machine-readable.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "solution_malformed",
            Self::Unknown => "challenge_unknown",
            Self::Expired => "challenge_expired",
            Self::Wrong => "solution_wrong",
            Self::Spent => "challenge_spent",
            Self::Full => "too_many",
        }
    }
}

impl Challenges {
    /// Nothing issued yet.
    pub fn new(parts: Parts) -> Self {
        let Parts { secrets, seed, memory, since, counters } = parts;
        let spent = Spent::new(memory, since);
        let issuing = Issuing::new(spent.capacity());
        let captchas = Captchas::new(spent.capacity());
        let uses = page::Uses::default();
        Self { secrets, random: Unpredictable::new(&seed), issuing, spent, captchas, uses, counters }
    }

    /// Issues a proof of work. Costs one key derivation, well under a millisecond.
    pub fn issue_work(&self, settings: &Settings, asker: &Asker, now: Timestamp) -> Result<Issued, TooMany> {
        let work = settings.effort.work(asker.score);
        let ticket = self.ticket(settings, asker, ChallengeKind::Pow, now)?;
        let [counter, salt] = self.random.two();
        let altcha = altcha_v2::issue(&self.secrets.altcha, &ticket, &self.token(&ticket), (work, counter), salt);
        Ok(Issued { kind: ChallengeKind::Pow, solve: SOLVE_PATH, expires: ticket.expires.unix_s(), altcha })
    }

    /// Issues a proof of work of ALTCHA's version 1. Costs two hashes.
    pub fn issue_v1(
        &self,
        settings: &Settings,
        asker: &Asker,
        now: Timestamp,
    ) -> Result<altcha_v1::Challenge, TooMany> {
        let work = settings.effort.work(asker.score);
        let ticket = self.ticket(settings, asker, ChallengeKind::Pow, now)?;
        Ok(altcha_v1::issue(&self.secrets.altcha, &ticket, &self.token(&ticket), (work, self.random.one())))
    }

    /// A ticket for a challenge of any kind, counted and charged to the asker's address.
    pub fn ticket(
        &self,
        settings: &Settings,
        asker: &Asker,
        kind: ChallengeKind,
        now: Timestamp,
    ) -> Result<Ticket, TooMany> {
        let open_for = settings.challenge_lifetime + settings.pass_lifetime;
        self.issuing
            .admit(settings, asker.address, open_for, now)
            .inspect_err(|refused| self.counters.not_issued(refused.code()))?;
        self.counters.issued(kind);
        let expires = now + settings.challenge_lifetime;
        Ok(Ticket::new(&self.secrets.seals, asker, kind, self.random.one(), (now, expires)))
    }

    /// The text of a ticket, for challenges that carry it as it is.
    pub fn token(&self, ticket: &Ticket) -> String {
        ticket.seal(Label::Ticket, &self.secrets.seals)
    }

    /// Reads the text of a ticket.
    pub fn read_ticket(&self, token: &str, now: Timestamp) -> Result<Ticket, Unsolved> {
        let ticket = Ticket::open(token, Label::Ticket, &self.secrets.seals).ok_or(Unsolved::Unknown)?;
        if ticket.expires <= now || !self.spent.knows(ticket.issued) { Err(Unsolved::Expired) } else { Ok(ticket) }
    }

    /// Checks the solution of a proof of work, and gives a pass for it. Costs no key derivation.
    pub fn solve_work(&self, settings: &Settings, payload: &str, now: Timestamp) -> Result<Redeemed, Unsolved> {
        let solved =
            self.solution(settings, payload, now).inspect_err(|unsolved| self.counters.unsolved(unsolved.code()))?;
        self.redeem(settings, &solved, now)
    }

    /// The ticket of a solved proof of work.
    fn solution(&self, settings: &Settings, payload: &str, now: Timestamp) -> Result<Ticket, Unsolved> {
        let token = match altcha_v2::verify(&self.secrets.altcha, payload, now) {
            Err(Unsolved::Malformed) if settings.older_altcha => altcha_v1::verify(&self.secrets.altcha, payload, now),
            told => told,
        };
        self.read_ticket(&token?, now)
    }

    /// Gives a pass for a solved ticket: once.
    pub fn redeem(&self, settings: &Settings, ticket: &Ticket, now: Timestamp) -> Result<Redeemed, Unsolved> {
        let expires = now + settings.pass_lifetime;
        // As long as either counts: a ticket that outlives its pass would give another.
        let until = expires.max(ticket.expires);
        self.spent.solve(ticket.nonce, until, now).inspect_err(|unsolved| self.counters.unsolved(unsolved.code()))?;
        self.counters.solved(ticket.kind);
        let pass = Ticket { issued: now, expires, ..*ticket };
        let pass = pass.seal(Label::Pass, &self.secrets.seals);
        Ok(Redeemed { pass, lifetime: settings.pass_lifetime, knows_client: ticket.client.is_some() })
    }

    /// Holds the pass `token` for a request of `bearer`, as long as what this gives is alive.
    pub fn hold(self: &Arc<Self>, token: &str, bearer: &Bearer<'_>, now: Timestamp) -> Result<Held, PassCode> {
        self.check_pass(token, bearer, now)
            .and_then(|pass| {
                self.spent.reserve(pass.nonce, pass.expires, now)?;
                Ok(Held::new(Arc::clone(self), &pass))
            })
            .inspect_err(|code| self.counters.pass_refused(code.name()))
    }

    /// As [`Challenges::hold`], for a solved proof of work that comes without being redeemed first.
    pub fn hold_solution(
        self: &Arc<Self>,
        settings: &Settings,
        payload: &str,
        bearer: &Bearer<'_>,
        now: Timestamp,
    ) -> Result<Held, PassCode> {
        self.check_solution(settings, payload, bearer, now)
            .and_then(|solved| {
                self.spent.reserve(solved.nonce, solved.expires, now)?;
                self.counters.solved(solved.kind);
                Ok(Held::new(Arc::clone(self), &solved))
            })
            .inspect_err(|code| self.counters.pass_refused(code.name()))
    }

    /// What [`Challenges::hold_solution`] would say, holding nothing.
    pub fn look_at_solution(
        &self,
        settings: &Settings,
        payload: &str,
        bearer: &Bearer<'_>,
        now: Timestamp,
    ) -> Result<Pass, PassCode> {
        let solved = self.check_solution(settings, payload, bearer, now)?;
        if self.spent.is_free(solved.nonce, now) { Ok(solved.proof()) } else { Err(PassCode::Spent) }
    }

    fn check_solution(
        &self,
        settings: &Settings,
        payload: &str,
        bearer: &Bearer<'_>,
        now: Timestamp,
    ) -> Result<Ticket, PassCode> {
        let solved = self.solution(settings, payload, now).map_err(|unsolved| match unsolved {
            Unsolved::Expired => PassCode::Expired,
            Unsolved::Malformed | Unsolved::Unknown | Unsolved::Wrong | Unsolved::Spent | Unsolved::Full => {
                PassCode::Invalid
            }
        })?;
        solved.fits(&self.secrets.seals, bearer)?;
        Ok(solved)
    }

    /// What [`Challenges::hold`] would say, holding nothing.
    pub fn look_at(&self, token: &str, bearer: &Bearer<'_>, now: Timestamp) -> Result<Pass, PassCode> {
        let pass = self.check_pass(token, bearer, now)?;
        if self.spent.is_free(pass.nonce, now) { Ok(pass.proof()) } else { Err(PassCode::Spent) }
    }

    fn check_pass(&self, token: &str, bearer: &Bearer<'_>, now: Timestamp) -> Result<Ticket, PassCode> {
        let pass = Ticket::open(token, Label::Pass, &self.secrets.seals).ok_or(PassCode::Invalid)?;
        if pass.expires <= now || !self.spent.knows(pass.issued) {
            return Err(PassCode::Expired);
        }
        pass.fits(&self.secrets.seals, bearer)?;
        Ok(pass)
    }

    /// A form in a text that only we can have written, for a page without JavaScript to carry along; `None` where it is
    /// too long for that.
    pub fn seal_form(&self, form: &Form) -> Option<String> {
        Some(form.to_text()).filter(|text| text.len() <= MAX_CARRIED).map(|text| self.secrets.seals.seal_text(&text))
    }

    /// The form of such a text.
    pub fn open_form(&self, sealed: &str) -> Option<Form> {
        Form::of_text(&self.secrets.seals.open_text(sealed)?)
    }

    /// Random bits that nobody can foresee, for the policy of a page.
    pub fn nonce(&self) -> u128 {
        self.random.one()
    }

    /// Challenges that are remembered, and the most there may be.
    pub fn usage(&self) -> (usize, usize) {
        (self.spent.len(), self.spent.capacity())
    }

    /// Bytes of `entries` of the store.
    pub const fn bytes_of(entries: usize) -> usize {
        entries * spent::ENTRY_BYTES
    }
}

#[cfg(test)]
mod tests;

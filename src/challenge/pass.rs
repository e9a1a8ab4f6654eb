//! A pass that a request holds while it is judged and sent.

use std::sync::Arc;

use super::{Challenges, Ticket};
use crate::domain::{Pass, PassCode};

/// A pass that no other request can use. Dropped without [`burn`](Self::burn) or [`refuse`](Self::refuse), it goes back to
/// who brought it.
#[derive(Debug)]
pub struct Held {
    challenges: Arc<Challenges>,
    nonce: u128,
    pass: Pass,
    is_burned: bool,
}

impl Held {
    pub(super) fn new(challenges: Arc<Challenges>, pass: &Ticket) -> Self {
        Self { challenges, nonce: pass.nonce, pass: pass.proof(), is_burned: false }
    }

    /// What it proves.
    pub fn pass(&self) -> Pass {
        self.pass
    }

    /// The message went out: the pass is used up.
    pub fn burn(mut self) {
        self.end();
        self.challenges.counters.burned();
    }

    /// It doesn't count for who brings it, nor for anyone again.
    pub fn refuse(mut self, code: PassCode) {
        self.end();
        self.challenges.counters.pass_refused(code.name());
    }

    fn end(&mut self) {
        self.is_burned = true;
        self.challenges.spent.burn(self.nonce);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_burned {
            self.challenges.spent.give_back(self.nonce);
        }
    }
}

//! Rules: conditions with what they ask for, in an order, over one attempt.
//!
//! Rules are read from the highest priority down, those of the same priority as they stand: the configuration's own,
//! then its files in their order, then packs. The first enforced rule that holds and ends the reading (`allow`,
//! `challenge`, `block`, `cooldown`, `same_answer`) wins; what comes after it isn't asked. The others (`weigh`, `tag`,
//! `divert`, `alert`) add what they have to say, and reading goes on. A rule in shadow mode, or outside of its rollout,
//! is noted and changes nothing.
//!
//! Must not know: files, limits' tables, the ladder.

mod action;
mod case;
mod reference;
mod rule;
mod set;

pub use action::{Action, Documented};
pub use case::{Case, CaseVerdict, Mismatch};
pub use reference::reference;
pub use rule::{Origin, Rollout, Rule};
pub use set::{Attempt, Ending, RuleSet, Spoken, Told, ToldState};

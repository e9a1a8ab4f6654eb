//! The small language of conditions: text to a checked tree, evaluated over named values.
//!
//! It is a subset of CEL with CEL's syntax and meaning: `||`, `&&`, `!`, `==`, `!=`, `<`, `<=`, `>`, `>=`,
//! `in [..]`, parentheses, literals (whole numbers, other numbers, text in either quotes, `true`, `false`, `null`),
//! `.startsWith()`, `.endsWith()`, `.contains()`, and `has()`. Names and their types come from a [`Vocabulary`], so a
//! misspelt name, or a comparison with what a name can never be, is found when the text is loaded.
//!
//! **What is missing.** A value may not be there: no database, no such field. Every comparison with a missing value
//! is false, `!=` included, and so is a missing truth value. `has(name)` asks whether it is there. So
//! `phone.country != "GB"` doesn't hold for a phone of no country, and `!(phone.country == "GB")` does. Evaluation
//! never fails, and its cost is bounded by the length of the text (4 KiB) and the depth of the tree (64).
//!
//! **What is of another type.** Only `json()` gives values whose type isn't known beforehand: a value of another type
//! is not equal (`==` is false, `!=` is true), and is neither smaller nor larger. Whole and other numbers compare by
//! their values.
//!
//! Must not know: where the values come from.

mod attempt;
mod catalogue;
mod check;
mod error;
mod eval;
mod exchange;
mod expression;
mod facts;
mod lexer;
mod list;
mod native;
mod parser;
mod possible;
mod suggest;
mod syntax;
mod tree;
mod value;
mod vocabulary;

pub use attempt::{Frame, RULES, Signals, Situation, Zone};
pub use catalogue::Catalogue;
pub use error::ExpressionError;
pub use exchange::{EXCHANGE, REQUEST};
pub use expression::{Expression, Step};
pub use facts::FACTS;
pub use list::{List, ListKind, Members, RawNumbers};
pub use native::{Condition, Conditions};
pub use possible::{possible_agent, possible_value};
pub use suggest::nearest;
pub use value::{Names, Value};
pub use vocabulary::{Argument, Entry, EntryKind, Type, Values, Vocabulary};

//! Training: attempts with what became of them to a model, and to a card that says what it is worth.
//!
//! - `sample`: the attempts, within a bound, and what each is held to be.
//! - `split`: which are learned from, which calibrate and which only measure.
//! - `untidy`: what simulated people lack.
//! - `logistic`, `forest`, `boosted`: what learns; `mixture`: what knows only what is usual. The best of the first three,
//!   by measurement, becomes the model.
//! - `calibrate`: scores to probabilities, and these to the prior.
//! - `measure`: how well a score tells abuse from real use.
//! - `card`: all of it, for people and for programs.
//!
//! The same attempts and the same seed give the same bytes: every sum has one order, on one thread.
//!
//! Must not know: where attempts come from, files, the command line.

mod boosted;
mod calibrate;
mod card;
mod forest;
mod logistic;
mod measure;
mod mixture;
mod picture;
mod run;
mod sample;
mod split;
mod table;
mod untidy;

pub use card::{Card, Class, Compared, Data, Importance};
pub use measure::Measures;
pub use picture::Bin;
pub use run::{Error, Options, Step, Trained, train};
pub use sample::{Sample, Verdict};
pub use split::Lack;

//! sendwall: a firewall for the endpoint that sends codes by SMS.
//!
//! A reverse proxy in front of an app. It knows which requests ask for a code, judges each before the app sees it,
//! sees what becomes of the code, and tells what it did.
//!
//! # The map, in the order of the data's way
//!
//! The words:
//! - [`whole`]: files that a crash leaves as they were or as they shall be.
//! - [`privacy`]: raw numbers that can't be printed, keyed pseudonyms, secrets.
//! - [`domain`]: what a phone, a place, a client, a decision and an outcome are.
//! - [`clock`]: the only file that reads time.
//! - [`tasks`]: the only file that spawns.
//! - [`random`]: seeded numbers for what has to be the same each time.
//! - [`stripes`]: what every thread adds to, in a part for each.
//! - [`telemetry`]: the process log and the metrics.
//! - [`pack`]: what outlives the process: the trait of its parts, and values to bytes and back.
//!
//! Pure stages, without I/O; `now` is an argument:
//! - [`numbering`]: a number's country, type, range and price.
//! - [`geo`]: an address's country, network and kind.
//! - [`lists`]: sets of networks, numbers and countries; those that people fill by hand.
//! - [`rules`]: the small language of conditions.
//! - [`extract`]: bytes to facts: route, address, phone, client, fingerprint.
//! - [`limits`]: sliding windows with a hard maximum.
//! - [`ruleset`]: conditions with what they ask for, and what they say of an attempt.
//! - [`budget`]: what may be spent in an hour and a day.
//! - [`cells`]: evidence from what became of codes, trust, pressure.
//! - [`model`]: what an attempt looks like, by a small trained model.
//! - [`sessions`]: codes that wait for what becomes of them, and conversion.
//! - [`decide`]: facts and counts to a decision.
//!
//! Effects:
//! - [`net`]: requests of our own, to captcha providers and receivers of alerts.
//! - [`challenge`]: what has to be solved, and the passes that say it was.
//! - [`journal`]: the decision log.
//! - [`state`]: what outlives the process: the snapshot, the lists by hand, what people changed.
//! - [`alerts`]: what is out of the ordinary, as incidents, told to on-call people.
//!
//! The gate:
//! - [`gate`]: `judge` a request, `settle` by the upstream's answer, `learn` the outcome.
//!
//! Edges:
//! - [`http`]: server, proxy, enforcement.
//! - [`admin`]: health, metrics, decisions, outcomes, reload.
//! - [`config`]: a file to a compiled configuration, or to all its problems at once.
//! - [`app`]: the one place that wires.
//! - [`trace`]: recorded or generated traffic, a line an event.
//! - [`replay`]: a trace through the gate on a virtual clock, scored.
//! - [`train`]: attempts with what became of them to a model and its card.
//! - [`simulate`]: people and attackers that write traces.
//! - [`drive`]: a trace's requests, sent to a proxy on this machine.
//! - [`demo`]: the whole of it in one process, with an app, people and a bomber.
//! - [`cli`]: the commands.
//!
//! # Invariants
//!
//! 1. `decide` is pure: same policy, facts and counts, same decision. Counting is `reserve` and `settle`.
//! 2. A raw phone number is a [`privacy::RawPhone`], which can neither be printed nor serialised. Nothing that is
//!    stored, logged, counted or sent elsewhere holds one, by type. A test greps all outputs for one.
//! 3. Nothing reaches the upstream without a [`gate::Permit`]. Monitor mode is a permit too.
//! 4. Missing evidence (no database, no phone, no cookie, no outcome) is a value, never an error on the path.
//! 5. Every queue, map, body and wait has a bound and a named behaviour when it is reached.
//! 6. Only `clock` reads time, only `tasks` spawns, only `config` reads the environment.
//! 7. A revision is immutable and every decision names it. A failed reload changes nothing but the reported error, and
//!    no reload touches a counter.
//! 8. No step under a lock leaves half a change, so a panic poisons nothing: locks are those that know no poison.
//! 9. What sendwall reads of a body is what any sane app reads of it, or the request is refused at a protected
//!    endpoint with a clear error.
//!
//! A module imports only what stands above it; a test holds that.

pub mod admin;
pub mod alerts;
pub mod app;
pub mod budget;
pub mod cells;
pub mod challenge;
pub mod cli;
pub mod clock;
pub mod config;
pub mod decide;
pub mod demo;
pub mod domain;
pub mod drive;
pub mod extract;
pub mod gate;
pub mod geo;
pub mod http;
pub mod journal;
pub mod limits;
pub mod lists;
pub mod model;
pub mod net;
pub mod numbering;
pub mod pack;
pub mod privacy;
pub mod random;
pub mod replay;
pub mod rules;
pub mod ruleset;
pub mod sessions;
pub mod simulate;
pub mod state;
pub mod stripes;
pub mod tasks;
pub mod telemetry;
pub mod trace;
pub mod train;
pub mod whole;

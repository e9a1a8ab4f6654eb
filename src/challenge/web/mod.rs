//! What challenges show to browsers: the script that an app's pages include, and the page that answers a form.
//!
//! `client.js` is included by pages, and solves in the background; `worker.js` does the work, `dialog.js` asks a person.
//! [`page`] is the answer to a form that was posted by hand; it carries the [`form`] along and sends it again. [`refusal`] is
//! the answer to one that is refused.
//!
//! Must not know: sockets, and what a pass is.

pub mod assets;
pub mod form;
mod html;
pub mod language;
pub mod page;
pub mod refusal;
mod texts;
mod windows_1252;

//! Something to see in one command: a small app with a page, sendwall in front of it, and traffic.

mod app;
mod browser;
mod codes;
mod random;
mod screen;
mod tally;
mod traffic;

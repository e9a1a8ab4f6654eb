//! Challenges.

pub mod web;

//! sendwall: a firewall for the endpoint that sends codes by SMS.

pub mod admin;
pub mod cli;
pub mod clock;
pub mod config;
pub mod decide;
pub mod demo;
pub mod domain;
pub mod extract;
pub mod gate;
pub mod geo;
pub mod http;
pub mod journal;
pub mod limits;
pub mod numbering;
pub mod privacy;
pub mod rules;
pub mod sessions;
pub mod tasks;
pub mod telemetry;

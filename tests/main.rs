//! The one integration binary: real sockets, real clients, and house rules.

mod admin;
mod altcha;
mod browser;
mod captcha;
mod challenge;
mod config;
mod deliver;
mod demo;
mod evidence;
mod extract;
mod journal;
mod limits;
mod net;
mod numbers;
mod proxy;
mod replay;
mod rules;
mod simulate;
mod state;
mod support;
mod tidy;
mod train;
mod whole;

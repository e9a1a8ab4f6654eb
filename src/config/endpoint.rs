//! `[[endpoint]]`: what is protected, how its requests are read, and what it answers.

use std::collections::HashMap;
use std::sync::Arc;

use super::answers;
use super::captcha::Ways;
use super::conditions;
use super::reader::Section;
use super::source::Fault;
use super::values::{self, KIB, MIB};
use crate::decide::{ChallengeBy, OnMissing, PageToken, Policy};
use crate::domain::{Mode, Span};
use crate::extract::{self, MatchKey, PhoneSource, Role, Rule};
use crate::gate::Endpoint;
use crate::rules::{EXCHANGE, Expression, REQUEST};

/// What makes an answer a send, where the operator says nothing. After 307 and 308 the client sends the same request to
/// another address: nothing was done at this one.
/// Answers that a client brings about after the message went out (`Accept: text/x-y`) are no proof that none did.
const SENT_IF: &str = "status < 400 && !(status in [307, 308]) || status in [406, 412, 416]";

/// Finds names and paths that two endpoints claim.
#[derive(Debug, Default)]
struct Claims {
    names: HashMap<Arc<str>, usize>,
    /// What takes all requests of its pattern, and the endpoint's name.
    paths: Vec<(Rule, Arc<str>)>,
}

/// Reads every endpoint with its routes. `mode` is the one of the whole configuration.
pub(super) fn read(root: &mut Section<'_>, mode: Mode, ways: &Ways) -> (Vec<Endpoint>, Vec<Rule>) {
    let mut claims = Claims::default();
    let mut routes = Vec::new();
    let mut index = 0;
    let endpoints = root.tables("endpoint", |section| {
        let name = name(section, index);
        claims.name(section, &name, index);
        routes.extend(section_routes(section, index, &name, &mut claims));
        index += 1;
        Some(endpoint(section, name, mode, ways))
    });
    if index == 0 && !root.has("endpoint") {
        let fault = Fault::new("no [[endpoint]] says what to protect");
        root.error("", fault.hint("add one with `name` and `send = \"POST /path/of/your/send-code\"`"));
    }
    (endpoints, routes)
}

fn name(section: &mut Section<'_>, index: usize) -> Arc<str> {
    section.require("name", "it stands in logs, metrics and decisions, such as name = \"login\"");
    section.parsed("name", values::name).map_or_else(|| format!("endpoint {index}").into(), Arc::from)
}

fn endpoint(section: &mut Section<'_>, name: Arc<str>, mode: Mode, ways: &Ways) -> Endpoint {
    let policy = policy(section, mode);
    check_challenge(section, &name, &policy);
    let extract = extract_settings(section);
    let has_verify = section.has("verify");
    // Compared with an answer that isn't there yet, nothing would be protected.
    let when = conditions::read(section, "when", &REQUEST);
    let sent_if = conditions::read(section, "sent_if", &EXCHANGE);
    let verify_when = conditions::read(section, "verify_when", &REQUEST);
    let verified_if = conditions::read(section, "verified_if", &EXCHANGE);
    let match_by = section.list("match", values::match_key);
    let verify_window = section.span("verify_window", Span::seconds(30)..=Span::hours(24)).unwrap_or(Span::minutes(10));
    check_verify(section, &name);
    Endpoint {
        name,
        policy,
        extract,
        when,
        sent_if: sent_if.or_else(|| Expression::parse(SENT_IF, &EXCHANGE).ok()).expect("the default parses"),
        has_verify,
        verify_when,
        verified_if,
        match_by: match_by.unwrap_or_else(|| vec![MatchKey::Phone, MatchKey::Client]),
        verify_window,
        answers: section.table("answer", answers::read),
        captcha: ways.of_endpoint(section),
        cors_origins: section.list("cors_origins", values::origin).unwrap_or_default(),
    }
}

fn policy(section: &mut Section<'_>, mode: Mode) -> Policy {
    let default = Policy::default();
    Policy {
        mode: section.choice("mode", &values::MODES).unwrap_or(mode),
        on_no_phone: section.choice("on_no_phone", &ON_MISSING).unwrap_or(default.on_no_phone),
        on_unreadable: section.choice("on_unreadable", &ON_MISSING).unwrap_or(default.on_unreadable),
        challenge: section.choice("challenge", &CHALLENGE_BY).unwrap_or(default.challenge),
        page_token: section.choice("page_token", &PAGE_TOKEN).unwrap_or(default.page_token),
        countries: section.list("countries", values::country).unwrap_or(default.countries),
        refuse_types: section.list("refuse_types", values::number_kind).unwrap_or(default.refuse_types),
    }
}

const PAGE_TOKEN: [(&str, PageToken); 3] =
    [("off", PageToken::Off), ("signal", PageToken::Signal), ("require", PageToken::Require)];

const ON_MISSING: [(&str, OnMissing); 2] = [("forward", OnMissing::Forward), ("refuse", OnMissing::Refuse)];

fn extract_settings(section: &mut Section<'_>) -> extract::Settings {
    let default = extract::Settings::default();
    let phone = section.parsed("phone", values::phone_source).unwrap_or(default.phone);
    let default_region = section.parsed("default_region", values::country);
    if default_region.is_none() && !section.has("default_region") && phone != PhoneSource::None {
        let fault = Fault::new("without `default_region` only numbers in international form (+44...) can be read");
        section.warning("", fault.hint("name the country of your users, such as default_region = \"GB\""));
    }
    let client = section.list("client", values::client_source).unwrap_or(default.client);
    if client.is_empty() {
        section.warning("client", Fault::new("no client is known, so limits by cookie never hold"));
    }
    let max_body = section.bytes("max_body", KIB..=8 * MIB, 64 * KIB);
    extract::Settings { phone, default_region, client, max_body: usize::try_from(max_body).unwrap_or(usize::MAX) }
}

/// What a verify endpoint needs, and what has no meaning without one.
fn check_verify(section: &Section<'_>, name: &str) {
    if section.has("verify") {
        let hint = "say which answer means that the code was right, such as \
                    verified_if = 'status == 200 && json(\"/ok\") == true'";
        if !section.has("verified_if") {
            section.error("verify", Fault::new("`verify` needs `verified_if`, which has no default").hint(hint));
        }
        return;
    }
    let fault = Fault::new(format!("no outcomes are seen for {name:?}: limits and facts alone decide"));
    section.warning("", fault.hint("name the request that checks the code, such as verify = \"POST /verify\""));
    for key in ["verify_when", "verified_if", "match"] {
        if section.has(key) {
            section.warning(key, Fault::new("without `verify` this has no effect"));
        }
    }
}

/// What enforcing costs where nobody can solve a challenge.
fn check_challenge(section: &Section<'_>, name: &str, policy: &Policy) {
    if policy.mode == Mode::Enforce && policy.challenge == ChallengeBy::None {
        let fault = Fault::new(format!(
            "nobody can prove anything at {name:?}: whoever shares a number range, a network or a look with abuse is told \
             to wait as it is, 30s to 16m at a time, and gets no code until that has cooled down"
        ));
        section.warning("challenge", fault.hint("let the app answer challenges where it can"));
    }
}

const CHALLENGE_BY: [(&str, ChallengeBy); 4] = [
    ("page", ChallengeBy::Page),
    ("script", ChallengeBy::Script),
    ("contract", ChallengeBy::Contract),
    ("none", ChallengeBy::None),
];

fn section_routes(section: &mut Section<'_>, endpoint: usize, name: &Arc<str>, claims: &mut Claims) -> Vec<Rule> {
    section.require("send", "name method and path of the request for a code, such as send = \"POST /send-code\"");
    // Express, ASP.NET and others ignore case. An app that doesn't answers 404, which is no send.
    let ignore_case = section.bool("ignore_case", true);
    let mut routes = Vec::new();
    for role in [Role::Send, Role::Verify] {
        let (key, _) = keys(role);
        for (text, pattern) in section.one_or_more(key, |text| Ok((text, values::pattern(text)?))) {
            let rule = Rule { pattern, endpoint, role, ignore_case };
            claims.path(section, text, (&rule, name));
            routes.push(rule);
        }
    }
    routes
}

/// Where an operator names the path of a role, and which of its requests are meant.
const fn keys(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Send => ("send", "when"),
        Role::Verify => ("verify", "verify_when"),
    }
}

impl Claims {
    fn name(&mut self, section: &Section<'_>, name: &Arc<str>, index: usize) {
        if let Some(other) = self.names.insert(Arc::clone(name), index) {
            let fault = Fault::new(format!("two endpoints are named {name:?}"));
            section.error("name", fault.hint(format!("the other is endpoint[{other}]")));
        }
    }

    /// One path may have several patterns in one role. In another role or at another endpoint it needs a condition at the
    /// one that comes first: that one takes all requests, whatever they are to be there.
    fn path(&mut self, section: &Section<'_>, text: &str, (rule, name): (&Rule, &Arc<str>)) {
        let (key, condition) = keys(rule.role);
        let takes_all = |(first, _): &&(Rule, Arc<str>)| {
            (first.endpoint, first.role) != (rule.endpoint, rule.role) && first.covers(rule)
        };
        if let Some((first, other)) = self.paths.iter().find(takes_all) {
            let (their_key, their_condition) = keys(first.role);
            let exact = Rule { ignore_case: false, ..first.clone() };
            let hint = if exact.covers(rule) {
                format!("give that one a condition, `{their_condition}`, or remove this")
            } else {
                "case is ignored there; set `ignore_case = false` there if the app tells the two apart".to_owned()
            };
            let fault =
                Fault::new(format!("requests for {text:?} belong to `{their_key}` of the endpoint {other:?} already"));
            section.error(key, fault.hint(hint));
        } else if !section.has(condition) {
            self.paths.push((rule.clone(), Arc::clone(name)));
        }
    }
}

//! Why a decision came out as it did, in words and numbers.

use std::fmt;
use std::sync::Arc;

use super::{Country, ListName, Listed, NumberKind, PageCode, Rung, Span, Timestamp, Unreadable};

/// One thing that spoke in a decision.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// A limit is used up.
    Limit {
        /// Its name in the configuration.
        name: Arc<str>,
        /// What it counts by, as the operator wrote it: `phone`, `ip + phone.country`.
        key: Arc<str>,
        /// What it counts: `sends`, `phones`.
        what: Arc<str>,
        /// How many the window holds.
        count: u32,
        /// How many it may hold.
        max: u32,
        /// The window.
        per: Span,
        /// When there is room again.
        until: Timestamp,
        /// False for a limit in monitor mode, which tells and doesn't refuse.
        enforced: bool,
    },
    /// A limit's table is full of entries worth keeping, so this key isn't counted.
    LimitTableFull {
        /// The limit's name.
        name: Arc<str>,
        /// True where the limit is set to refuse then.
        refused: bool,
    },
    /// The endpoint doesn't send to numbers of this type.
    NumberKind(NumberKind),
    /// The number can't exist in its country's plan.
    ImpossibleNumber,
    /// The endpoint doesn't serve this country.
    Country(Option<Country>),
    /// The request can't be read as the app would read it.
    Unreadable(Unreadable),
    /// The page's token is missing or no good, and the endpoint wants one.
    PageToken(PageCode),
    /// There is no number in the request, and the endpoint wants one.
    NoPhone,
    /// Codes that were sent because of something that the attempt shares were not verified as real use would.
    Hot {
        /// What is shared: `range`, `address`, `country`, ...
        kind: &'static str,
        /// Its value, as far as it may be shown.
        value: Box<str>,
        /// The rung that this closes.
        rung: Rung,
        /// Evidence over the limit of the kind, as it counts for this attempt; 1 closes the rung.
        heat: f32,
        /// Log-likelihood ratio of abuse against real use, in nats.
        evidence: f32,
        /// Sends within about one and a half half-lives, fading.
        sent: f32,
        /// Of these, verified.
        verified: f32,
        /// What it has of what closed the rung.
        closes: Closes,
        /// How long until it fades to where the rung opens, if nothing else happens; `None` where that alone opens nothing.
        fades_in: Option<Span>,
    },
    /// More attempts than the verifications of before explain.
    Surge {
        /// What is shared.
        kind: &'static str,
        /// Its value.
        value: Box<str>,
        /// As it counts for this attempt; 1 closes the first rung.
        pressure: f32,
        /// Attempts of about the last minute.
        rate: f32,
        /// Attempts a minute that verifications speak for.
        explained: f32,
        /// What it has of what closed the rung; in attempts a minute where it closed it alone.
        closes: Closes,
    },
    /// Much was stopped of late, and hardly anybody verified.
    Siege {
        /// What is shared.
        kind: &'static str,
        /// Its value.
        value: Box<str>,
        /// Proofs asked for and refusals of about six minutes.
        stopped: f32,
        /// Sends within about one and a half half-lives, fading.
        sent: f32,
        /// Of these, verified.
        verified: f32,
        /// How long until it is over, if nothing more is stopped.
        fades_in: Span,
        /// What it has of what closed a rung.
        closes: Closes,
    },
    /// More codes wait for their verification than the rung bears.
    Waiting {
        /// What is shared.
        kind: &'static str,
        /// Its value.
        value: Box<str>,
        /// The rung.
        rung: Rung,
        /// Silent sends of the last two minutes.
        open: f32,
        /// The most of them.
        bound: f32,
    },
    /// What the attempt itself looks like.
    Look {
        /// On the scale of heat, 0 to 0.99.
        prior: f32,
        /// What it is made of, in words.
        parts: Box<[&'static str]>,
        /// What it has of what closed a rung.
        closes: Closes,
    },
    /// A rule spoke.
    Rule {
        /// Its id.
        rule: Arc<str>,
        /// What it asks for.
        action: &'static str,
        /// Why, as the operator wrote it.
        says: Option<Arc<str>>,
    },
    /// A budget is used up, or so far that a stranger has to prove something.
    Budget {
        /// Its name: `money_per_day`, `messages_per_hour of UZ`.
        name: Box<str>,
        /// Messages or units of money in the window.
        used: f64,
        /// Its cap.
        max: f64,
        /// Where it ends for the one who asked.
        bound: f64,
        /// When there is room again; `None` where a proof is enough.
        until: Option<Timestamp>,
    },
    /// Somebody put it on a list.
    Listed(Listed),
    /// No verification has been seen at this endpoint yet.
    Blind,
}

/// What one reason has of what closed a rung, to which several may add.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Closes {
    /// The rung is closed without it, or open.
    #[default]
    Nothing,
    /// It closes the rung by itself, which opens below this.
    Alone(f32),
    /// Nothing closes the rung by itself; what adds up comes to this, and 1 closes it.
    Together(f32),
}

impl Reason {
    /// Stable, machine-readable.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Limit { .. } => "limit",
            Self::LimitTableFull { .. } => "limit_table_full",
            Self::NumberKind(_) => "number_type",
            Self::ImpossibleNumber => "impossible_number",
            Self::Country(_) => "country",
            Self::Unreadable(_) => "unreadable",
            Self::PageToken(_) => "page_token",
            Self::NoPhone => "no_phone",
            Self::Hot { .. } => "hot",
            Self::Surge { .. } => "surge",
            Self::Siege { .. } => "siege",
            Self::Waiting { .. } => "waiting",
            Self::Look { .. } => "look",
            Self::Rule { .. } => "rule",
            Self::Budget { .. } => "budget",
            Self::Listed(listed) => match listed.list {
                ListName::Deny => "deny_list",
                ListName::Allow => "allow_list",
            },
            Self::Blind => "no_outcomes",
        }
    }

    /// The smallest change that would have turned the decision; `None` where the reason speaks for nothing.
    pub fn turned_by(&self) -> Option<String> {
        match self {
            Self::Limit { name, max: 0, .. } => Some(format!("raising max of limit {name} above 0")),
            Self::Limit { count, max, until, what, .. } => {
                let fewer = count.saturating_add(1).saturating_sub(*max);
                Some(format!("waiting until {until}, or {fewer} {what} fewer in the window"))
            }
            Self::LimitTableFull { name, refused } => {
                refused.then(|| format!("more memory for limit {name}, or when_full = \"pass\""))
            }
            Self::NumberKind(kind) => Some(format!("taking \"{}\" out of the endpoint's refuse_types", kind.name())),
            Self::ImpossibleNumber => Some("a number that fits its country's plan".to_owned()),
            Self::Country(Some(country)) => Some(format!("adding \"{country}\" to the endpoint's countries")),
            Self::Country(None) => Some("emptying the endpoint's countries".to_owned()),
            Self::Unreadable(unreadable) => Some(unreadable.turned_by().to_owned()),
            Self::PageToken(_) => {
                Some("a token of a page that was loaded for this, or page_token = \"signal\"".to_owned())
            }
            Self::NoPhone => Some("a phone number in the request, or on_no_phone = \"forward\"".to_owned()),
            Self::Hot { kind, heat, rung, closes, fades_in, .. } => match closes {
                Closes::Nothing => None,
                Closes::Alone(below) => {
                    let below = rounded_down(*below, 100.0);
                    let fades = fades_in.map(|span| format!(", or {span} without more silence")).unwrap_or_default();
                    Some(format!(
                        "heat of {kind} below {below} at {} (now {heat:.2}): verifications{fades}",
                        rung.name()
                    ))
                }
                Closes::Together(sum) => {
                    let what = format!("heat of {kind} at {}", rung.name());
                    Some(together(&what, *sum, "verifications, or time without more silence"))
                }
            },
            Self::Surge { kind, closes, .. } => match closes {
                Closes::Nothing => None,
                Closes::Alone(rate) => {
                    let rate = rounded_down(*rate, 10.0);
                    Some(format!("fewer than {rate} attempts a minute of that {kind}, or verifications"))
                }
                Closes::Together(sum) => {
                    let what = format!("pressure of that {kind}");
                    Some(together(&what, *sum, "fewer attempts a minute, or verifications"))
                }
            },
            Self::Siege { kind, fades_in, closes, .. } => {
                let turns = format!("verifications of that {kind}, or {fades_in} in which nothing is stopped there");
                turned("the siege", *closes, turns)
            }
            Self::Waiting { open, bound, .. } => {
                let verifications = (open - bound).max(0.0) + 1.0;
                Some(format!("{verifications:.0} verifications more, or two minutes; of a phone a captcha, or a day"))
            }
            Self::Rule { rule, .. } => {
                Some(format!("a request that rule {rule} doesn't speak of, or another rule before it"))
            }
            Self::Look { closes, .. } => {
                turned("the look", *closes, "a client that looks like a browser or an app that people use".to_owned())
            }
            Self::Budget { name, until: Some(until), .. } => {
                Some(format!("waiting until {until}, a larger {name}, or a reset of the budgets"))
            }
            Self::Budget { .. } => Some("a proof, or a client that verified before".to_owned()),
            Self::Listed(Listed { list, entry, until, .. }) => {
                let end = until.map(|until| format!(", or waiting until {until}")).unwrap_or_default();
                Some(format!("`sendwall list remove {list} --id {entry}`{end}"))
            }
            Self::Blind => None,
        }
    }
}

fn turned(what: &str, closes: Closes, turns: String) -> Option<String> {
    match closes {
        Closes::Nothing => None,
        Closes::Alone(_) => Some(turns),
        Closes::Together(sum) => Some(together(what, sum, &turns)),
    }
}

fn together(what: &str, sum: f32, turns: &str) -> String {
    format!("{what} and what adds to it below 1 together (now {sum:.2}): {turns}")
}

/// What is told as a bound must not be beyond it.
fn rounded_down(number: f32, parts: f32) -> f32 {
    (number * parts).floor() / parts
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit { name, key, what, count, max, per, until, enforced } => {
                if *max == 0 {
                    write!(f, "limit {name}: no {what} are allowed")?;
                } else {
                    write!(
                        f,
                        "limit {name}: {count} of at most {max} {what} by {key} in {per}; room again at {until}"
                    )?;
                }
                if *enforced { Ok(()) } else { f.write_str(" (monitored only)") }
            }
            Self::LimitTableFull { name, refused } => {
                write!(
                    f,
                    "limit {name}: its table is full, this key is {}",
                    if *refused { "refused" } else { "not counted" }
                )
            }
            Self::NumberKind(kind) => write!(f, "numbers of type {} are not served here", kind.name()),
            Self::ImpossibleNumber => f.write_str("no such number can exist in its country's plan"),
            Self::Country(Some(country)) => write!(f, "numbers of {country} are not served here"),
            Self::Country(None) => f.write_str("numbers of no country are not served here"),
            Self::Unreadable(unreadable) => write!(f, "unreadable request: {unreadable}"),
            Self::PageToken(code) => f.write_str(code.told().1),
            Self::NoPhone => f.write_str("there is no phone number in the request"),
            Self::Hot { kind, value, rung, heat, evidence, sent, verified, .. } => write!(
                f,
                "{kind} {value}: {verified:.0} of {sent:.0} codes verified lately; evidence {evidence:.1}, heat {heat:.2} at {}",
                rung.name()
            ),
            Self::Surge { kind, value, pressure, rate, explained, .. } => write!(
                f,
                "{kind} {value}: {rate:.0} attempts in the last minute, {explained:.1} are explained; pressure {pressure:.2}"
            ),
            Self::Siege { kind, value, stopped, sent, verified, .. } => write!(
                f,
                "{kind} {value}: {stopped:.0} attempts were stopped in the last minutes, {verified:.0} of {sent:.0} codes verified lately"
            ),
            Self::Waiting { kind, value, rung, open, bound } => write!(
                f,
                "{kind} {value}: {open:.0} codes wait to be verified, {bound:.0} are borne at {}",
                rung.name()
            ),
            Self::Look { prior, parts, .. } => {
                write!(f, "the client looks wrong ({prior:.2}): {}", parts.join(", "))
            }
            Self::Rule { rule, action, says } => {
                write!(f, "rule {rule} says {action}")?;
                says.as_ref().map_or(Ok(()), |says| write!(f, ": {says}"))
            }
            Self::Budget { name, used, max, bound, until } => {
                write!(f, "budget {name}: {used} of {max} spent, ")?;
                match until {
                    Some(until) => write!(f, "which is all ({bound}) for whoever asks; room again at {until}"),
                    None => write!(f, "from {bound} on strangers prove more"),
                }
            }
            Self::Listed(Listed { list, what, note, .. }) => {
                write!(f, "{what} is on the {list} list")?;
                if note.is_empty() { Ok(()) } else { write!(f, ": {note}") }
            }
            Self::Blind => f.write_str("no verification was seen at this endpoint yet"),
        }
    }
}

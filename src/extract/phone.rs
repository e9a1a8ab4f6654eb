//! The phone that a request is about.
//!
//! With `auto` every value has a tier by its name (`names`): a phone; something that often is one; anything else. A phone's
//! name must hold a number, nothing or a mail address. A weak name counts where its value is a valid mobile number, or
//! where what stands beside it says that it is a number at all. Any other name, and a path segment, counts only where the
//! value says by itself that it is an international number; bare digits in a path count as the last resort. All that is
//! found must be one number, however it is written.
//!
//! The country of a national number is that of a field beside it, then of one further out, then of one anywhere, then
//! the endpoint's own.

use std::borrow::Cow;

use super::document::Document;
use super::hints::{self, Hint};
use super::names::{self, Kind};
use super::nodes::{Name, Origin, Scalar, unreadable};
use super::reading::{self, Reading};
use super::{PhoneSource, Request, Settings, form};
use crate::domain::{Unreadable, UnreadableCode, Validity};
use crate::numbering::{Number, Numbering};

/// Path segments that are looked at.
const MAX_SEGMENTS: usize = 32;

/// The phone of a request; `None` where there is none: a mail address instead, a masked number, or nothing at all.
pub fn phone(
    settings: &Settings,
    request: &Request<'_>,
    document: &Document<'_>,
    numbering: &Numbering,
) -> Result<Option<Number>, Unreadable> {
    let search = Search::new(settings, document, numbering);
    match &settings.phone {
        PhoneSource::Auto => search.auto(request.path),
        PhoneSource::None => Ok(None),
        PhoneSource::Json(pointer) => {
            search.exact(document.at_pointer(pointer), &format!("json:{pointer}"), request.path)
        }
        PhoneSource::Form(name) => {
            search.exact(document.field(Origin::Form, name), &format!("form:{name}"), request.path)
        }
        PhoneSource::Query(name) => {
            search.exact(document.field(Origin::Query, name), &format!("query:{name}"), request.path)
        }
        PhoneSource::Path(position) => {
            let segment = segments(request.path).nth(position.saturating_sub(1));
            search.alone(segment.map(str::as_bytes), &format!("path:{position}"))
        }
        PhoneSource::Header(name) => {
            let field = format!("header:{name}");
            let mut values = request.headers.get_all(&**name).iter().map(http::HeaderValue::as_bytes);
            let first = values.next();
            if values.any(|other| Some(other) != first) {
                return Err(unreadable(UnreadableCode::DuplicateKey, &field));
            }
            search.alone_undecoded(first, &field)
        }
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty()).take(MAX_SEGMENTS)
}

/// What one request offers.
pub(super) struct Search<'s, 'a> {
    pub(super) settings: &'s Settings,
    pub(super) document: &'s Document<'a>,
    pub(super) numbering: &'s Numbering,
    pub(super) hints: Vec<Hint>,
    candidates: Vec<(u32, Kind)>,
}

/// What was found on the way.
#[derive(Default)]
struct Found {
    numbers: Vec<(Number, Place)>,
    /// An app may read a number here, and not the one that we would.
    fault: Option<Unreadable>,
    /// Counts only where no number is found.
    soft_fault: Option<Unreadable>,
    /// National numbers that fit no country which is known to be theirs, and what the default makes of them: perhaps
    /// they are the one number that stands elsewhere in international form.
    national: Vec<(u32, Option<Number>)>,
    /// Numbers of a possible length under weak names: they count where nothing else is found.
    guesses: Vec<(Number, u32)>,
}

/// How far a field is believed to hold a phone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tier {
    /// Its name says so.
    Named,
    /// A weak name, and what stands beside it says so.
    Likely,
    Weak,
    Unnamed,
}

#[derive(Clone, PartialEq)]
enum Place {
    Node(u32),
    Segment(usize),
}

impl Found {
    fn add(&mut self, number: Number, place: Place) {
        if !self.numbers.iter().any(|(known, _)| known.raw == number.raw) {
            self.numbers.push((number, place));
        }
    }
}

impl<'s, 'a> Search<'s, 'a> {
    fn new(settings: &'s Settings, document: &'s Document<'a>, numbering: &'s Numbering) -> Self {
        let nodes = document.nodes();
        let (mut hints, mut candidates) = (Vec::new(), Vec::new());
        for index in 0..nodes.list().len() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let Some(node) = nodes.get(index) else { continue };
            if matches!(node.value, Scalar::Object | Scalar::Array) {
                continue;
            }
            let kind = if nodes.is_root(index) { Kind::Other } else { names::classify(nodes.key(index)) };
            if let Some(hint) = hints::read(index, kind, nodes, numbering) {
                hints.push(hint);
            } else {
                candidates.push((index, kind));
            }
        }
        Self { settings, document, numbering, hints, candidates }
    }

    pub(super) fn auto(&self, path: &str) -> Result<Option<Number>, Unreadable> {
        let mut found = Found::default();
        let parts = self.split_number(&mut found);
        for &(node, kind) in &self.candidates {
            if parts.contains(&node) {
                continue;
            }
            match self.tier(node, kind) {
                Tier::Named => self.named(node, &mut found),
                tier @ (Tier::Likely | Tier::Weak) => self.weak(node, tier, &mut found),
                Tier::Unnamed => self.unnamed(node, &mut found),
            }
        }
        self.search_path(path, &mut found);
        self.conclude(found)
    }

    fn conclude(&self, mut found: Found) -> Result<Option<Number>, Unreadable> {
        if let Some(fault) = found.fault {
            return Err(fault);
        }
        let only = if let [(number, _)] = found.numbers.as_slice() { Some(*number) } else { None };
        for (node, assumed) in std::mem::take(&mut found.national) {
            let text = self.text(node).unwrap_or_default();
            let same = only.is_some_and(|only| {
                let there = only.country.map(|country| reading::read(&text, Some(country), self.numbering));
                matches!(there, Some(Reading::Number(number)) if number.raw == only.raw)
            });
            match assumed {
                _ if same => {}
                Some(number) => found.add(number, Place::Node(node)),
                None => {
                    let field = self.document.nodes().label(node);
                    return Err(Unreadable { code: UnreadableCode::NoCountry, field });
                }
            }
        }
        if found.numbers.is_empty() && found.soft_fault.is_none() {
            for (number, node) in std::mem::take(&mut found.guesses) {
                if !names::is_id(self.document.nodes().key(node)) {
                    found.add(number, Place::Node(node));
                }
            }
        }
        match found.numbers.as_slice() {
            [] => found.soft_fault.map_or(Ok(None), Err),
            [(number, _)] => Ok(Some(*number)),
            [(_, first), .., (_, last)] => {
                let nodes = self.document.nodes();
                let same_key = match (first, last) {
                    (Place::Node(a), Place::Node(b)) => {
                        let in_array = |node| nodes.get(node).is_some_and(|node| matches!(node.name, Name::Index(_)));
                        nodes.key(*a) == nodes.key(*b)
                            && !in_array(*a)
                            && !nodes.key(*a).ends_with("[]")
                            && (nodes.is_root_child(*a) && nodes.is_root_child(*b))
                    }
                    _ => false,
                };
                let code = if same_key { UnreadableCode::DuplicateKey } else { UnreadableCode::SeveralPhones };
                Err(Unreadable { code, field: format!("{}, {}", self.label(first), self.label(last)) })
            }
        }
    }

    fn label(&self, place: &Place) -> String {
        match place {
            Place::Node(node) => self.document.nodes().label(*node),
            Place::Segment(index) => format!("path:{}", index + 1),
        }
    }

    /// A name's kind, with what stands around it: inside a phone's object, beside a country, or beside a `type` that
    /// says phone.
    fn tier(&self, node: u32, kind: Kind) -> Tier {
        let nodes = self.document.nodes();
        let plain = match kind {
            Kind::Phone => return Tier::Named,
            Kind::Weak => Tier::Weak,
            Kind::Other | Kind::Country | Kind::Dial => Tier::Unnamed,
        };
        let Some(parent) = nodes.get(node).map(|node| node.parent).filter(|_| !nodes.is_root(node)) else {
            return plain;
        };
        let mut above = parent;
        while !nodes.is_root(above) && matches!(nodes.get(above).map(|node| &node.name), Some(Name::Index(_))) {
            above = nodes.get(above).map_or(above, |node| node.parent);
        }
        let key = nodes.key(node);
        let in_phone = !nodes.is_root(above) && names::classify(nodes.key(above)) == Kind::Phone;
        if in_phone && names::is_part_of_phone(key) {
            return Tier::Named;
        }
        let beside_country = || names::is_part_of_phone(key) && self.hints.iter().any(|hint| hint.level == parent);
        let likely = plain == Tier::Weak && !names::is_id(key) && (beside_country() || self.says_phone(parent));
        if likely { Tier::Likely } else { plain }
    }

    fn says_phone(&self, parent: u32) -> bool {
        let nodes = self.document.nodes();
        let siblings =
            nodes.list().iter().enumerate().filter(|(index, node)| node.parent == parent && *index != parent as usize);
        siblings.into_iter().any(|(_, node)| match (&node.name, &node.value) {
            // A form sent as a list of pairs: `{"name": "phone", "value": …}`.
            (Name::Key(key), Scalar::Text(text)) if matches!(&**key, "name" | "field" | "key") => {
                names::classify(text) == Kind::Phone
            }
            (Name::Key(key), Scalar::Text(text)) if names::is_kind_of_contact(key) => {
                let sends = ["sms", "text_message", "voice", "call"];
                names::classify(text) == Kind::Phone || sends.iter().any(|word| text.trim().eq_ignore_ascii_case(word))
            }
            _ => false,
        })
    }

    pub(super) fn text(&self, node: u32) -> Option<Cow<'_, str>> {
        match &self.document.nodes().get(node)?.value {
            Scalar::Text(text) => Some(Cow::Borrowed(text)),
            Scalar::Int(value) if *value >= 0 => Some(Cow::Owned(value.to_string())),
            _ => None,
        }
    }

    fn named(&self, node: u32, found: &mut Found) {
        let fault = |code| Some(Unreadable { code, field: self.document.nodes().label(node) });
        let reading = match self.document.nodes().get(node).map(|node| &node.value) {
            Some(Scalar::Bad(code)) => {
                found.fault = found.fault.take().or_else(|| fault(*code));
                return;
            }
            Some(Scalar::Float(_) | Scalar::Int(i128::MIN..=-1)) => {
                found.fault = found.fault.take().or_else(|| fault(UnreadableCode::NotAPhone));
                return;
            }
            // Some apps read a part with a file name as text all the same.
            Some(Scalar::File) => {
                found.fault = found.fault.take().or_else(|| fault(UnreadableCode::WrongType));
                return;
            }
            _ => self.text(node).map_or(Reading::Empty, |text| self.read(&text, node)),
        };
        match reading {
            Reading::Empty | Reading::Mail | Reading::Masked => {}
            Reading::Harmless | Reading::Doubtful if self.has_children(node) => {}
            Reading::Harmless => {
                found.soft_fault = found.soft_fault.take().or_else(|| fault(UnreadableCode::NotAPhone));
            }
            Reading::Doubtful => found.fault = found.fault.take().or_else(|| fault(UnreadableCode::NotAPhone)),
            Reading::Several => found.fault = found.fault.take().or_else(|| fault(UnreadableCode::SeveralPhones)),
            Reading::NoCountry => found.national.push((node, None)),
            Reading::Number(number)
                if number.validity != Validity::Valid
                    && self.text(node).is_some_and(|text| !reading::is_international(&text)) =>
            {
                found.national.push((node, Some(number)));
            }
            Reading::Number(number) => found.add(number, Place::Node(node)),
        }
    }

    /// Whether the text was JSON, read by itself.
    fn has_children(&self, node: u32) -> bool {
        let nodes = self.document.nodes().list();
        nodes.iter().enumerate().any(|(index, child)| child.parent == node && index != node as usize)
    }

    fn weak(&self, node: u32, tier: Tier, found: &mut Found) {
        let Some(text) = self.text(node) else { return };
        let fault = |code| Some(Unreadable { code, field: self.document.nodes().label(node) });
        let international = reading::is_international(&text);
        let likely = tier == Tier::Likely;
        match self.read(&text, node) {
            Reading::Number(number)
                if reading::is_clear(&number)
                    || (international && text.trim().len() > 7)
                    || (likely && number.validity != Validity::Impossible) =>
            {
                found.add(number, Place::Node(node));
            }
            Reading::Number(number) if number.validity == Validity::Possible => {
                let digits = reading::digits(&text);
                if digits > 9 || (digits == 9 && text.trim_start().starts_with('0')) {
                    found.guesses.push((number, node));
                }
            }
            Reading::Several => found.fault = found.fault.take().or_else(|| fault(UnreadableCode::SeveralPhones)),
            Reading::NoCountry if likely => found.national.push((node, None)),
            Reading::Doubtful if likely && international => {
                found.fault = found.fault.take().or_else(|| fault(UnreadableCode::NotAPhone));
            }
            Reading::NoCountry if reading::is_mobile_somewhere(text.trim(), self.numbering) => {
                found.soft_fault = found.soft_fault.take().or_else(|| fault(UnreadableCode::NoCountry));
            }
            _ => {}
        }
    }

    fn unnamed(&self, node: u32, found: &mut Found) {
        let nodes = self.document.nodes();
        let Some(Scalar::Text(text)) = nodes.get(node).map(|node| &node.value) else { return };
        // A body that is one bare text can only be what the endpoint is for.
        if nodes.get(node).is_some_and(|node| node.origin == Origin::Text) {
            let before = found.numbers.len();
            self.weak(node, Tier::Weak, found);
            if found.numbers.len() == before && reading::digits(text) >= 5 {
                let fault = unreadable(UnreadableCode::ContentType, "header:content-type");
                found.fault = found.fault.take().or(Some(fault));
            }
            return;
        }
        if (8..=32).contains(&text.len())
            && reading::is_international(text)
            && !text.contains('@')
            && let Reading::Number(number) = reading::read(text, None, self.numbering)
            && says_number(text, &number)
        {
            found.add(number, Place::Node(node));
        }
    }

    fn search_path(&self, path: &str, found: &mut Found) {
        let mut before = "";
        for (index, segment) in segments(path).enumerate() {
            let (plain, _) = segment.split_once(';').unwrap_or((segment, ""));
            let decoded = form::decode(plain.as_bytes(), false).unwrap_or_default();
            let named = names::classify(before) == Kind::Phone;
            let sending = names::is_sending(before);
            before = plain;
            // `phone=…` as a segment of its own, or behind a semicolon.
            let parameter = segment
                .split(';')
                .filter_map(|pair| pair.split_once('='))
                .find(|(name, _)| names::classify(name) == Kind::Phone);
            let (text, named) = match parameter {
                Some((_, value)) => (form::decode(value.as_bytes(), false).unwrap_or_default(), true),
                None => (decoded, named),
            };
            let text = reading::without_scheme(text.strip_suffix(".json").unwrap_or(&text));
            if reading::digits(text) < 7 || text.contains(char::is_alphabetic) {
                continue;
            }
            let international = reading::is_international(text);
            let last_resort = found.numbers.is_empty() && found.fault.is_none();
            if !(international || named || last_resort) {
                continue;
            }
            match self.read_in(text, None) {
                Reading::Number(number)
                    if named
                        || reading::is_clear(&number)
                        || (international && says_number(text, &number))
                        || (sending && number.validity == Validity::Possible && reading::digits(text) > 8) =>
                {
                    found.add(number, Place::Segment(index));
                }
                Reading::NoCountry if named || reading::is_mobile_somewhere(text, self.numbering) => {
                    let fault =
                        Unreadable { code: UnreadableCode::NoCountry, field: self.label(&Place::Segment(index)) };
                    found.soft_fault = found.soft_fault.take().or(Some(fault));
                }
                _ => {}
            }
        }
    }

    /// A number whose parts stand in `phone1`, `phone2`, … : gives the fields that are such parts.
    fn split_number(&self, found: &mut Found) -> Vec<u32> {
        let nodes = self.document.nodes();
        let mut parts: Vec<(u8, u32, Cow<'_, str>)> = Vec::new();
        for &(node, kind) in &self.candidates {
            let Some((_, position)) = names::numbered(nodes.key(node)) else { continue };
            let Some(text) = self.text(node) else { continue };
            let short = (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            if kind == Kind::Phone && short {
                parts.push((position, node, text));
            }
        }
        let stem = |node: u32| names::numbered(nodes.key(node)).and_then(|(end, _)| nodes.key(node).get(..end));
        let Some(&(_, first, _)) = parts.first() else { return Vec::new() };
        if parts.len() < 2 || parts.iter().any(|(_, node, _)| stem(*node) != stem(first)) {
            return Vec::new();
        }
        parts.sort_by_key(|(position, ..)| *position);
        let whole: String = parts.iter().map(|(_, _, text)| text.as_ref()).collect();
        match self.read(&whole, first) {
            Reading::Number(number) if number.validity == Validity::Valid => found.add(number, Place::Node(first)),
            Reading::NoCountry => {
                found.fault = Some(Unreadable { code: UnreadableCode::NoCountry, field: nodes.label(first) });
            }
            _ => found.fault = Some(Unreadable { code: UnreadableCode::NotAPhone, field: nodes.label(first) }),
        }
        parts.into_iter().map(|(_, node, _)| node).collect()
    }
}

/// Whether a text whose name says nothing is sure to be this number: it begins with a plus and has a possible length,
/// or is valid. (A dot makes decimals.)
fn says_number(text: &str, number: &Number) -> bool {
    match number.validity {
        Validity::Valid => true,
        Validity::Possible => !text.trim_start().starts_with('0') && !text.contains('.'),
        Validity::Impossible => false,
    }
}

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
use std::cell::{Cell, OnceCell};
use std::collections::HashSet;

use super::document::Document;
use super::found::{Found, Place};
use super::hints::{self, Hint};
use super::names::{self, Kind};
use super::nodes::{Name, Origin, Scalar, unreadable};
use super::reading::{self, Reading};
use super::{PhoneSource, Request, Settings};
use crate::domain::{Country, Unreadable, UnreadableCode, Validity};
use crate::numbering::{Number, Numbering};

/// The phone of a request; `None` where there is none: a mail address instead, a masked number, or nothing at all.
pub fn phone(
    settings: &Settings,
    request: &Request<'_>,
    document: &Document<'_>,
    numbering: &Numbering,
) -> Result<Option<Number>, Unreadable> {
    let found = search(settings, request, document, numbering)?;
    // An app may read its phone where we couldn't, unless the operator says that it is elsewhere.
    match document.unread() {
        Some(fault) if found.is_none() || settings.phone == PhoneSource::Auto => Err(fault.clone()),
        Some(_) | None => Ok(found),
    }
}

fn search(
    settings: &Settings,
    request: &Request<'_>,
    document: &Document<'_>,
    numbering: &Numbering,
) -> Result<Option<Number>, Unreadable> {
    let search = Search::new(settings, document, numbering);
    let found = search.find(request);
    // What wasn't read may be the number that the app takes.
    if search.is_worn_out() { Err(unreadable(UnreadableCode::Malformed, "body")) } else { found }
}

/// Work at most for one request (see [`reading::work`]), some 10 ms: a number in each of as many fields as there may be, or
/// three countries for each of 300. Above it is refused as malformed.
pub(super) const MAX_WORK: u32 = 4_000;

/// What one request offers.
pub(super) struct Search<'s, 'a> {
    pub(super) settings: &'s Settings,
    pub(super) document: &'s Document<'a>,
    pub(super) numbering: &'s Numbering,
    /// Each once for a level.
    pub(super) hints: Vec<Hint>,
    /// Where there are any.
    pub(super) levels: HashSet<u32>,
    candidates: Vec<(u32, Kind)>,
    /// Of every node, by its name.
    kinds: Vec<Kind>,
    /// Objects with a field that says of its neighbours that they are phones.
    saying_phone: OnceCell<HashSet<u32>>,
    /// Work that may still be done: what a request holds must not keep us busy.
    pub(super) left: Cell<u32>,
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

impl<'s, 'a> Search<'s, 'a> {
    pub(super) fn new(settings: &'s Settings, document: &'s Document<'a>, numbering: &'s Numbering) -> Self {
        let nodes = document.nodes();
        let (mut hints, mut candidates, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        // Where the operator says both where the number is and where its country, no other field has a say: a client
        // could add one that the app doesn't know.
        let heeds_hints = settings.phone == PhoneSource::Auto || settings.default_region.is_none();
        let mut kinds: Vec<Kind> = Vec::with_capacity(nodes.list().len());
        for (at, node) in nodes.list().iter().enumerate() {
            let index = u32::try_from(at).unwrap_or(u32::MAX);
            // A root has no name; items of an array have the array's.
            let parent_kind = kinds.get(node.parent as usize).copied().unwrap_or(Kind::Other);
            let kind = match &node.name {
                Name::Key(_) if node.parent == index => Kind::Other,
                Name::Key(key) => names::classify(key),
                Name::Index(_) => parent_kind,
            };
            kinds.push(kind);
            if matches!(node.value, Scalar::Object | Scalar::Array) {
                continue;
            }
            if let Some(hint) = hints::read(index, [parent_kind, kind], nodes, numbering) {
                let says = (hint.dials, hint.country, hint.region, hint.area.clone());
                if heeds_hints && seen.insert((hint.level, says)) {
                    hints.push(hint);
                }
            } else {
                candidates.push((index, kind));
            }
        }
        let levels = hints.iter().map(|hint: &Hint| hint.level).collect();
        let (saying_phone, left) = (OnceCell::new(), Cell::new(MAX_WORK));
        Self { settings, document, numbering, hints, levels, candidates, kinds, saying_phone, left }
    }

    fn find(&self, request: &Request<'_>) -> Result<Option<Number>, Unreadable> {
        match &self.settings.phone {
            PhoneSource::Auto => self.auto(request.path),
            PhoneSource::None => Ok(None),
            PhoneSource::Json(pointer) => self.exact("json", pointer, request.path),
            PhoneSource::Form(name) => self.exact("form", name, request.path),
            PhoneSource::Query(name) => self.exact("query", name, request.path),
            PhoneSource::Path(position) => self.segment(request.path, *position),
            PhoneSource::Header(name) => self.header(request.headers, name),
        }
    }

    /// Reads a text as a number of a country, as long as there is work left.
    pub(super) fn read_for(&self, text: &str, region: Option<Country>) -> Reading {
        self.left.set(self.left.get().saturating_sub(reading::work(text)));
        if self.is_worn_out() { Reading::Empty } else { reading::read(text, region, self.numbering) }
    }

    pub(super) fn wear_out(&self) {
        self.left.set(0);
    }

    fn is_worn_out(&self) -> bool {
        self.left.get() == 0
    }

    pub(super) fn auto(&self, path: &str) -> Result<Option<Number>, Unreadable> {
        let mut found = Found::default();
        let parts = self.split_number(&mut found);
        for &(node, kind) in &self.candidates {
            // The first fault is what is told, whatever else there is.
            if found.fault.is_some() {
                break;
            }
            if parts.contains(&node) {
                continue;
            }
            match self.tier(node, kind) {
                Tier::Named => self.named(node, &mut found),
                tier @ (Tier::Likely | Tier::Weak) => self.weak(node, tier, &mut found),
                Tier::Unnamed => self.unnamed(node, &mut found),
            }
        }
        self.search_containers(&mut found);
        self.search_path(path, &mut found);
        self.conclude(found)
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
        let key = nodes.key(node);
        // An item of an array has the array's kind, and so the kind of an object in `phones` is that of `phones`.
        let in_phone = self.kinds.get(parent as usize) == Some(&Kind::Phone);
        if in_phone && names::is_part_of_phone(key) {
            return Tier::Named;
        }
        let beside_country = || names::is_part_of_phone(key) && self.hints.iter().any(|hint| hint.level == parent);
        let likely = plain == Tier::Weak && !names::is_id(key) && (beside_country() || self.says_phone(parent));
        if likely { Tier::Likely } else { plain }
    }

    fn says_phone(&self, parent: u32) -> bool {
        let nodes = self.document.nodes();
        let says = |name: &Name<'_>, value: &Scalar<'_>| match (name, value) {
            // A form sent as a list of pairs: `{"name": "phone", "value": …}`.
            (Name::Key(key), Scalar::Text(text)) if matches!(&**key, "name" | "field" | "key") => {
                names::classify(text) == Kind::Phone
            }
            (Name::Key(key), Scalar::Text(text)) if names::is_kind_of_contact(key) => {
                let sends = ["sms", "text_message", "voice", "call"];
                names::classify(text) == Kind::Phone || sends.iter().any(|word| text.trim().eq_ignore_ascii_case(word))
            }
            _ => false,
        };
        let all = || nodes.list().iter().filter(|node| says(&node.name, &node.value)).map(|node| node.parent).collect();
        self.saying_phone.get_or_init(all).contains(&parent)
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
            Reading::Harmless | Reading::Doubtful | Reading::Disguised | Reading::Lookalike | Reading::NumberedMail
                if self.has_children(node) => {}
            Reading::Harmless => {
                found.soft_fault = found.soft_fault.take().or_else(|| fault(UnreadableCode::NotAPhone));
            }
            Reading::Doubtful | Reading::Disguised | Reading::Lookalike | Reading::NumberedMail => {
                found.fault = found.fault.take().or_else(|| fault(UnreadableCode::NotAPhone));
            }
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
        let fault = |code| Some(Unreadable { code, field: self.document.nodes().label(node) });
        let Some(text) = self.text(node) else {
            let value = self.document.nodes().get(node).map(|node| &node.value);
            if value.is_some_and(|value| self.is_mobile_in_json(value, node)) {
                found.fault = found.fault.take().or_else(|| fault(UnreadableCode::NotAPhone));
            }
            return;
        };
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
            Reading::Disguised if !self.has_children(node) => {
                found.fault = found.fault.take().or_else(|| fault(UnreadableCode::NotAPhone));
            }
            Reading::Doubtful if likely && international || self.is_nearly_mobile(&text, Some(node)) => {
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
        if (8..=32).contains(&text.len()) && reading::is_international(text) && !text.contains('@') {
            match self.read_for(text, None) {
                Reading::Number(number) if says_number(text, &number) => found.add(number, Place::Node(node)),
                Reading::Disguised => {
                    let fault = || Unreadable { code: UnreadableCode::NotAPhone, field: nodes.label(node) };
                    found.fault = found.fault.take().or_else(|| Some(fault()));
                }
                _ => {}
            }
        }
    }

    /// Texts that stand in a container under a phone's name, with that, and whose own name says nothing. Ids and dates have
    /// as many digits as a phone.
    pub(super) fn inside_phones(&self) -> impl Iterator<Item = (u32, u32)> {
        let nodes = self.document.nodes();
        let unnamed = self.candidates.iter().filter(|(_, kind)| *kind != Kind::Phone).map(|(node, _)| *node);
        unnamed.filter_map(move |node| {
            let Scalar::Text(text) = &nodes.get(node)?.value else { return None };
            let is_date = text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
            if is_date || reading::digits(text) < 7 || names::is_id(nodes.key(node)) {
                return None;
            }
            let mut at = nodes.get(node)?.parent;
            while !nodes.is_root(at) {
                if self.kinds.get(at as usize) == Some(&Kind::Phone) {
                    return Some((node, at));
                }
                at = nodes.get(at)?.parent;
            }
            None
        })
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
pub(super) fn says_number(text: &str, number: &Number) -> bool {
    match number.validity {
        Validity::Valid => true,
        Validity::Possible => !text.trim_start().starts_with('0') && !text.contains('.'),
        Validity::Impossible => false,
    }
}

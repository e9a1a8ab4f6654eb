//! Fields that some app takes for one another: `Phone` and ` phone` for `phone`, `phone[]` and `phone[0]`, `user[phone]` and
//! `user.phone` for `/user/phone`, a query parameter for a field of the body.

use super::document::Document;
use super::nodes::{Name, Origin, Scalar};
use crate::rules::Expression;

impl Document<'_> {
    /// Whether a condition on what a request says holds in some reading of it: a name of which apps may see another value
    /// than we do may be anything there. Else a request could say one thing to us and another to the app.
    pub fn may_hold(&self, condition: &Expression) -> bool {
        let is_read =
            |node| condition.reads(|name, argument| self.at(name, argument.unwrap_or_default()) == Some(node));
        let doubtful = |name: &str, argument: Option<&str>| match (name, argument.unwrap_or_default()) {
            ("header", header) => self.headers().is_some_and(|headers| headers.get_all(header).iter().nth(1).is_some()),
            ("json" | "form" | "query", argument) => self.is_doubtful(name, argument, &is_read),
            _ => false,
        };
        self.unread().is_some() || condition.holds_whatever(self, &doubtful) != Some(false)
    }

    /// Whether an app may see another value here: what we see is no plain value, or another one stands where apps look as
    /// well. A pointer that leads nowhere may be meant by any field of its last name. What `is_read` knows is accounted for.
    fn is_doubtful(&self, name: &str, argument: &str, is_read: &dyn Fn(u32) -> bool) -> bool {
        let node = self.at(name, argument);
        let value = |node: u32| self.nodes().get(node).map(|node| &node.value);
        let here = node.and_then(value);
        if matches!(here, Some(Scalar::Bad(_) | Scalar::File | Scalar::Object | Scalar::Array)) {
            return true;
        }
        let differs = |other: u32| here.zip(value(other)).is_none_or(|(here, other)| !here.same(other));
        let last = argument.rsplit('/').next().filter(|_| name == "json" && node.is_none()).map(place_of_pointer);
        let is_named = |node: u32, name: &str| match self.nodes().get(node).map(|node| &node.name) {
            Some(Name::Key(key)) => without_key(name, key) == Some(""),
            _ => false,
        };
        let elsewhere = self.fields().filter(|other| last.as_ref().is_some_and(|last| is_named(*other, last)));
        self.alike(name, argument).chain(elsewhere).any(|other| differs(other) && !is_read(other))
    }

    /// Every other field that some app takes for this one.
    pub(super) fn alike(&self, name: &str, argument: &str) -> impl Iterator<Item = u32> {
        let node = self.at(name, argument);
        let place = if name == "json" { place_of_pointer(argument) } else { folded(argument).collect() };
        let there = if place.is_empty() { Vec::new() } else { self.standing_at(&place) };
        there.into_iter().filter(move |other| Some(*other) != node)
    }

    fn fields(&self) -> impl Iterator<Item = u32> {
        let all = 0..u32::try_from(self.nodes().list().len()).unwrap_or(u32::MAX);
        all.filter(|node| !self.nodes().is_root(*node))
    }

    /// The fields at a place. One pass, as each stands behind what it stands in: names may be long, and shared by many.
    fn standing_at(&self, place: &str) -> Vec<u32> {
        let mut found = Vec::new();
        let mut left: Vec<Option<&str>> = Vec::new();
        // Roots, and the one element in which the fields of an XML document stand: its name is its own.
        let mut bare: Vec<bool> = Vec::new();
        for (index, node) in (0_u32..).zip(self.nodes().list()) {
            let parent = node.parent as usize;
            let is_top = node.origin == Origin::Xml && self.nodes().is_root(node.parent);
            if node.parent == index || is_top {
                left.push(Some(place));
                bare.push(true);
                continue;
            }
            let before = left.get(parent).copied().flatten();
            let is_bare = bare.get(parent) == Some(&true);
            let place = if is_bare { before } else { before.and_then(|place| place.strip_prefix('_')) };
            let behind = place.and_then(|place| without(place, &node.name));
            let item = |key: &str| key.strip_suffix(']').and_then(|key| without_key(place?, key.rsplit_once('[')?.0));
            if behind == Some("") || matches!(&node.name, Name::Key(key) if item(key) == Some("")) {
                found.push(index);
            }
            left.push(behind);
            bare.push(false);
        }
        found
    }
}

/// What is left of a place behind this name; `None` where it doesn't begin with it.
fn without<'p>(place: &'p str, name: &Name<'_>) -> Option<&'p str> {
    match name {
        Name::Key(key) => without_key(place, key),
        Name::Index(index) => place.strip_prefix(&*index.to_string()),
    }
}

fn without_key<'p>(place: &'p str, key: &str) -> Option<&'p str> {
    let mut rest = place.chars();
    folded(key).all(|c| rest.next() == Some(c)).then_some(rest.as_str())
}

fn place_of_pointer(pointer: &str) -> String {
    let pointer = pointer.strip_prefix('/').unwrap_or(pointer);
    let parts = pointer.split('/').map(|part| folded(&part.replace("~1", "/").replace("~0", "~")).collect::<String>());
    parts.collect::<Vec<_>>().join("_")
}

/// A name as the least exact of apps compare it: without case (Go, ASP.NET), without blanks and brackets around it (PHP,
/// Rack), and with one sign for all that stand between its parts (PHP makes `_` of a blank, a dot and a bracket).
fn folded(key: &str) -> impl Iterator<Item = char> {
    let key = key.trim().trim_start_matches(['[', ']']);
    key.chars().filter(|c| *c != ']').flat_map(|c| match c {
        ' ' | '.' | '[' => '_'.to_lowercase(),
        // Upper case first: Go takes the long s for an s, and Kelvin's sign for a k.
        c => c.to_uppercase().next().unwrap_or(c).to_lowercase(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_as_the_least_exact_of_apps_compare_them() {
        for (key, same) in [
            ("phone", "phone"),
            (" Phone ", "phone"),
            ("[phone]", "phone"),
            ("user[phone]", "user_phone"),
            ("user.phone", "user_phone"),
            ("user phone", "user_phone"),
            ("m\u{17f}isdn", "msisdn"),
            ("\u{212a}ey", "key"),
            ("手机号", "手机号"),
        ] {
            assert_eq!(folded(key).collect::<String>(), same);
        }
        assert_eq!(place_of_pointer("/User/a~1b/0"), "user_a/b_0");
    }
}

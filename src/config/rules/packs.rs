//! `packs`: rules that come with sendwall.

use super::files::Text;
use crate::config::limits::CLASSIC;
use crate::config::reader::Section;

/// A pack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pack {
    pub(super) name: &'static str,
    pub(super) rules: &'static str,
    pub(super) cases: &'static str,
}

macro_rules! pack {
    ($name:literal) => {
        Pack {
            name: $name,
            rules: include_str!(concat!("../../../rules/", $name, "/rules.toml")),
            cases: include_str!(concat!("../../../rules/", $name, "/cases.toml")),
        }
    };
}

/// Every pack.
pub(super) const PACKS: [Pack; 5] =
    [pack!("classic"), pack!("geo"), pack!("integrity"), pack!("numbers"), pack!("monitor")];

/// The packs that are asked for, in their order.
pub(super) fn read(root: &mut Section<'_>) -> Vec<Text> {
    let asked = chosen(root);
    asked.into_iter().map(Pack::text).collect()
}

/// Whether `packs` names this one. What is wrong with it is told elsewhere.
pub(in crate::config) fn asks_for(root: &mut Section<'_>, pack: &str) -> bool {
    let packs = root.value("packs").and_then(|value| value.get_ref().as_array());
    packs.is_some_and(|packs| packs.iter().any(|name| name.get_ref().as_str() == Some(pack)))
}

/// What `packs` names.
fn chosen(root: &mut Section<'_>) -> Vec<Pack> {
    let options = PACKS.map(|pack| (pack.name, pack));
    root.list("packs", |name| crate::config::values::one_of(name, &options)).unwrap_or_default()
}

impl Pack {
    pub(super) fn text(self) -> Text {
        Text { name: format!("pack {}", self.name), text: self.rules.to_owned(), is_pack: true }
    }

    /// The text of the limits that it brings.
    pub(super) fn limits(self) -> &'static str {
        if self.name == "classic" { CLASSIC } else { "" }
    }

    pub(super) fn cases(self) -> Text {
        Text { name: format!("cases of pack {}", self.name), text: self.cases.to_owned(), is_pack: true }
    }
}

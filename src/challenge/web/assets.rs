//! The scripts as browsers fetch them.
//!
//! Must not know: what is in them.

use std::sync::LazyLock;

use bytes::Bytes;
use ring::digest;

use super::language::Language;

const CLIENT: &str = include_str!("client.js");
const WORKER: &str = include_str!("worker.js");
const PAGE: &str = include_str!("page.js");
const DIALOG: &str = include_str!("dialog.js");

/// A script.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Its text, UTF-8.
    pub body: Bytes,
    /// A quoted tag that is another one for every other text.
    pub etag: String,
}

impl Asset {
    fn of(text: impl Into<Bytes>) -> Self {
        let body = text.into();
        let hash = digest::digest(&digest::SHA256, &body);
        let short = hash.as_ref().first_chunk().copied().map_or(0, u64::from_be_bytes);
        Self { body, etag: format!("\"{short:016x}\"") }
    }
}

static SCRIPTS: LazyLock<[(&str, Asset); 3]> =
    LazyLock::new(|| [("client.js", CLIENT), ("worker.js", WORKER), ("page.js", PAGE)].map(|(n, t)| (n, Asset::of(t))));
static DIALOGS: LazyLock<[(Language, Asset); Language::ALL.len()]> =
    LazyLock::new(|| Language::ALL.map(|language| (language, Asset::of(dialog(language)))));

/// The script of this name, such as `client.js`; `language` is for the one that shows something.
pub fn script(name: &str, language: Language) -> Option<&'static Asset> {
    if name == "dialog.js" {
        return DIALOGS.iter().find(|(of, _)| *of == language).map(|(_, asset)| asset);
    }
    SCRIPTS.iter().find(|(of, _)| *of == name).map(|(_, asset)| asset)
}

fn dialog(language: Language) -> String {
    // Texts only: they can't fail to be written.
    let texts = serde_json::to_string(&language.texts().dialog).unwrap_or_default();
    format!("window.sendwallTexts = {texts};\n{DIALOG}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_script_is_there_and_small() {
        for (name, most) in [("client.js", 16_000), ("worker.js", 8_000), ("page.js", 5_000), ("dialog.js", 16_000)] {
            let asset = script(name, Language::En).unwrap();
            assert!(asset.body.len() > 1_000 && asset.body.len() < most, "{name}: {}", asset.body.len());
        }
        assert!(script("other.js", Language::En).is_none());
        let tags: HashSet<_> = Language::ALL.map(|language| &script("dialog.js", language).unwrap().etag).into();
        assert_eq!(tags.len(), Language::ALL.len(), "each language has its own dialog");
    }
}

//! Which language a browser wants.

use super::texts;
use super::texts::Texts;

/// A language that sendwall's pages speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// English; where no other is wanted.
    En,
    /// Chinese, simplified.
    Zh,
    /// Russian.
    Ru,
    /// Spanish.
    Es,
    /// Italian.
    It,
    /// French.
    Fr,
    /// German.
    De,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::En, Self::Zh, Self::Ru, Self::Es, Self::It, Self::Fr, Self::De];

    /// The one that a tag such as `de-AT` means.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(primary))
    }

    /// The one that an `Accept-Language` header wants most.
    pub fn accepted(header: &str) -> Self {
        let mut best = (Self::En, 0);
        // No browser names more.
        for range in header.split(',').take(32) {
            let (tag, quality) = range.split_once(';').map_or((range, 1000), |(tag, rest)| (tag, thousandths(rest)));
            if let Some(language) = Self::of_tag(tag)
                && quality > best.1
            {
                best = (language, quality);
            }
        }
        best.0
    }

    /// As in the attribute `lang`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
            Self::Ru => "ru",
            Self::Es => "es",
            Self::It => "it",
            Self::Fr => "fr",
            Self::De => "de",
        }
    }

    pub(super) const fn texts(self) -> &'static Texts {
        match self {
            Self::En => &texts::EN,
            Self::Zh => &texts::ZH,
            Self::Ru => &texts::RU,
            Self::Es => &texts::ES,
            Self::It => &texts::IT,
            Self::Fr => &texts::FR,
            Self::De => &texts::DE,
        }
    }
}

/// `q=0.8` in thousandths; what can't be read is the least that counts.
fn thousandths(parameter: &str) -> u32 {
    let value = parameter.trim().strip_prefix("q=").unwrap_or_default();
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole, digits.parse::<u32>()) {
        ("1", _) => 1000,
        ("0", Ok(fraction)) => fraction,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_wanted_language_that_is_spoken() {
        for (header, wanted) in [
            ("", Language::En),
            ("de", Language::De),
            ("de-AT,de;q=0.9,en;q=0.8", Language::De),
            ("ja,zh-CN;q=0.9,en;q=0.8", Language::Zh),
            ("en;q=0.5, fr;q=0.7", Language::Fr),
            ("pt-BR,pt;q=0.9", Language::En),
            ("ru;q=0,it;q=0.001", Language::It),
            ("ES-mx;q=1.0", Language::Es),
            ("*", Language::En),
            ("de;q=nonsense,fr;q=0.2", Language::Fr),
            ("\u{fffd};;;,,=", Language::En),
        ] {
            assert_eq!(Language::accepted(header), wanted, "{header}");
        }
    }

    #[test]
    fn every_language_has_every_text() {
        for language in Language::ALL {
            assert_eq!(language.texts().dialog.lang, language.code());
            let texts = serde_json::to_value(language.texts()).unwrap();
            let english = serde_json::to_value(Language::En.texts()).unwrap();
            for part in ["page", "dialog"] {
                for (key, text) in texts[part].as_object().unwrap() {
                    let text = text.as_str().unwrap();
                    assert!(!text.is_empty(), "{language:?} {part}.{key}");
                    let same = text == english[part][key] && language != Language::En;
                    assert!(!same, "{language:?} {part}.{key} is English");
                    assert_eq!(text.contains("{to}"), key == "sms", "{language:?} {part}.{key}");
                }
            }
        }
    }
}

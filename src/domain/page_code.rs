//! What a request's page token was worth.

use serde::Serialize;

/// What became of a page token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PageCode {
    /// A page was loaded for this.
    Good,
    /// There is none.
    Missing,
    /// It is none of ours.
    Forged,
    /// The page had hardly come.
    Young,
    /// The page was loaded long ago.
    Old,
    /// Too many phones were asked for with it.
    Shared,
}

impl PageCode {
    /// Every code.
    pub const ALL: [Self; 6] = [Self::Good, Self::Missing, Self::Forged, Self::Young, Self::Old, Self::Shared];

    /// The name in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Missing => "missing",
            Self::Forged => "forged",
            Self::Young => "young",
            Self::Old => "old",
            Self::Shared => "shared",
        }
    }

    /// The code of the answer that refuses it, and what is wrong.
    pub const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Good => ("page_good", "a page was loaded for this"),
            Self::Missing => ("page_missing", "there is no page token; load the page and try again"),
            Self::Forged => ("page_forged", "this is no page token of ours; load the page and try again"),
            Self::Young => ("page_young", "the page was loaded only just now; try again in a moment"),
            Self::Old => ("page_old", "the page was loaded too long ago; load it again"),
            Self::Shared => ("page_shared", "too many numbers were asked for from one page; load it again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_agree_with_serde_and_with_what_is_told() {
        for code in PageCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
            assert_eq!(code.told().0, format!("page_{}", code.name()));
        }
    }
}

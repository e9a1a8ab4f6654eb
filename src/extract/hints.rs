//! Countries that stand in fields of their own beside a phone.

use super::names::{self, Kind};
use super::nodes::{Nodes, Scalar};
use crate::domain::Country;
use crate::numbering::Numbering;

/// One such field.
pub(super) struct Hint {
    /// The field.
    pub(super) node: u32,
    /// The object or root that it speaks for.
    pub(super) level: u32,
    /// Whether its name says calling code, which goes before a mere country.
    pub(super) dials: bool,
    /// Whether its name speaks of a country, and not of a region.
    pub(super) country: bool,
    /// What it says; `None` for digits that are no calling code, such as an area code.
    pub(super) region: Option<Country>,
    /// Its bare digits, where it may be an area code.
    pub(super) area: Option<String>,
}

impl Hint {
    /// All that it says, wherever it stands.
    pub(super) fn says(&self) -> (bool, bool, Option<Country>, Option<&str>) {
        (self.dials, self.country, self.region, self.area.as_deref())
    }
}

/// Reads a field that may be a hint, with the kinds of what it stands in and of itself; `None` where its name or value
/// says otherwise.
pub(super) fn read(
    node: u32,
    [parent_kind, kind]: [Kind; 2],
    nodes: &Nodes<'_>,
    numbering: &Numbering,
) -> Option<Hint> {
    let field = nodes.get(node)?;
    let key = nodes.key(node);
    let inside_country = matches!(parent_kind, Kind::Dial | Kind::Country) && names::is_part_of_country(key);
    let number;
    let text: &str = match &field.value {
        Scalar::Text(text) => text,
        Scalar::Int(value) if (1..=99_999).contains(value) => {
            number = value.to_string();
            &number
        }
        _ => return None,
    };
    let text = text.trim();
    let (dials, level) = match kind {
        _ if inside_country => (parent_kind == Kind::Dial || kind == Kind::Dial, nodes.get(field.parent)?.parent),
        Kind::Dial => (true, field.parent),
        Kind::Country => (false, field.parent),
        Kind::Other if names::is_bare_code(key) && text.starts_with('+') => (true, field.parent),
        Kind::Other | Kind::Weak | Kind::Phone => return None,
    };
    let country = names::says_country(key) || inside_country;
    let region = region(text, dials || key == "country", numbering);
    let digits_only = (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let area = (dials && digits_only && !text.starts_with("00")).then(|| text.to_owned());
    (region.is_some() || area.is_some()).then_some(Hint { node, level, dials, country, region, area })
}

/// The country that a value names: `+86`, `0086`, `86`, `CN`, `CHN`, `CN+86`, `China (+86)`, `+86 China`.
fn region(text: &str, short: bool, numbering: &Numbering) -> Option<Country> {
    if text.len() > 64 {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    if let Some((_, code)) = text.split_once('+') {
        let code: String = code.trim_start().chars().take_while(|c| c.is_ascii_digit() || *c == '-').collect();
        return numbering.region_of(&format!("+{code}"));
    }
    if letters == 0 {
        let code = digits.trim_start_matches('0');
        // `region=1` is more often a number in a list than North America.
        let enough = if short { 1 } else { 2 };
        return ((enough..=4).contains(&code.len())).then(|| numbering.region_of(code)).flatten();
    }
    if digits.is_empty() {
        let plain = text.trim_matches(|c: char| !c.is_alphabetic());
        return match plain.len() {
            2 => numbering.region_of(plain),
            3 => from_alpha3(plain).and_then(|code| numbering.region_of(code)),
            _ => None,
        };
    }
    // `CN86`, `86_CN`, `44-GB`
    (letters == 2 && (1..=4).contains(&digits.len())).then(|| numbering.region_of(&digits)).flatten()
}

/// ISO 3166-1 alpha-3 of countries that are often met.
fn from_alpha3(code: &str) -> Option<&'static str> {
    const CODES: &str = "ARE AE ARG AR AUS AU AUT AT BEL BE BGD BD BRA BR CAN CA CHE CH CHL CL CHN CN COL CO CZE CZ DEU DE DNK DK \
        DZA DZ EGY EG ESP ES FIN FI FRA FR GBR GB GRC GR HKG HK HUN HU IDN ID IND IN IRL IE IRN IR IRQ IQ ISR IL ITA IT JOR JO \
        JPN JP KAZ KZ KEN KE KOR KR KWT KW LBN LB LKA LK MAC MO MAR MA MEX MX MMR MM MYS MY NGA NG NLD NL NOR NO NPL NP NZL NZ \
        OMN OM PAK PK PER PE PHL PH POL PL PRT PT QAT QA ROU RO RUS RU SAU SA SGP SG SWE SE THA TH TUN TN TUR TR TWN TW UKR UA \
        USA US UZB UZ VEN VE VNM VN ZAF ZA";
    let mut codes = CODES.split_whitespace();
    while let (Some(three), Some(two)) = (codes.next(), codes.next()) {
        if three.eq_ignore_ascii_case(code) {
            return Some(two);
        }
    }
    None
}

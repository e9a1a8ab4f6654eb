//! Which languages people read where: a browser in a language that hardly anyone reads in the phone's country.
//!
//! Official languages and those of large minorities, from general knowledge; a country that is missing here says
//! nothing. English and the languages that the country names itself never speak strongly: phones are sold in English
//! everywhere.

use crate::domain::{Country, Language};

/// How foreign a language is to a country: 0 where it is read there, or where it isn't known; a half for English
/// elsewhere; 1 for any other.
pub(super) fn foreign(language: Language, country: Country) -> f32 {
    if language.country == Some(country) {
        return 0.0;
    }
    let country = country.as_str();
    let Ok(place) = READ.binary_search_by_key(&country, |(name, _)| name) else { return 0.0 };
    let is_read = READ[place].1.split(' ').any(|code| code == language.code());
    match (is_read, language.code()) {
        (true, _) => 0.0,
        (false, "en") => 0.5,
        (false, _) => 1.0,
    }
}

/// In the order of the countries' codes.
const READ: [(&str, &str); 153] = [
    ("AE", "ar en hi ur fa ml bn"),
    ("AF", "fa ps uz"),
    ("AL", "sq it el"),
    ("AM", "hy ru"),
    ("AO", "pt"),
    ("AR", "es"),
    ("AT", "de en hr sr tr"),
    ("AU", "en zh"),
    ("AZ", "az ru tr"),
    ("BA", "bs hr sr"),
    ("BD", "bn"),
    ("BE", "nl fr de"),
    ("BF", "fr"),
    ("BG", "bg tr ru"),
    ("BH", "ar ur hi"),
    ("BI", "fr rn"),
    ("BJ", "fr"),
    ("BN", "ms zh"),
    ("BO", "es"),
    ("BR", "pt"),
    ("BW", "en"),
    ("BY", "ru be"),
    ("CA", "en fr zh pa"),
    ("CD", "fr ln sw"),
    ("CG", "fr ln"),
    ("CH", "de fr it pt sq"),
    ("CI", "fr"),
    ("CL", "es"),
    ("CM", "fr en"),
    ("CN", "zh ug bo"),
    ("CO", "es"),
    ("CR", "es"),
    ("CU", "es"),
    ("CY", "el tr ru"),
    ("CZ", "cs sk ru uk"),
    ("DE", "de tr ru ar pl uk"),
    ("DJ", "fr ar so"),
    ("DK", "da"),
    ("DO", "es"),
    ("DZ", "ar fr"),
    ("EC", "es"),
    ("EE", "et ru"),
    ("EG", "ar"),
    ("ES", "es ca gl eu ar ro"),
    ("ET", "am om so ti"),
    ("FI", "fi sv ru"),
    ("FR", "fr ar pt"),
    ("GA", "fr"),
    ("GB", "en cy pl pa ur"),
    ("GE", "ka ru az hy"),
    ("GH", "en"),
    ("GM", "en"),
    ("GN", "fr"),
    ("GR", "el sq"),
    ("GT", "es"),
    ("HK", "zh"),
    ("HN", "es"),
    ("HR", "hr sr"),
    ("HT", "fr ht"),
    ("HU", "hu"),
    ("ID", "id jv"),
    ("IE", "en ga pl"),
    ("IL", "he iw ar ru"),
    ("IN", "hi en bn te mr ta gu kn ml pa ur"),
    ("IQ", "ar ku"),
    ("IR", "fa az"),
    ("IS", "is pl"),
    ("IT", "it sq ro ar"),
    ("JM", "en"),
    ("JO", "ar"),
    ("JP", "ja zh"),
    ("KE", "en sw"),
    ("KG", "ky ru uz"),
    ("KH", "km zh"),
    ("KR", "ko zh"),
    ("KW", "ar ur hi"),
    ("KZ", "kk ru"),
    ("LA", "lo th"),
    ("LB", "ar fr hy"),
    ("LK", "si ta"),
    ("LT", "lt ru pl"),
    ("LU", "fr de lb pt"),
    ("LV", "lv ru"),
    ("LY", "ar"),
    ("MA", "ar fr"),
    ("MD", "ro ru uk"),
    ("ME", "sr bs sq"),
    ("MG", "fr mg"),
    ("MK", "mk sq"),
    ("ML", "fr"),
    ("MM", "my"),
    ("MN", "mn"),
    ("MO", "zh pt"),
    ("MR", "ar fr"),
    ("MT", "mt en"),
    ("MU", "en fr"),
    ("MW", "en"),
    ("MX", "es"),
    ("MY", "ms zh ta"),
    ("MZ", "pt"),
    ("NA", "en af de"),
    ("NE", "fr"),
    ("NG", "en ha yo ig"),
    ("NI", "es"),
    ("NL", "nl tr pl ar"),
    ("NO", "nb no nn pl"),
    ("NP", "ne"),
    ("NZ", "en mi zh"),
    ("OM", "ar ur hi bn"),
    ("PA", "es"),
    ("PE", "es"),
    ("PH", "en tl"),
    ("PK", "ur en pa sd ps"),
    ("PL", "pl uk ru"),
    ("PR", "es en"),
    ("PS", "ar"),
    ("PT", "pt"),
    ("PY", "es gn"),
    ("QA", "ar hi ur ml"),
    ("RO", "ro hu"),
    ("RS", "sr hu"),
    ("RU", "ru tt"),
    ("RW", "rw en fr"),
    ("SA", "ar ur hi bn"),
    ("SD", "ar"),
    ("SE", "sv ar fi"),
    ("SG", "en zh ms ta"),
    ("SI", "sl hr sr"),
    ("SK", "sk hu cs"),
    ("SN", "fr"),
    ("SO", "so ar"),
    ("SV", "es"),
    ("SY", "ar ku"),
    ("TG", "fr"),
    ("TH", "th zh"),
    ("TJ", "tg ru uz"),
    ("TM", "tk ru"),
    ("TN", "ar fr"),
    ("TR", "tr ku ar"),
    ("TW", "zh"),
    ("TZ", "sw en"),
    ("UA", "uk ru"),
    ("UG", "en sw"),
    ("US", "en es zh vi ko tl"),
    ("UY", "es pt"),
    ("UZ", "uz ru"),
    ("VE", "es"),
    ("VN", "vi"),
    ("XK", "sq sr"),
    ("YE", "ar"),
    ("ZA", "en zu xh af"),
    ("ZM", "en"),
    ("ZW", "en"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_of_codes() {
        assert!(READ.is_sorted_by(|(a, _), (b, _)| a < b));
        for (country, languages) in READ {
            assert!(Country::new(country).is_some(), "{country}");
            assert!(languages.split(' ').all(|code| Language::new(code).is_some()), "{country}");
        }
    }

    #[test]
    fn a_language_is_foreign_where_nobody_reads_it() {
        let of = |language, country| foreign(Language::new(language).unwrap(), Country::new(country).unwrap());
        for (language, country, expected) in
            [("de", "AT", 0.0), ("en-US", "IT", 0.5), ("ru", "IT", 1.0), ("ru-IT", "IT", 0.0), ("fr", "AQ", 0.0)]
        {
            assert!((of(language, country) - expected).abs() < f32::EPSILON, "{language} in {country}");
        }
    }
}

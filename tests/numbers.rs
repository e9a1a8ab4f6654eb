//! Numbers as real endpoints get them: what is read, what is refused, and that it is what libphonenumber reads.

use std::fmt::Write as _;
use std::sync::LazyLock;

use proptest::prelude::*;
use rlibphonenumber::{PhoneNumberType, PhoneNumberUtil, Region};
use sendwall::domain::{Country, NumberKind, Range, Validity};
use sendwall::extract;
use sendwall::numbering::{Number, Numbering};

const ROWS: &str = include_str!("cases/numbers/rows.txt");

/// One row's answer, as the data file writes it. A test may print numbers that no one owns.
fn answer(numbering: &Numbering, text: &str, region: Option<Country>) -> String {
    match numbering.read(text, region) {
        Ok(number) => {
            let country = number.country.map_or_else(|| "-".to_owned(), |country| country.to_string());
            let (range, kind, code) = (Range::new(number.raw.range()), number.kind.name(), number.calling_code);
            format!("{country} {code} {range} {kind} {:?}", number.validity).to_lowercase()
        }
        Err(refusal) => format!("{refusal:?}").to_lowercase(),
    }
}

#[test]
fn numbers_are_read_as_they_are_written() {
    let numbering = Numbering::default();
    let mut wrong = String::new();
    let mut rows = 0;
    for line in ROWS.lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.split('|').map(str::trim);
        let (text, region) = (parts.next().unwrap(), Country::new(parts.next().unwrap()));
        let expected = parts.next().unwrap_or_default().to_lowercase();
        let got = answer(&numbering, text, region);
        rows += 1;
        if got != expected {
            writeln!(wrong, "{line}\n    is {got}").unwrap();
        }
    }
    assert!(rows >= 100, "{rows} rows");
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn kind_of(number_type: PhoneNumberType) -> NumberKind {
    match number_type {
        PhoneNumberType::FixedLine => NumberKind::FixedLine,
        PhoneNumberType::Mobile => NumberKind::Mobile,
        PhoneNumberType::FixedLineOrMobile => NumberKind::FixedOrMobile,
        PhoneNumberType::TollFree => NumberKind::TollFree,
        PhoneNumberType::PremiumRate => NumberKind::PremiumRate,
        PhoneNumberType::SharedCost => NumberKind::SharedCost,
        PhoneNumberType::VoIP => NumberKind::Voip,
        PhoneNumberType::PersonalNumber => NumberKind::Personal,
        PhoneNumberType::Pager => NumberKind::Pager,
        PhoneNumberType::UAN => NumberKind::Uan,
        PhoneNumberType::VoiceMail => NumberKind::Voicemail,
        PhoneNumberType::Unknown => NumberKind::Unknown,
    }
}

/// What the port of libphonenumber reads: digits, country, kind, validity.
fn reference(
    util: &PhoneNumberUtil,
    text: &str,
    region: Option<Region>,
) -> Option<(u64, Option<Country>, NumberKind, Validity)> {
    let parsed = util.parse(text, region).ok()?;
    let e164 = util.format(&parsed, rlibphonenumber::PhoneNumberFormat::E164).to_string();
    let digits: u64 = e164.strip_prefix('+')?.parse().ok()?;
    let code = parsed.country_code;
    let region = util.get_region_for_number(&parsed).or_else(|| util.get_region_for_country_code(code));
    let country = region.and_then(|region| Country::new(&region.to_string()));
    let validity = match (util.is_valid_number(&parsed), util.is_possible_number(&parsed)) {
        (true, _) => Validity::Valid,
        (false, true) => Validity::Possible,
        (false, false) => Validity::Impossible,
    };
    (10_000..1_000_000_000_000_000)
        .contains(&digits)
        .then(|| (digits, country, kind_of(util.get_number_type(&parsed)), validity))
}

fn parts(number: &Number) -> (u64, Option<Country>, NumberKind, Validity) {
    (number.raw.expose_digits(), number.country, number.kind, number.validity)
}

/// Numbers of every country, from its examples outwards: other last digits, one digit changed, one more, one less, with
/// a national prefix, with its calling code.
fn neighbours(national: &str, code: i32) -> Vec<(String, bool)> {
    let mut all = Vec::new();
    for place in 0..national.len() {
        for digit in ['0', '1', '5', '9'] {
            let changed = national.char_indices().map(|(at, char)| if at == place { digit } else { char });
            all.push(changed.collect::<String>());
        }
    }
    all.extend([format!("{national}0"), national.chars().skip(1).collect(), format!("{national}23")]);
    let dialled =
        all.iter().flat_map(|national| ["", "0", "1", "8", "00"].map(|prefix| (format!("{prefix}{national}"), false)));
    let with_code = all.iter().flat_map(|national| {
        [
            (format!("+{code}{national}"), true),
            (format!("+{code}0{national}"), true),
            (format!("{code}{national}"), false),
        ]
    });
    dialled.chain(with_code).collect()
}

#[test]
fn reads_as_libphonenumber_does() {
    let numbering = Numbering::default();
    let util = PhoneNumberUtil::new().unwrap();
    let (mut compared, mut wrong) = (0, String::new());
    let mut check = |text: &str, region: Option<Region>, international: bool| {
        let country = region.and_then(|region| Country::new(&region.to_string()));
        let expected = reference(&util, text, region);
        let got = numbering.read(text, country).ok().as_ref().map(parts);
        // Where the text has no plus and is not valid as dialled there, we go on to ask whether it is valid abroad.
        let valid = expected.is_some_and(|(.., validity)| validity == Validity::Valid);
        let ours_is_valid_abroad =
            !international && !valid && got.is_some_and(|(.., validity)| validity == Validity::Valid);
        let double_zero = !international && !valid && text.starts_with("00");
        compared += 1;
        if got != expected && !ours_is_valid_abroad && !double_zero && wrong.len() < 2_000 {
            writeln!(wrong, "{text} in {country:?}: {got:?}, reference {expected:?}").unwrap();
        }
    };
    for region in util.get_supported_regions() {
        let code = util.get_country_code_for_region(region).unwrap();
        let Ok(example) = util.get_example_number(region) else { continue };
        let national = rlibphonenumber::get_national_significant_number_owned(&example);
        for (text, international) in neighbours(&national, code) {
            check(&text, Some(region), international);
        }
    }
    for code in util.get_supported_global_network_calling_codes() {
        for national in 0..2_000_u64 {
            check(&format!("+{code}{}", national * 7_919 * 7_919), None, true);
        }
    }
    assert!(compared > 80_000, "{compared}");
    assert!(wrong.is_empty(), "of {compared}:\n{wrong}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// A phone's field that says no phone goes unlimited: it mustn't be one that an app with libphonenumber sends a code to.
    #[test]
    fn what_libphonenumber_reads_is_never_taken_for_no_phone(
        (number, region) in proptest::sample::select(vec![
            ("+447402417171", Region::GB),
            ("07402417171", Region::GB),
            ("+8613800138000", Region::CN),
            ("13800138000", Region::CN),
            ("32123456", Region::DK),
            ("2025550123", Region::US),
        ]),
        added in proptest::collection::vec((0..16_usize, proptest::sample::select(vec![
            "*", "**", "•", "··", "@", "a@", "@a.b", "@.", "x", "/x", "\\x", ";isub=1", ";ext=5", ";phone-context=+44", "#", "ab",
            "abc", " ", "sms:", "__", ",", "|", "_", "(", "+", "null", ".", "%", "\"",
        ])), 1..5),
    ) {
        static UTIL: LazyLock<PhoneNumberUtil> = LazyLock::new(|| PhoneNumberUtil::new().unwrap());
        let mut text = number.to_owned();
        for (at, sign) in added {
            text.insert_str(text.char_indices().nth(at).map_or(text.len(), |(at, _)| at), sign);
        }
        let read = extract::phone_text(&text, Country::new(&region.to_string()), &Numbering::default());
        let expected = reference(&UTIL, &text, Some(region)).filter(|(.., validity)| *validity == Validity::Valid);
        if let (Some((digits, ..)), Ok(read)) = (expected, read) {
            prop_assert_eq!(read.map(|number| number.raw.expose_digits()), Some(digits), "{}", text);
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in r".{0,60}|[+0-9 ()x.-]{0,45}", region in "[A-Z]{2}") {
        let numbering = Numbering::default();
        let region = Country::new(&region);
        let read = numbering.read(&text, region);
        prop_assert!(text.chars().count() <= 40 || read.is_err(), "too long");
        prop_assert!(!text.contains(|c: char| c.is_ascii_alphabetic()) || text.trim().starts_with("tel:") || read.is_err(), "letters");
        prop_assert!(numbering.region_of(&text).is_none_or(|country| numbering.countries().any(|known| known == country)));
    }

    #[test]
    fn what_was_read_reads_the_same_from_its_e164_form(text in r"\+?[0-9]{1,3}[0-9 ().-]{3,18}", region in "GB|US|AR|BR|IT|MX|CN|FR|RU|UZ|ZZ") {
        let numbering = Numbering::default();
        if let Ok(number) = numbering.read(&text, Country::new(&region)) {
            let again = numbering.read(&format!("+{}", number.raw.expose_digits()), None);
            // No valid number begins with its own trunk prefix. Of one that does, each reading takes one more away, as
            // libphonenumber does.
            let loses_a_prefix = |again: Number| {
                let (before, after) = (number.raw.expose_digits().to_string(), again.raw.expose_digits().to_string());
                number.validity != Validity::Valid
                    && after.len() < before.len()
                    && after.strip_prefix(&number.calling_code.to_string()).is_some_and(|rest| before.ends_with(rest))
            };
            prop_assert!(again == Ok(number) || again.is_ok_and(loses_a_prefix), "{text} in {region}");
        }
    }
}

//! What a field's name says that it holds: a phone, the phone's country, or neither.
//!
//! Names are compared as words (`userPhone`, `user[phone]` and `data.user_phone` are `user phone`), so that spelling
//! and prefixes don't matter and words that only sound alike do (`phone_type` is no phone, `hotel` no `tel`).

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::vocabulary::{BEHIND_PHONE, COUNTRY, DIAL, OTHER_NUMBERS, PHONE, PHONE_WORDS, SENDING, WEAK};

/// What a name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Nothing that concerns a phone.
    Other,
    /// Often a phone, and often something else: `account`, `username`, `to`.
    Weak,
    /// The country of a person or a number: `country`, `region`.
    Country,
    /// A calling code: `countryCode`, `dial_code`, `prefix`.
    Dial,
    /// A phone.
    Phone,
}

/// Longest name that is looked at, in bytes of its words.
const MAX_NAME: usize = 64;
const MAX_WORDS: usize = 10;

/// Classifies a name.
pub(super) fn classify(name: &str) -> Kind {
    let Some(words) = Words::split(name) else { return Kind::Other };
    let list = words.words();
    let list = list.list();
    let joined = words.joined();
    if let Some(kind) = whole(joined) {
        return kind;
    }
    let has = |test: fn(&str) -> bool| list.iter().any(|word| test(word));
    if !has(is_phone_word) && !list.last().is_some_and(|word| ends_like_phone(word)) {
        return classify_without_phone(list, joined);
    }
    let (Some(first), Some(last)) = (list.first(), list.last()) else { return Kind::Other };
    if matches!(*first, "is" | "has" | "use" | "show" | "hide" | "need" | "verified" | "valid" | "masked")
        && !matches!(*last, "number" | "no" | "num")
    {
        return Kind::Other;
    }
    // `checkPhone` and `phoneToVerify` are a number or a switch.
    if matches!(*first, "check" | "verify")
        || has(|word| matches!(word, "email" | "mail" | "or" | "username" | "account"))
    {
        return Kind::Weak;
    }
    if has(is_country_word)
        || matches!(
            *last,
            "cc" | "prefix" | "zone" | "area" | "ccode" | "iso" | "iso2" | "ddi" | "idd" | "isd" | "dial"
        )
    {
        return if matches!(*last, "country" | "region" | "iso" | "iso2") { Kind::Country } else { Kind::Dial };
    }
    match *last {
        // `phone_code` is a calling code or the SMS code; its value will tell.
        "code" => Kind::Dial,
        word if is_phone_word(word) || ends_like_phone(word) => Kind::Phone,
        // `phone_id` is more often the key of a row than a number.
        "name" | "info" | "data" | "content" | "id" | "verify" | "auth" => Kind::Weak,
        // `tel-812`, `phone_17`: fields that a form builder counts.
        word if word.len() <= 4 && word.bytes().all(|byte| byte.is_ascii_digit()) => Kind::Phone,
        word if BEHIND_PHONE.binary_search(&word).is_ok() => Kind::Phone,
        _ => Kind::Other,
    }
}

fn classify_without_phone(list: &[&str], joined: &str) -> Kind {
    let Some(last) = list.last() else { return Kind::Other };
    let has = |word: &str| list.contains(&word);
    if list.len() > 1 {
        if has("country") || has("calling") || has("dial") || has("dialing") || has("nation") {
            return match *last {
                "code" | "dial" | "dialing" | "prefix" | "calling" | "num" | "number" | "phone" => Kind::Dial,
                "country" | "iso" | "iso2" | "alpha2" | "short" | "abbr" | "iso3" | "region" | "id" | "value"
                | "key" => Kind::Country,
                _ => Kind::Other,
            };
        }
        // Prefixes before a whole name that says it all: `user[to]`, `data.login`, `txt_user_name`, `req.region`.
        let two = list.iter().rev().take(2).map(|word| word.len()).sum::<usize>();
        let last_two = joined.get(joined.len().saturating_sub(two)..).unwrap_or_default();
        let kind =
            whole(last_two).or_else(|| whole(last).filter(|_| last.len() > 2 || matches!(*last, "cc" | "hp" | "to")));
        let another_number = list.iter().any(|word| OTHER_NUMBERS.binary_search(word).is_ok());
        return match kind {
            Some(Kind::Weak) if another_number => Kind::Other,
            Some(kind) => kind,
            None => Kind::Other,
        };
    }
    Kind::Other
}

/// Whether this name is part of a value below a phone's own object: `{"phone": {"number": …}}`.
pub(super) fn is_part_of_phone(name: &str) -> bool {
    Words::split(name).is_some_and(|words| {
        matches!(
            words.joined(),
            "number"
                | "num"
                | "no"
                | "value"
                | "val"
                | "national"
                | "nationalnumber"
                | "local"
                | "localnumber"
                | "raw"
                | "full"
                | "fullnumber"
                | "e164"
                | "digits"
                | "subscriber"
                | "subscribernumber"
                | "international"
                | "internationalnumber"
                | "formatted"
                | "line"
                | "text"
                | "input"
                | "rawinput"
                | "body"
                | "main"
                | "primary"
        )
    })
}

/// Whether a path's segment says that what follows is to be sent a code: `/otp/07402417171`.
pub(super) fn is_sending(segment: &str) -> bool {
    SENDING.binary_search(&segment).is_ok()
}

/// Whether this name, inside an object that names a country, holds its code: `{"country": {"code": "+44"}}`.
pub(super) fn is_part_of_country(name: &str) -> bool {
    Words::split(name).is_some_and(|words| {
        matches!(
            words.joined(),
            "code"
                | "value"
                | "val"
                | "id"
                | "key"
                | "iso"
                | "iso2"
                | "alpha2"
                | "prefix"
                | "number"
                | "num"
                | "dial"
                | "cc"
        )
    })
}

/// Whether the name says that it holds an id: what a number on file is looked up by.
pub(super) fn is_id(name: &str) -> bool {
    Words::split(name).is_some_and(|words| words.joined().ends_with("id"))
}

/// Whether the name is one that people log in by, and no number of something else (`badgeNumber`).
pub(super) fn is_login(name: &str) -> bool {
    let counts = |word: &&str| matches!(*word, "id" | "no" | "num" | "number" | "numbers");
    Words::split(name).is_some_and(|words| {
        let words = words.words();
        words.count == 1 || !words.list().last().is_some_and(counts)
    })
}

/// Whether the name speaks of a country by that word.
pub(super) fn says_country(name: &str) -> bool {
    Words::split(name).is_some_and(|words| {
        ["country", "iso", "nation", "pais", "pays"].iter().any(|word| words.joined().contains(word))
    })
}

/// Whether the name alone is `code`, which is a calling code only if its value begins with `+`.
pub(super) fn is_bare_code(name: &str) -> bool {
    Words::split(name).is_some_and(|words| words.joined() == "code")
}

/// Whether the name is that of a code which was sent: `code`, `smsCode`, `otp`.
pub(super) fn is_code(name: &str) -> bool {
    Words::split(name).is_some_and(|words| {
        let joined = words.joined();
        ["code", "codes", "otp", "otps", "pin", "passcode"].iter().any(|end| joined.ends_with(end))
    })
}

/// Whether a field of this name can say `sms` or `phone` of its neighbours: `{"type": "phone", "value": …}`.
pub(super) fn is_kind_of_contact(name: &str) -> bool {
    Words::split(name).is_some_and(|words| {
        matches!(
            words.joined(),
            "type"
                | "kind"
                | "channel"
                | "method"
                | "via"
                | "mode"
                | "contacttype"
                | "accounttype"
                | "logintype"
                | "identifiertype"
                | "deliverymethod"
                | "usertype"
                | "idtype"
                | "medium"
        )
    })
}

/// Position of a numbered part (`phone1`, `tel_2`), with the name's length without it.
pub(super) fn numbered(name: &str) -> Option<(usize, u8)> {
    let bytes = name.as_bytes();
    let name_ends = bytes.strip_suffix(b"]").unwrap_or(bytes);
    match name_ends {
        [stem @ .., digit @ b'0'..=b'4'] if stem.last().is_some_and(|byte| !byte.is_ascii_digit()) => {
            Some((stem.len(), digit - b'0'))
        }
        _ => None,
    }
}

/// Names that are known as a whole, their words joined. Every name of every request is asked for, hence the table.
static WHOLE: LazyLock<HashMap<&str, Kind>> = LazyLock::new(|| {
    // A name in several lists is of the last.
    let lists = [(PHONE, Kind::Phone), (WEAK, Kind::Weak), (COUNTRY, Kind::Country), (DIAL, Kind::Dial)];
    lists.into_iter().flat_map(|(names, kind)| names.iter().map(move |name| (*name, kind))).collect()
});
static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| PHONE_WORDS.iter().copied().collect());

fn whole(joined: &str) -> Option<Kind> {
    WHOLE.get(joined).copied()
}

fn is_phone_word(word: &str) -> bool {
    WORDS.contains(word)
}

/// Words that were written together: `txtphone`, `usermobile`, `inputtel`.
fn ends_like_phone(word: &str) -> bool {
    const ENDS: [&str; 13] = [
        "phone",
        "mobile",
        "telephone",
        "msisdn",
        "phonenumber",
        "mobilenumber",
        "phonenum",
        "mobileno",
        "phoneno",
        "telefono",
        "telefon",
        "shoujihao",
        "cellphone",
    ];
    const NOT: [&str; 7] = ["microphone", "headphone", "automobile", "earphone", "iphone", "megaphone", "snowmobile"];
    (ENDS.iter().any(|end| word.ends_with(end)) && !NOT.contains(&word))
        || matches!(word, "txttel" | "inputtel" | "strtel" | "ustel" | "mytel" | "stel")
}

fn is_country_word(word: &str) -> bool {
    matches!(word, "country" | "nation" | "region" | "calling" | "dial" | "dialing" | "ctry" | "pais")
}

/// A name's words in lower case, on the stack.
struct Words {
    text: [u8; MAX_NAME],
    len: usize,
    ends: [u8; MAX_WORDS],
    count: usize,
}

/// The words as slices.
struct WordList<'a> {
    words: [&'a str; MAX_WORDS],
    count: usize,
}

impl Words {
    /// `None` where the text is no identifier: it is too long, or holds quotes, braces and the like.
    fn split(name: &str) -> Option<Self> {
        let mut words = Self { text: [0; MAX_NAME], len: 0, ends: [0; MAX_WORDS], count: 0 };
        let (mut before, mut upper_run) = (' ', 0);
        let mut chars = name.chars().peekable();
        while let Some(c) = chars.next() {
            if matches!(c, '{' | '}' | '"' | '<' | '>' | '(' | ')' | '\\' | '?' | '=') {
                return None;
            }
            if !c.is_alphanumeric() {
                words.end_word()?;
                (before, upper_run) = (' ', 0);
                continue;
            }
            let upper = c.is_uppercase();
            let next_is_lower = chars.peek().is_some_and(|next| next.is_lowercase());
            let camel = upper && (before.is_lowercase() || (upper_run > 0 && next_is_lower));
            let number = c.is_ascii_digit() && before.is_alphabetic() && !next_continues_word(&words, c);
            if camel || number {
                words.end_word()?;
            }
            upper_run = if upper { upper_run + 1 } else { 0 };
            before = c;
            if c.is_ascii() {
                *words.text.get_mut(words.len)? = u8::try_from(c).ok()?.to_ascii_lowercase();
                words.len += 1;
                continue;
            }
            for lower in c.to_lowercase() {
                let mut buffer = [0; 4];
                for byte in lower.encode_utf8(&mut buffer).bytes() {
                    *words.text.get_mut(words.len)? = byte;
                    words.len += 1;
                }
            }
        }
        words.end_word()?;
        (words.count > 0).then_some(words)
    }

    fn end_word(&mut self) -> Option<()> {
        let start = self.count.checked_sub(1).and_then(|last| self.ends.get(last)).copied().map_or(0, usize::from);
        if self.len > start {
            *self.ends.get_mut(self.count)? = u8::try_from(self.len).ok()?;
            self.count += 1;
        }
        Some(())
    }

    fn joined(&self) -> &str {
        self.text.get(..self.len).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }

    fn words(&self) -> WordList<'_> {
        let mut list = WordList { words: [""; MAX_WORDS], count: self.count };
        let mut start = 0;
        for (slot, end) in list.words.iter_mut().zip(self.ends.iter().take(self.count)) {
            let end = usize::from(*end);
            *slot = self.joined().get(start..end).unwrap_or_default();
            start = end;
        }
        list
    }
}

impl<'a> WordList<'a> {
    fn list(&self) -> &[&'a str] {
        self.words.get(..self.count).unwrap_or_default()
    }
}

/// `iso2`, `e164`, `alpha2` are one word.
fn next_continues_word(words: &Words, _digit: char) -> bool {
    let text = words.joined();
    ["iso", "alpha", "e", "e1", "e16"].iter().any(|start| text.ends_with(start))
        && !text.ends_with("phone")
        && !text.ends_with("mobile")
        && !text.ends_with("telephone")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_the_same_however_they_are_spelt() {
        for (kind, names) in [
            (
                Kind::Phone,
                "phone Phone PHONE_NUMBER user[phone] user.phone userPhone txtPhone phoneNo mobile-number tel input_tel \
                 customer_mobile data.mobile_number phone1 phones[] msisdn 手机号 phone_e164 reg_mobile newPhone UserMobileNo",
            ),
            (
                Kind::Weak,
                "account username user_name loginName to recipient[to] user_id identifier emailOrPhone phone_or_email \
                 email checkPhone phone_id",
            ),
            (
                Kind::Dial,
                "cc countryCode country_code phoneCountryCode phone_code areaCode dial-code mobile_prefix intlCode",
            ),
            (Kind::Country, "country region countryIso iso2 phone_country user[country]"),
            (
                Kind::Other,
                "phone_type phoneVerified isMobile is_phone_valid mobileModel microphone hotel title id device_id timestamp \
                 password code captcha t sign idcard order_no {\"phone\":1 iphone phone_os telemetry",
            ),
        ] {
            for name in names.split_whitespace() {
                assert_eq!(classify(name), kind, "{name}");
            }
        }
    }
}

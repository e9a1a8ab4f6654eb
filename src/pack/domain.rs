//! Words of the domain to bytes and back.

use super::{Malformed, Pack};
use crate::domain::{Country, DecisionId, Money, NumberKind, Phone, Range, Timestamp, Validity};
use crate::privacy::Pseudonym;

impl Pack for Timestamp {
    fn pack(&self, out: &mut Vec<u8>) {
        self.unix_ms().pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self::from_unix_ms(u64::unpack(from)?))
    }
}

impl Pack for Pseudonym {
    fn pack(&self, out: &mut Vec<u8>) {
        self.to_bits().pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self::from_bits(u128::unpack(from)?))
    }
}

impl Pack for DecisionId {
    fn pack(&self, out: &mut Vec<u8>) {
        (self.at(), self.random()).pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self::new(Timestamp::unpack(from)?, u64::unpack(from)?))
    }
}

impl Pack for Country {
    fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_str().as_bytes());
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(super::bytes(from, 2)?).map_err(|_not_utf8| Malformed)?;
        Self::new(text).ok_or(Malformed)
    }
}

impl Pack for Range {
    fn pack(&self, out: &mut Vec<u8>) {
        self.digits().pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self::new(u64::unpack(from)?))
    }
}

impl Pack for Money {
    fn pack(&self, out: &mut Vec<u8>) {
        self.as_micros().pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self::micros(u64::unpack(from)?))
    }
}

impl Pack for NumberKind {
    fn pack(&self, out: &mut Vec<u8>) {
        index_in(&Self::ALL, self).pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        Self::ALL.get(usize::from(u8::unpack(from)?)).copied().ok_or(Malformed)
    }
}

const VALIDITIES: [Validity; 3] = [Validity::Valid, Validity::Possible, Validity::Impossible];

impl Pack for Validity {
    fn pack(&self, out: &mut Vec<u8>) {
        index_in(&VALIDITIES, self).pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        VALIDITIES.get(usize::from(u8::unpack(from)?)).copied().ok_or(Malformed)
    }
}

impl Pack for Phone {
    fn pack(&self, out: &mut Vec<u8>) {
        let Self { id, country, calling_code, range, last_two, kind, validity, price } = self;
        id.pack(out);
        country.pack(out);
        calling_code.pack(out);
        range.pack(out);
        last_two.pack(out);
        kind.pack(out);
        validity.pack(out);
        price.pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self {
            id: Pack::unpack(from)?,
            country: Pack::unpack(from)?,
            calling_code: Pack::unpack(from)?,
            range: Pack::unpack(from)?,
            last_two: Pack::unpack(from)?,
            kind: Pack::unpack(from)?,
            validity: Pack::unpack(from)?,
            price: Pack::unpack(from)?,
        })
    }
}

fn index_in<T: PartialEq>(all: &[T], value: &T) -> u8 {
    all.iter().position(|other| other == value).and_then(|index| u8::try_from(index).ok()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::{Pseudonyms, RawPhone};

    #[test]
    fn a_phone_reads_back_whatever_it_is() {
        let id = Pseudonyms::new(&[1; 32]).phone(RawPhone::from_digits(447_700_900_001).unwrap());
        for kind in NumberKind::ALL {
            for validity in VALIDITIES {
                for country in [None, Country::new("GB")] {
                    let (range, price) = (Range::new(44_770_090), Money::micros(45_000));
                    let phone = Phone { id, country, calling_code: 44, range, last_two: 1, kind, validity, price };
                    let mut bytes = Vec::new();
                    phone.pack(&mut bytes);
                    assert_eq!(Phone::unpack(&mut bytes.as_slice()), Ok(phone));
                }
            }
        }
    }

    /// Numbers stand for kinds in snapshots of before: who reorders them counts up the version of every section that
    /// holds phones.
    #[test]
    fn the_number_of_a_kind_stays() {
        let names: Vec<_> = NumberKind::ALL.map(NumberKind::name).into();
        let numbered = "mobile fixed_line fixed_or_mobile voip premium_rate shared_cost toll_free personal pager uan \
                        voicemail unknown";
        assert_eq!(names.join(" "), numbered);
    }
}

//! Plain values to bytes and back.

use std::sync::Arc;

/// Bytes that end too early, or that stand for no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not those of such a value")]
pub struct Malformed;

/// A value that has bytes.
pub trait Pack: Sized {
    /// Appends its bytes.
    fn pack(&self, out: &mut Vec<u8>);

    /// Takes its bytes off the front.
    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed>;
}

/// Takes values off the front until nothing is left.
pub fn all<T: Pack>(mut from: &[u8]) -> impl Iterator<Item = Result<T, Malformed>> {
    std::iter::from_fn(move || {
        if from.is_empty() {
            return None;
        }
        let value = T::unpack(&mut from);
        if value.is_err() {
            from = &[];
        }
        Some(value)
    })
}

/// Takes `length` bytes off the front.
pub fn bytes<'a>(from: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    let (taken, rest) = from.split_at_checked(length).ok_or(Malformed)?;
    *from = rest;
    Ok(taken)
}

macro_rules! pack_numbers {
    ($($number:ty),*) => {$(
        impl Pack for $number {
            fn pack(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
                let (taken, rest) = from.split_first_chunk().ok_or(Malformed)?;
                *from = rest;
                Ok(Self::from_le_bytes(*taken))
            }
        }
    )*};
}

pack_numbers!(u8, u16, u32, u64, u128);

impl Pack for bool {
    fn pack(&self, out: &mut Vec<u8>) {
        u8::from(*self).pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        match u8::unpack(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }
}

impl Pack for Arc<str> {
    fn pack(&self, out: &mut Vec<u8>) {
        pack_length(self.len(), out);
        out.extend_from_slice(self.as_bytes());
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        let length = unpack_length(from)?;
        let text = std::str::from_utf8(bytes(from, length)?).map_err(|_not_utf8| Malformed)?;
        Ok(Self::from(text))
    }
}

impl<T: Pack> Pack for Option<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        self.is_some().pack(out);
        if let Some(value) = self {
            value.pack(out);
        }
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        bool::unpack(from)?.then(|| T::unpack(from)).transpose()
    }
}

impl<T: Pack> Pack for Vec<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        pack_length(self.len(), out);
        for value in self {
            value.pack(out);
        }
    }

    /// Every value takes a byte at least, so a length that is a lie ends at the end of the bytes.
    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        let length = unpack_length(from)?;
        (0..length).map(|_| T::unpack(from)).collect()
    }
}

impl<A: Pack, B: Pack> Pack for (A, B) {
    fn pack(&self, out: &mut Vec<u8>) {
        self.0.pack(out);
        self.1.pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok((A::unpack(from)?, B::unpack(from)?))
    }
}

/// Nothing that is packed comes near the 4 GiB that a length tells apart; what did would not read back.
fn pack_length(length: usize, out: &mut Vec<u8>) {
    u32::try_from(length).unwrap_or(u32::MAX).pack(out);
}

fn unpack_length(from: &mut &[u8]) -> Result<usize, Malformed> {
    usize::try_from(u32::unpack(from)?).map_err(|_too_large| Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packed<T: Pack>(value: &T) -> Vec<u8> {
        let mut bytes = Vec::new();
        value.pack(&mut bytes);
        bytes
    }

    type Everything = ((u8, u16), (u32, (u64, (u128, (bool, (Option<Vec<u16>>, Vec<(bool, u8)>))))));

    proptest! {
        #[test]
        fn values_read_back_and_half_of_one_is_none(value in any::<Everything>(), text in ".{0,20}", cut in any::<prop::sample::Index>()) {
            let value = (value, Arc::<str>::from(text));
            let bytes = packed(&value);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(<(Everything, Arc<str>)>::unpack(&mut rest), Ok(value));
            prop_assert!(rest.is_empty());
            let mut cut = &bytes[..cut.index(bytes.len())];
            prop_assert_eq!(<(Everything, Arc<str>)>::unpack(&mut cut), Err(Malformed));
        }

        #[test]
        fn any_bytes_give_a_value_or_an_error(noise in prop::collection::vec(any::<u8>(), 0..200)) {
            let _either = <(Everything, Arc<str>)>::unpack(&mut noise.as_slice());
            prop_assert!(all::<Vec<u64>>(&noise).filter(Result::is_err).count() <= 1);
        }
    }
}

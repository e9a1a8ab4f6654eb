//! Numbers of three and six bytes in a slice, little-endian. A place outside the slice reads as 0.

/// Three bytes at `at`.
pub(super) fn u24(bytes: &[u8], at: usize) -> u32 {
    match bytes.get(at..at + 3) {
        Some(&[a, b, c]) => u32::from_le_bytes([a, b, c, 0]),
        _ => 0,
    }
}

/// Writes the low 24 bits of `value`.
pub(super) fn set_u24(bytes: &mut [u8], at: usize, value: u32) {
    let [a, b, c, _] = value.to_le_bytes();
    if let Some(to) = bytes.get_mut(at..at + 3) {
        to.copy_from_slice(&[a, b, c]);
    }
}

/// Six bytes at `at`.
pub(super) fn u48(bytes: &[u8], at: usize) -> u64 {
    u64::from(u24(bytes, at)) | (u64::from(u24(bytes, at + 3)) << 24)
}

/// Writes the low 48 bits of `value`.
#[expect(clippy::cast_possible_truncation, reason = "only the low 24 bits of each half are written")]
pub(super) fn set_u48(bytes: &mut [u8], at: usize, value: u64) {
    set_u24(bytes, at, value as u32);
    set_u24(bytes, at + 3, (value >> 24) as u32);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back() {
        let mut bytes = [0; 12];
        set_u48(&mut bytes, 2, 0xaabb_ccdd_eeff);
        set_u24(&mut bytes, 8, 0x0012_3456);
        assert_eq!((u48(&bytes, 2), u24(&bytes, 8)), (0xaabb_ccdd_eeff, 0x0012_3456));
        assert_eq!((bytes[0], bytes[1], bytes[11]), (0, 0, 0));
    }
}

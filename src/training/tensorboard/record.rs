//! TFRecord framing: length, its checksum, bytes, their checksum, all little-endian
//! (<https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details>). Knows nothing of what is framed.

use crc::{CRC_32_ISCSI, Crc};

/// CRC-32C; the catalogue names it after iSCSI.
const CASTAGNOLI: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// One record.
pub(super) fn frame(payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u64).to_le_bytes();
    let parts: [&[u8]; 4] =
        [&length, &masked(&length).to_le_bytes(), payload, &masked(payload).to_le_bytes()];
    parts.concat()
}

/// The checksum as TFRecord stores it: rotated and shifted, so that the checksum of a checksum is not special.
pub(super) fn masked(bytes: &[u8]) -> u32 {
    CASTAGNOLI.checksum(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis_and_masked() {
        // RFC 3720, B.4: 32 bytes of zeros.
        assert_eq!(CASTAGNOLI.checksum(&[0; 32]), 0x8a91_36aa);
        // The same turned right by 15 bits, plus the constant.
        assert_eq!(masked(&[0; 32]), 0x6d55_1522_u32.wrapping_add(0xa282_ead8));
    }

    #[test]
    fn a_record_is_sixteen_bytes_longer_than_what_it_frames() {
        let framed = frame(b"abc");
        assert_eq!(framed.len(), 19);
        assert_eq!(framed[..8], 3u64.to_le_bytes());
        assert_eq!(framed[12..15], *b"abc");
    }
}

//! The bytes of a snapshot, to be written and read in one go from front to back.
//!
//! First `sendwall`, the format (4 bytes), when it was written (8), a name of the key that it was written under (16), and
//! a checksum (16). Then blocks: a kind (1), a length (4), so many bytes, and a checksum (16). A section is a block with
//! its name and version, then its chunks, a block each. The last block is the end; nothing follows it. Each checksum is
//! over everything before it, so no block can be missing, doubled or moved: the first 128 bits of a SHA-256, because
//! it is there (70 ms for 100 MB; a CRC would take 10 ms and one more crate). Numbers are little-endian.

use std::io::{self, Read, Write};
use std::sync::Arc;

use ring::digest::{Context, SHA256};

use super::error::Refusal;
use crate::domain::{Span, Timestamp};
use crate::pack::{MAX_CHUNK, Pack};

const MAGIC: &[u8; 8] = b"sendwall";
const FORMAT: u32 = 1;
/// Clocks are set back by so much in the course of things.
const CLOCK_ERROR: Span = Span::minutes(5);

const SECTION: u8 = 1;
const CHUNK: u8 = 2;
const END: u8 = 3;

/// A name of the key that pseudonyms are made with.
pub(super) type KeyName = [u8; 16];
type Sum = [u8; 16];

/// Writes a snapshot.
pub(super) struct Writer<W> {
    out: W,
    sum: Context,
    bytes: u64,
}

impl<W: Write> Writer<W> {
    pub(super) fn begin(out: W, created: Timestamp, key: &KeyName) -> io::Result<Self> {
        let mut writer = Self { out, sum: Context::new(&SHA256), bytes: 0 };
        let mut head = MAGIC.to_vec();
        (FORMAT, created).pack(&mut head);
        head.extend_from_slice(key);
        writer.put(&head)?;
        writer.put_sum()?;
        Ok(writer)
    }

    pub(super) fn section(&mut self, name: &str, version: u32) -> io::Result<()> {
        let mut head = Vec::new();
        (Arc::<str>::from(name), version).pack(&mut head);
        self.block(SECTION, &head)
    }

    pub(super) fn chunk(&mut self, chunk: &[u8]) -> io::Result<()> {
        if chunk.len() > MAX_CHUNK {
            return Err(io::Error::other(format!("a chunk of {} bytes; {MAX_CHUNK} are the most", chunk.len())));
        }
        self.block(CHUNK, chunk)
    }

    /// Gives how many bytes were written.
    pub(super) fn end(mut self) -> io::Result<u64> {
        self.block(END, &[])?;
        self.out.flush()?;
        Ok(self.bytes)
    }

    fn block(&mut self, kind: u8, bytes: &[u8]) -> io::Result<()> {
        let mut head = Vec::with_capacity(5);
        (kind, u32::try_from(bytes.len()).unwrap_or(u32::MAX)).pack(&mut head);
        self.put(&head)?;
        self.put(bytes)?;
        self.put_sum()
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn put_sum(&mut self) -> io::Result<()> {
        let sum = so_far(&self.sum);
        self.bytes += sum.len() as u64;
        self.out.write_all(&sum)
    }
}

/// Reads a snapshot block by block, each checked.
pub(super) struct Reader<R> {
    from: R,
    sum: Context,
    at: u64,
    created: Timestamp,
}

/// What comes next.
pub(super) enum Block<'a> {
    Section {
        name: Arc<str>,
        version: u32,
    },
    Chunk(&'a [u8]),
    /// There is nothing after it.
    End,
}

impl<R: Read> Reader<R> {
    /// Reads the head, and checks that this process can use what follows.
    pub(super) fn begin(from: R, now: Timestamp, key: &KeyName) -> Result<Self, Refusal> {
        let mut reader = Self { from, sum: Context::new(&SHA256), at: 0, created: Timestamp::default() };
        if reader.array().ok().as_ref() != Some(MAGIC) {
            return Err(Refusal::Foreign);
        }
        let found = u32::from_le_bytes(reader.array()?);
        if found != FORMAT {
            return Err(Refusal::Format { found, known: FORMAT });
        }
        let created = Timestamp::from_unix_ms(u64::from_le_bytes(reader.array()?));
        let its_key: KeyName = reader.array()?;
        reader.check_sum()?;
        if its_key != *key {
            return Err(Refusal::OtherKey);
        }
        if created > now + CLOCK_ERROR {
            return Err(Refusal::Future { created });
        }
        Ok(Self { created, ..reader })
    }

    /// When it was written.
    pub(super) fn created(&self) -> Timestamp {
        self.created
    }

    /// Up to where it was read.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// The next block; the bytes of a chunk are in `buffer`.
    pub(super) fn next<'a>(&mut self, buffer: &'a mut Vec<u8>) -> Result<Block<'a>, Refusal> {
        let [kind] = self.array()?;
        let length = usize::try_from(u32::from_le_bytes(self.array()?)).unwrap_or(usize::MAX);
        if length > MAX_CHUNK {
            return Err(self.damaged());
        }
        buffer.resize(length, 0);
        self.fill(buffer)?;
        self.check_sum()?;
        match kind {
            SECTION => {
                let mut rest = buffer.as_slice();
                let head = Pack::unpack(&mut rest);
                let (name, version) = head.ok().filter(|_| rest.is_empty()).ok_or_else(|| self.damaged())?;
                Ok(Block::Section { name, version })
            }
            CHUNK => Ok(Block::Chunk(buffer)),
            END if length == 0 && self.from.read(&mut [0])? == 0 => Ok(Block::End),
            _ => Err(self.damaged()),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        let mut array = [0; N];
        self.fill(&mut array)?;
        Ok(array)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Refusal> {
        self.read(bytes)?;
        self.sum.update(bytes);
        Ok(())
    }

    fn check_sum(&mut self) -> Result<(), Refusal> {
        let mut sum = Sum::default();
        self.read(&mut sum)?;
        if sum == so_far(&self.sum) { Ok(()) } else { Err(self.damaged()) }
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), Refusal> {
        self.from.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged(),
            _ => Refusal::Unreadable(error),
        })?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn damaged(&self) -> Refusal {
        Refusal::Damaged { at: self.at }
    }
}

fn so_far(sum: &Context) -> Sum {
    sum.clone().finish().as_ref().first_chunk().copied().unwrap_or_default()
}

//! Reads the PROXY protocol header at the start of a connection, and not a byte more.
//!
//! Must not know: what the bytes mean; `extract::proxy_protocol` does.

use std::io;
use std::net::SocketAddr;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::extract::proxy_protocol;
use crate::extract::proxy_protocol::Parsed;

/// Shorter than any header of either version.
const SHORTEST: usize = 12;
/// The part of a version 2 header that tells its length.
const FIXED_V2: usize = 16;

/// Where the connection says it comes from; `None` where it says nothing.
pub(super) async fn read(stream: &mut TcpStream) -> io::Result<Option<SocketAddr>> {
    let mut bytes = vec![0; SHORTEST];
    stream.read_exact(&mut bytes).await?;
    loop {
        match proxy_protocol::parse(&bytes) {
            Parsed::Header { source, .. } => return Ok(source),
            Parsed::Invalid(why) => return Err(io::Error::new(io::ErrorKind::InvalidData, why)),
            Parsed::Incomplete => {
                let have = bytes.len();
                bytes.resize(have + missing(&bytes), 0);
                stream.read_exact(bytes.get_mut(have..).unwrap_or_default()).await?;
            }
        }
    }
}

/// How many bytes are certainly still to come.
fn missing(bytes: &[u8]) -> usize {
    if bytes.first() != Some(&b'\r') {
        return 1;
    }
    match bytes.get(FIXED_V2 - 2..FIXED_V2) {
        Some(&[high, low]) => {
            (FIXED_V2 + usize::from(u16::from_be_bytes([high, low]))).saturating_sub(bytes.len()).max(1)
        }
        _ => FIXED_V2 - bytes.len(),
    }
}

//! What the evidence promises, whatever the stream.

//! tries

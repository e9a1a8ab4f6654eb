//! Real users, a file an actor.

pub(super) mod campaign;
pub(super) mod everyday;
pub(super) mod new_market;
pub(super) mod outage;
pub(super) mod shared_address;
pub(super) mod travellers;

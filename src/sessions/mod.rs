//! Open sends: codes that went out and wait for what becomes of them.

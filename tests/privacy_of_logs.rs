//! privacy_of_logs

//! What a number costs, and how much memory all countries take.

fn main() {}

//! The tree as it was written, before names and types are checked.

use std::ops::Range;

/// A part of the text.
#[derive(Debug)]
pub(super) struct Syntax {
    /// What it is.
    pub(super) kind: Kind,
    /// Where it stands, in bytes.
    pub(super) span: Range<usize>,
    /// Height of the tree under it; a leaf has 1.
    pub(super) depth: usize,
}

/// What was written.
#[derive(Debug)]
pub(super) enum Kind {
    Literal(Literal),
    /// `phone.country`
    Name(String),
    /// `json("/ok")`, `has(x)`
    Call(String, Vec<Syntax>),
    /// `x.contains("y")`
    Method(Box<Syntax>, String, Vec<Syntax>),
    Not(Box<Syntax>),
    /// Two or more; chains are kept flat, so their length isn't depth.
    All(Vec<Syntax>),
    Any(Vec<Syntax>),
    Compare(Comparison, Box<Syntax>, Box<Syntax>),
    In(Box<Syntax>, Box<Syntax>),
    List(Vec<Syntax>),
}

/// A value that stands in the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// The same with its sides changed.
    pub(super) const fn turned(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }

    pub(super) const fn is_order(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }
}

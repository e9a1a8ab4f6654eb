//! The patterns of numbering plans: a regular language over digits, matched by backtracking over a small program.
//!
//! Why not a regex crate: `\d` is 60 ranges of Unicode there, each pattern holds several engines with caches, and all
//! plans of the world take 150 MB; here they take under a megabyte, and a match is fast because each branch knows the
//! digits that it can begin with and is rarely tried in vain.
//!
//! Must not know: plans, countries.

/// At most this many groups are kept; the plans use two.
const MAX_GROUPS: usize = 2;
/// A first digit of any kind, or the end: what can't be told from the next digit.
const ANY: u16 = 0x7ff;
/// The bit of the end in a branch's first digits.
const END: u16 = 1 << 10;
/// The ten digits.
const DIGITS: u16 = 0x3ff;

/// A compiled pattern.
#[derive(Debug, Default)]
pub(super) struct Pattern(Box<[Op]>);

/// What a pattern found at the start of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where the match ends.
    pub(super) end: usize,
    /// Where the groups begin and end; `None` for those that took no part.
    pub(super) groups: [Option<(usize, usize)>; MAX_GROUPS],
}

/// Why a pattern could not be compiled: it goes beyond what plans use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unsupported;

#[derive(Clone, Copy, Debug)]
enum Op {
    /// One digit of this set.
    Digit(u16),
    /// What follows if the next digit is in `first` and the rest matches; else what stands at `other`.
    Try { first: u16, other: u16 },
    /// Goes on there.
    Jump(u16),
    /// A group begins.
    Open(u8),
    /// A group ends.
    Close(u8),
    /// Only at the end of the number.
    End,
    /// Done.
    Match,
}

impl Pattern {
    /// Compiles digits, `\d`, `[..]`, `(?:..)`, `(..)`, `|`, `?`, `{n}`, `{n,m}` and `$`.
    pub(super) fn compile(text: &str) -> Result<Self, Unsupported> {
        let mut parser = Parser { rest: text.as_bytes(), groups: 0 };
        let tree = parser.alternatives()?;
        if !parser.rest.is_empty() {
            return Err(Unsupported);
        }
        let mut ops = Vec::new();
        emit_alternatives(&tree, &mut ops)?;
        ops.push(Op::Match);
        Ok(Self(ops.into()))
    }

    /// Whether all of `digits` (values 0 to 9) match.
    pub(super) fn is_match(&self, digits: &[u8]) -> bool {
        self.run(0, digits, 0, true, &mut [None; MAX_GROUPS]).is_some()
    }

    /// The match at the start of `digits`, the branches tried from left to right.
    pub(super) fn find(&self, digits: &[u8]) -> Option<Found> {
        let mut groups = [None; MAX_GROUPS];
        self.run(0, digits, 0, false, &mut groups).map(|end| Found { end, groups })
    }

    /// Recursion is as deep as branches are nested, which is bounded by the length of the plans' patterns.
    fn run(
        &self,
        mut pc: usize,
        digits: &[u8],
        mut at: usize,
        whole: bool,
        groups: &mut [Option<(usize, usize)>; MAX_GROUPS],
    ) -> Option<usize> {
        loop {
            match *self.0.get(pc)? {
                Op::Digit(set) => {
                    let digit = *digits.get(at)?;
                    if (set >> digit) & 1 == 0 {
                        return None;
                    }
                    at += 1;
                    pc += 1;
                }
                Op::Try { first, other } => {
                    let next = digits.get(at).map_or(END, |digit| 1 << digit);
                    if first & next != 0 {
                        let before = *groups;
                        if let Some(end) = self.run(pc + 1, digits, at, whole, groups) {
                            return Some(end);
                        }
                        *groups = before;
                    }
                    pc = usize::from(other);
                }
                Op::Jump(to) => pc = usize::from(to),
                Op::Open(group) => {
                    *groups.get_mut(usize::from(group))? = Some((at, at));
                    pc += 1;
                }
                Op::Close(group) => {
                    if let Some((_, end)) = groups.get_mut(usize::from(group))? {
                        *end = at;
                    }
                    pc += 1;
                }
                Op::End if at == digits.len() => pc += 1,
                Op::Match if !whole || at == digits.len() => return Some(at),
                Op::End | Op::Match => return None,
            }
        }
    }
}

type Sequence = Vec<Node>;

enum Node {
    Digit(u16),
    End,
    Group(Option<u8>, Vec<Sequence>),
    Repeat(Box<Self>, usize, usize),
}

struct Parser<'a> {
    rest: &'a [u8],
    groups: u8,
}

impl Parser<'_> {
    fn alternatives(&mut self) -> Result<Vec<Sequence>, Unsupported> {
        let mut all = vec![self.sequence()?];
        while self.skip(b"|") {
            all.push(self.sequence()?);
        }
        Ok(all)
    }

    fn sequence(&mut self) -> Result<Sequence, Unsupported> {
        let mut nodes = Vec::new();
        while let Some(byte) = self.rest.first()
            && !matches!(byte, b'|' | b')')
        {
            let node = self.atom()?;
            nodes.push(self.repeated(node)?);
        }
        Ok(nodes)
    }

    fn atom(&mut self) -> Result<Node, Unsupported> {
        if self.skip(b"\\d") {
            return Ok(Node::Digit(DIGITS));
        }
        if self.skip(b"(?:") {
            return self.group(None);
        }
        match self.next()? {
            digit @ b'0'..=b'9' => Ok(Node::Digit(1 << (digit - b'0'))),
            b'$' => Ok(Node::End),
            b'[' => self.class(),
            b'(' => {
                self.groups += 1;
                self.group(Some(self.groups - 1))
            }
            _ => Err(Unsupported),
        }
    }

    fn group(&mut self, number: Option<u8>) -> Result<Node, Unsupported> {
        let inside = self.alternatives()?;
        if self.skip(b")") { Ok(Node::Group(number, inside)) } else { Err(Unsupported) }
    }

    fn class(&mut self) -> Result<Node, Unsupported> {
        let mut set = 0;
        while !self.skip(b"]") {
            let from = self.digit()?;
            let to = if self.skip(b"-") { self.digit()? } else { from };
            set |= (from..=to).fold(0, |set, digit| set | (1 << digit));
        }
        Ok(Node::Digit(set))
    }

    fn repeated(&mut self, node: Node) -> Result<Node, Unsupported> {
        if self.skip(b"?") {
            return Ok(Node::Repeat(Box::new(node), 0, 1));
        }
        if !self.skip(b"{") {
            return Ok(node);
        }
        let least = self.count()?;
        let most = if self.skip(b",") { self.count()? } else { least };
        if self.skip(b"}") && least <= most { Ok(Node::Repeat(Box::new(node), least, most)) } else { Err(Unsupported) }
    }

    fn count(&mut self) -> Result<usize, Unsupported> {
        let mut count = usize::from(self.digit()?);
        while let Ok(digit) = self.digit() {
            count = count * 10 + usize::from(digit);
        }
        if count <= 20 { Ok(count) } else { Err(Unsupported) }
    }

    fn digit(&mut self) -> Result<u8, Unsupported> {
        match self.rest {
            [digit @ b'0'..=b'9', rest @ ..] => {
                self.rest = rest;
                Ok(digit - b'0')
            }
            _ => Err(Unsupported),
        }
    }

    fn next(&mut self) -> Result<u8, Unsupported> {
        let (first, rest) = self.rest.split_first().ok_or(Unsupported)?;
        self.rest = rest;
        Ok(*first)
    }

    fn skip(&mut self, text: &[u8]) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

/// The digits that a sequence can begin with; `ANY` where it may be empty.
fn first_of_sequence(nodes: &[Node]) -> u16 {
    let mut set = 0;
    for node in nodes {
        let first = first_of(node);
        set |= first & DIGITS;
        if first & END == 0 {
            return set;
        }
    }
    ANY
}

fn first_of(node: &Node) -> u16 {
    match node {
        Node::Digit(set) => *set,
        Node::End | Node::Repeat(_, 0, _) => ANY,
        Node::Group(_, all) => all.iter().fold(0, |set, nodes| set | first_of_sequence(nodes)),
        Node::Repeat(node, ..) => first_of(node),
    }
}

fn emit_alternatives(all: &[Sequence], ops: &mut Vec<Op>) -> Result<(), Unsupported> {
    let Some((last, others)) = all.split_last() else { return Err(Unsupported) };
    let mut ends = Vec::new();
    for nodes in others {
        let branch = ops.len();
        ops.push(Op::Match);
        emit_sequence(nodes, ops)?;
        ends.push(ops.len());
        ops.push(Op::Match);
        ops[branch] = Op::Try { first: first_of_sequence(nodes), other: place(ops)? };
    }
    emit_sequence(last, ops)?;
    for end in ends {
        ops[end] = Op::Jump(place(ops)?);
    }
    Ok(())
}

fn emit_sequence(nodes: &[Node], ops: &mut Vec<Op>) -> Result<(), Unsupported> {
    nodes.iter().try_for_each(|node| emit(node, ops))
}

fn emit(node: &Node, ops: &mut Vec<Op>) -> Result<(), Unsupported> {
    match node {
        Node::Digit(set) => ops.push(Op::Digit(*set)),
        Node::End => ops.push(Op::End),
        Node::Group(None, all) => emit_alternatives(all, ops)?,
        Node::Group(Some(group), all) => {
            ops.push(Op::Open(*group));
            emit_alternatives(all, ops)?;
            ops.push(Op::Close(*group));
        }
        Node::Repeat(node, least, most) => {
            for _ in 0..*least {
                emit(node, ops)?;
            }
            let mut branches = Vec::new();
            for _ in *least..*most {
                branches.push(ops.len());
                ops.push(Op::Match);
                emit(node, ops)?;
            }
            let first = first_of(node);
            for branch in branches {
                ops[branch] = Op::Try { first, other: place(ops)? };
            }
        }
    }
    Ok(())
}

fn place(ops: &[Op]) -> Result<u16, Unsupported> {
    u16::try_from(ops.len()).map_err(|_too_long| Unsupported)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().map(|byte| byte - b'0').collect()
    }

    #[test]
    fn whole_numbers_match_or_not() {
        for (pattern, yes, no) in [
            (r"\d{3}", "123", "12"),
            (r"(?:1[2-4]|5)\d", "129", "159"),
            (r"7\d{2,4}", "7123", "71"),
            (r"7\d{2,4}", "71234", "712345"),
            (r"(?:00|[1-9]\d)\d", "001", "011"),
            (r"12(?:34)?5", "125", "1234"),
            (r"12(?:34)?5", "12345", "12335"),
            (r"1|12|123", "123", "1234"),
        ] {
            let compiled = Pattern::compile(pattern).unwrap();
            assert!(compiled.is_match(&digits(yes)), "{pattern} {yes}");
            assert!(!compiled.is_match(&digits(no)), "{pattern} {no}");
        }
    }

    #[test]
    fn groups_and_ends_are_found_at_the_start() {
        let prefix = Pattern::compile(r"([2-9]\d{6})$|1").unwrap();
        assert_eq!(prefix.find(&digits("2345678")), Some(Found { end: 7, groups: [Some((0, 7)), None] }));
        assert_eq!(prefix.find(&digits("23456789")), None);
        assert_eq!(prefix.find(&digits("12345678")), Some(Found { end: 1, groups: [None, None] }));
        let carrier = Pattern::compile(r"(?:0|90)(?:(1[245]|21)(\d{10,11}))?").unwrap();
        assert_eq!(
            carrier.find(&digits("021119612345678")),
            Some(Found { end: 14, groups: [Some((1, 3)), Some((3, 14))] })
        );
        assert_eq!(carrier.find(&digits("0119")), Some(Found { end: 1, groups: [None, None] }));
    }

    #[test]
    fn what_plans_do_not_use_is_refused() {
        for pattern in ["a", "(1", "[1", "1{", "1{3,2}", ".*", "1+", "1)", r"\w", "[a]"] {
            assert_eq!(Pattern::compile(pattern).unwrap_err(), Unsupported, "{pattern}");
        }
    }
}

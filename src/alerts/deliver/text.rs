//! Texts made fit for where they are shown: cut to a limit, on one line, and without what a receiver would take for
//! markup. Values may come from a client, so each receiver's special characters lose their meaning.

use std::borrow::Cow;

/// At most `most` characters; what is cut ends in an ellipsis.
pub(super) fn clip(text: &str, most: usize) -> Cow<'_, str> {
    if text.chars().count() <= most {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(most.saturating_sub(1)).chain(['…']).collect())
}

/// At most `most` bytes, cut between characters; what is cut ends in an ellipsis.
pub(super) fn clip_bytes(text: &str, most: usize) -> Cow<'_, str> {
    const ELLIPSIS: &str = "…";
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let room = most.saturating_sub(ELLIPSIS.len());
    let kept = text.char_indices().take_while(|(place, c)| place + c.len_utf8() <= room).map(|(_, c)| c);
    Cow::Owned(kept.chain(['…']).collect())
}

/// Without line feeds and other control characters, which end a header or a title.
pub(super) fn one_line(text: &str) -> String {
    text.split(char::is_control).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// How values are written for a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// As they are: nothing is markup there.
    None,
    /// `&`, `<`, `>` as entities, as HTML and Slack want it: no tag, and no `<!channel>`.
    Entities,
    /// For Chinese Markdown dialects, which have no escapes: what would open a link, an image, a tag, a mention or code
    /// becomes its full-width look-alike.
    Lookalikes,
}

impl Escape {
    /// The value, harmless there. Control characters but the line feed go in any case.
    pub(super) fn apply(self, value: &str) -> String {
        let mut escaped = String::with_capacity(value.len());
        for c in value.chars().filter(|c| !c.is_control() || *c == '\n') {
            match (self, c) {
                (Self::Entities, '&') => escaped.push_str("&amp;"),
                (Self::Entities, '<') => escaped.push_str("&lt;"),
                (Self::Entities, '>') => escaped.push_str("&gt;"),
                (Self::Lookalikes, c) => escaped.push(lookalike(c)),
                (Self::None | Self::Entities, c) => escaped.push(c),
            }
        }
        escaped
    }
}

fn lookalike(c: char) -> char {
    match c {
        '<' => '＜',
        '>' => '＞',
        '[' => '［',
        ']' => '］',
        '`' => '｀',
        '*' => '＊',
        '@' => '＠',
        '#' => '＃',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(clip("abc", 3), "abc");
        assert_eq!(clip("abcd", 3), "ab…");
        assert_eq!(clip_bytes("äöü", 6), "äöü");
        assert_eq!(clip_bytes("äöüä", 7), "äö…");
        assert_eq!(clip_bytes("äöüä", 6), "ä…");
        assert_eq!(one_line("Subject\r\nBcc: all@example.com\u{0}"), "Subject Bcc: all@example.com");
    }

    #[test]
    fn markup_loses_its_meaning() {
        let evil = "<!channel> [click](http://evil) <@all> & <b>\u{7}";
        assert_eq!(Escape::Entities.apply(evil), "&lt;!channel&gt; [click](http://evil) &lt;@all&gt; &amp; &lt;b&gt;");
        assert_eq!(Escape::Lookalikes.apply(evil), "＜!channel＞ ［click］(http://evil) ＜＠all＞ & ＜b＞");
        assert_eq!(Escape::None.apply("a\nb\u{1b}[0m"), "a\nb[0m");
    }
}

//! The words, numbers, arrows and parentheses of a text, with their places.

use std::ops::Range;

/// What a token is, as far as its characters tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `->` or `→`.
    Arrow,
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// Anything that begins as a number does, such as `64` or `10x64`.
    Number,
    /// Anything else.
    Word,
}

/// A piece of the text and its place in bytes.
#[derive(Clone, Debug)]
pub struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub span: Range<usize>,
}

/// Cuts a text at spaces, arrows and parentheses.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let (kind, length) = match mark(rest) {
            Some(mark) => mark,
            None if rest.starts_with(char::is_whitespace) => {
                at += rest.chars().next().map_or(1, char::len_utf8);
                continue;
            }
            None => word(rest),
        };
        tokens.push(Token { kind, text: &rest[..length], span: at..at + length });
        at += length;
    }
    tokens
}

fn mark(rest: &str) -> Option<(Kind, usize)> {
    [("->", Kind::Arrow), ("→", Kind::Arrow), ("(", Kind::Open), (")", Kind::Close)]
        .into_iter()
        .find(|(mark, _)| rest.starts_with(mark))
        .map(|(mark, kind)| (kind, mark.len()))
}

fn word(rest: &str) -> (Kind, usize) {
    let ends = |(at, c): &(usize, char)| c.is_whitespace() || mark(&rest[*at..]).is_some();
    let length = rest.char_indices().find(ends).map_or(rest.len(), |(at, _)| at);
    let unsigned = rest[..length].trim_start_matches(['-', '+', '.']);
    let is_number = unsigned.starts_with(|c: char| c.is_ascii_digit());
    (if is_number { Kind::Number } else { Kind::Word }, length)
}

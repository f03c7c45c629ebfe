//! From text to tree, by descent.
//!
//! ```text
//! sum ─► product (+|- product)*      power ─► atom (^ sign power)?
//! product ─► sign (*|/ sign)*        atom  ─► number | x | name ( sum, … ) | ( sum )
//! sign ─► - sign | power
//! ```

use std::ops::Range;

use super::node::{Function, Node, Operator};
use crate::error::{Error, Result};

/// Bytes of text at most.
const LONGEST: usize = 2000;
/// Parentheses, signs and powers within each other at most, so that no text overflows the stack.
const DEEPEST: usize = 64;
/// Levels of the tree at most, which long sums raise too.
const TALLEST: usize = 200;

/// Reads the whole text.
pub fn parse(text: &str) -> Result<Node> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    if text.len() > LONGEST {
        let shown: String = text.chars().take(40).chain("…".chars()).collect();
        let (start, end) = (0, shown.len());
        let expected = format!("{} bytes, expected at most {LONGEST}", text.len());
        return Err(Error::Grammar { what: "activation", text: shown, start, end, expected });
    }
    if text.contains(['\n', '\r']) {
        let joined = text.replace(['\n', '\r'], " ");
        return parse(&joined);
    }
    let node = parser.sum()?;
    if parser.peek().is_some() {
        let span = parser.token();
        return Err(parser.wrong(span, "an operator or the end"));
    }
    if node.depth() > TALLEST {
        let expected = format!("an expression of at most {TALLEST} levels");
        return Err(parser.wrong(0..text.len(), &expected));
    }
    Ok(node)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// The next character that is no space.
    fn peek(&mut self) -> Option<char> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.rest().chars().next()
    }

    fn takes(&mut self, symbol: &str) -> bool {
        self.peek();
        let found = self.rest().starts_with(symbol);
        self.at += if found { symbol.len() } else { 0 };
        found
    }

    /// Where the next word, number or symbol stands.
    fn token(&mut self) -> Range<usize> {
        self.peek();
        let rest = self.rest();
        let word = rest.chars().take_while(|c| c.is_alphanumeric() || "._".contains(*c));
        let length: usize = word.map(char::len_utf8).sum();
        let length = length.max(rest.chars().next().map_or(0, char::len_utf8));
        self.at..self.at + length
    }

    fn wrong(&self, span: Range<usize>, expected: &str) -> Error {
        let found = match &self.text[span.clone()] {
            "" => "the end of the text".to_owned(),
            part if part.len() > 40 => "all of this".to_owned(),
            part => format!("`{part}`"),
        };
        Error::Grammar {
            what: "activation",
            text: self.text.to_owned(),
            start: span.start,
            end: span.end,
            expected: format!("found {found}, expected {expected}{}", remedy(&self.text[span])),
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == DEEPEST {
            let span = self.token();
            let expected = format!("at most {DEEPEST} parentheses, signs and powers in each other");
            return Err(self.wrong(span, &expected));
        }
        self.depth += 1;
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn sum(&mut self) -> Result<Node> {
        let mut node = self.product()?;
        loop {
            let operator = match self.peek() {
                Some('+') => Operator::Add,
                Some('-' | '−') => Operator::Subtract,
                _ => return Ok(node),
            };
            self.skip();
            node = Node::combine(operator, node, self.product()?);
        }
    }

    fn product(&mut self) -> Result<Node> {
        let mut node = self.sign()?;
        loop {
            let operator = match self.peek() {
                Some('*' | '·') => Operator::Multiply,
                Some('/') => Operator::Divide,
                _ => return Ok(node),
            };
            self.skip();
            node = Node::combine(operator, node, self.sign()?);
        }
    }

    fn skip(&mut self) {
        self.at += self.rest().chars().next().map_or(0, char::len_utf8);
    }

    fn sign(&mut self) -> Result<Node> {
        match self.peek() {
            Some('-' | '−') => {
                self.skip();
                Ok(Node::apply(Function::Negate, self.deeper(Self::sign)?))
            }
            Some('+') => {
                self.skip();
                self.deeper(Self::sign)
            }
            _ => self.power(),
        }
    }

    fn power(&mut self) -> Result<Node> {
        let base = self.atom()?;
        if self.takes("**") || self.takes("^") {
            let power = self.deeper(Self::sign)?;
            return Ok(Node::combine(Operator::Power, base, power));
        }
        Ok(base)
    }

    fn atom(&mut self) -> Result<Node> {
        match self.peek() {
            Some('(') => {
                self.skip();
                let node = self.deeper(Self::sum)?;
                self.close()?;
                Ok(node)
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_alphabetic() => self.name(),
            _ => {
                let span = self.token();
                Err(self.wrong(span, "a number, `x`, a function or `(`"))
            }
        }
    }

    fn close(&mut self) -> Result<()> {
        if self.takes(")") {
            return Ok(());
        }
        let span = self.token();
        Err(self.wrong(span, "`)`"))
    }

    fn number(&mut self) -> Result<Node> {
        let bytes = self.rest().as_bytes();
        let digits = |from: usize| {
            bytes[from..].iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count()
        };
        let mut length = digits(0);
        if matches!(bytes.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits(length + 1 + sign);
            length += if exponent > 0 { 1 + sign + exponent } else { 0 };
        }
        let span = self.at..self.at + length;
        let number = self.text[span.clone()].parse::<f64>().ok().filter(|x| x.is_finite());
        let number = number.ok_or_else(|| self.wrong(span.clone(), "a number"))?;
        self.at = span.end;
        if let Some(c) = self.peek().filter(|c| c.is_alphabetic() || *c == '(') {
            let next = self.token();
            return Err(self.wrong(next, &format!("an operator between, as in {number}*{c}")));
        }
        Ok(Node::Constant(number))
    }

    fn name(&mut self) -> Result<Node> {
        let span = self.token();
        let word = self.text[span.clone()].to_lowercase();
        self.at = span.end;
        if self.takes("(") {
            let arguments = self.arguments()?;
            return self.call(&word, span, arguments);
        }
        match word.as_str() {
            "x" => Ok(Node::X),
            "pi" | "π" => Ok(Node::Constant(std::f64::consts::PI)),
            "e" => Ok(Node::Constant(std::f64::consts::E)),
            _ if is_function(&word) => {
                let end = self.token().start;
                Err(self.wrong(end..end, &format!("`(` and what `{word}` is taken of")))
            }
            _ => Err(self.wrong(span, &format!("`x`, `pi`, `e` or one of {}", functions()))),
        }
    }

    fn arguments(&mut self) -> Result<Vec<Node>> {
        let mut arguments = vec![self.deeper(Self::sum)?];
        while self.takes(",") {
            arguments.push(self.deeper(Self::sum)?);
        }
        self.close()?;
        Ok(arguments)
    }

    fn call(&self, word: &str, span: Range<usize>, arguments: Vec<Node>) -> Result<Node> {
        let count = arguments.len();
        let wanted = |n: usize| {
            let noun = if n == 1 { "argument" } else { "arguments" };
            self.wrong(span.clone(), &format!("it with {n} {noun} instead of {count}"))
        };
        if let Some((_, function)) = Function::NAMES.iter().find(|(name, _)| *name == word) {
            let [u] = <[Node; 1]>::try_from(arguments).map_err(|_| wanted(1))?;
            return Ok(Node::apply(*function, u));
        }
        match word {
            "max" | "min" | "pow" => {
                let [u, v] = <[Node; 2]>::try_from(arguments).map_err(|_| wanted(2))?;
                let operator = match word {
                    "max" => Operator::Max,
                    "min" => Operator::Min,
                    _ => Operator::Power,
                };
                Ok(Node::combine(operator, u, v))
            }
            "clip" => {
                let [u, low, high] = <[Node; 3]>::try_from(arguments).map_err(|_| wanted(3))?;
                let raised = Node::combine(Operator::Max, u, low);
                Ok(Node::combine(Operator::Min, raised, high))
            }
            _ => Err(self.wrong(span.clone(), &format!("one of {}", functions()))),
        }
    }
}

/// What to write instead, where another language has what was found.
fn remedy(found: &str) -> String {
    let word = found.to_lowercase();
    match word.as_str() {
        ">" | "<" | "≥" | "≤" | "=" | "if" | "where" => {
            "; pieces are put together by max, min, clip or step".to_owned()
        }
        "|" => "; |x| is abs(x)".to_owned(),
        _ if word.starts_with(char::is_alphabetic) && word.contains('.') => {
            "; a function stands without the name of a module".to_owned()
        }
        _ => match super::published::find(&word) {
            Some(super::published::Published::Written(text)) => format!("; {word} is {text}"),
            _ if fanin_engine::activations::find(&word).is_some() => {
                format!("; {word} is an activation by its name alone")
            }
            _ => String::new(),
        },
    }
}

fn is_function(word: &str) -> bool {
    ["max", "min", "pow", "clip"].contains(&word)
        || Function::NAMES.iter().any(|(name, _)| *name == word)
}

fn functions() -> String {
    let names: Vec<&str> = Function::NAMES.iter().map(|(name, _)| *name).collect();
    format!("{}, max, min, pow, clip", names.join(", "))
}

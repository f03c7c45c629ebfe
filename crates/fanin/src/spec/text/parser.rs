//! From tokens to layers, one element after another.

use std::ops::Range;

use super::shorthand::with_arrows;
use super::tokens::{Kind, Token, tokens};
use super::{INPUTS, OUTPUTS};
use crate::error::{Error, Result};
use crate::spec::check::{PRELU, activation_names};
use crate::spec::layers::{LayerSpec, Norm, SequentialSpec, Units};
use crate::spec::limits::{MAX_NESTING, too_many};
use crate::spec::mistake::{Mistake, Spans, grammar, suggestion};

/// The words besides activations, as they are shown to the user.
const WORDS: [&str; 5] = ["dropout:RATE", "batch_norm", "layer_norm", "no_bias", "residual"];

/// Reads a text on one line; sizes are left to [`crate::spec::check`].
pub fn parse(text: &str) -> Result<(SequentialSpec, Spans)> {
    read_arrows(text).map_err(|error| {
        let Some(arrows) = with_arrows(text) else { return error };
        let expected = format!("`->` between layers; did you mean `{arrows}`?");
        grammar(text, 0..text.trim_end().len(), &Mistake::new("sizes without arrows", expected))
    })
}

/// Reads a text whose layers stand between arrows.
pub fn read_arrows(text: &str) -> Result<(SequentialSpec, Spans)> {
    let mut parser = Parser { text, tokens: tokens(text), at: 0, spans: Spans::default() };
    let inputs = parser.inputs()?;
    let layers = parser.sequence(&mut Vec::new())?;
    Ok((SequentialSpec { inputs, layers }, parser.spans))
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    at: usize,
    spans: Spans,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).cloned()
    }

    fn peek_kind(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    fn end(&self) -> Range<usize> {
        let end = self.text.trim_end().len();
        end..end
    }

    fn wrong(&self, span: &Range<usize>, found: impl Into<String>, expected: &str) -> Error {
        grammar(self.text, span.clone(), &Mistake::new(found, expected))
    }

    fn unexpected(&self, token: &Token, expected: &str) -> Error {
        self.wrong(&token.span, format!("`{}`", token.text), expected)
    }

    /// The number of inputs and the arrow after it.
    fn inputs(&mut self) -> Result<Option<usize>> {
        let expected = "the number of inputs, or `features`";
        let Some(first) = self.peek() else {
            let expected = "a network such as `64 -> 32 relu -> 10`";
            return Err(self.wrong(&self.end(), "no text", expected));
        };
        self.at += 1;
        self.spans.note(&[], "", first.span.clone());
        let inputs = match first.kind {
            Kind::Number => Some(self.input_number(&first)?),
            Kind::Word if INPUTS.contains(&first.text) => None,
            _ => return Err(self.unexpected(&first, expected)),
        };
        match self.peek() {
            Some(token) if token.kind == Kind::Arrow => self.at += 1,
            Some(token) => {
                let expected = "`->` after the number of inputs, which stands alone";
                return Err(self.unexpected(&token, expected));
            }
            None => {
                let expected = "`->` and the layers, the last with the number of outputs";
                return Err(self.wrong(&self.end(), "the end of the text", expected));
            }
        }
        Ok(inputs)
    }

    fn input_number(&self, token: &Token) -> Result<usize> {
        if let Some((rows, columns)) = split_repeat(token.text) {
            let sizes = rows.parse::<usize>().ok().zip(columns.parse().ok());
            let product = sizes.and_then(|(rows, columns)| rows.checked_mul(columns));
            let one = product.map(|n| format!(", here `{n}`")).unwrap_or_default();
            let expected = format!("one number of inputs{one}: `NxM` repeats a layer");
            return Err(self.unexpected(token, &expected));
        }
        self.number(token.text, &token.span, "inputs")
    }

    /// A whole number without a sign.
    fn number(&self, digits: &str, span: &Range<usize>, noun: &str) -> Result<usize> {
        let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_whole {
            let expected = format!("a whole number of {noun}");
            return Err(self.wrong(span, format!("`{digits}`"), &expected));
        }
        digits.parse().map_err(|_| grammar(self.text, span.clone(), &too_many(digits, noun)))
    }

    /// Elements with arrows between, up to the end of the text or of the group.
    fn sequence(&mut self, path: &mut Vec<usize>) -> Result<Vec<LayerSpec>> {
        let mut layers = Vec::new();
        loop {
            path.push(layers.len());
            layers.push(self.element(path)?);
            path.pop();
            match self.peek_kind() {
                Some(Kind::Arrow) => self.at += 1,
                Some(Kind::Close) if !path.is_empty() => return Ok(layers),
                None if path.is_empty() => return Ok(layers),
                None => {
                    let expected = "`)` after the group's last layer";
                    return Err(self.wrong(&self.end(), "the end of the text", expected));
                }
                Some(_) => {
                    let token = self.peek().expect("a kind was just seen");
                    return Err(self.unexpected(&token, "`(` before it"));
                }
            }
        }
    }

    fn element(&mut self, path: &mut Vec<usize>) -> Result<LayerSpec> {
        let mut layer = LayerSpec::default();
        let first = self.first_token()?;
        self.spans.note(path, "", first.span.clone());
        match first.kind {
            Kind::Open => self.group(&mut layer, path)?,
            Kind::Number => self.units(&mut layer, &first, path)?,
            Kind::Word if OUTPUTS.contains(&first.text) => {
                self.at += 1;
                self.spans.note(path, "units", first.span);
                layer.units = Some(Units::Outputs);
            }
            _ => {}
        }
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Arrow | Kind::Close => break,
                Kind::Word if !is_width(token.text) => self.word(&mut layer, &token, path)?,
                _ => return Err(self.unexpected(&token, "`->` before the next layer")),
            }
            self.at += 1;
        }
        Ok(layer)
    }

    /// The first token of an element; the mistake of an empty one stands at the arrow.
    fn first_token(&self) -> Result<Token<'a>> {
        let expected = "a layer such as `64 relu`";
        match self.peek() {
            Some(token) if matches!(token.kind, Kind::Arrow | Kind::Close) => {
                Err(self.unexpected(&token, expected))
            }
            Some(token) => Ok(token),
            None => {
                let last = &self.tokens[self.at - 1];
                let found = format!("the end of the text after `{}`", last.text);
                Err(self.wrong(&last.span, found, "a layer such as `10`"))
            }
        }
    }

    fn units(&mut self, layer: &mut LayerSpec, token: &Token, path: &mut Vec<usize>) -> Result<()> {
        self.at += 1;
        let mut units = (token.text, token.span.clone());
        if let Some((repeat, rest)) = split_repeat(token.text) {
            let span = token.span.start..token.span.start + repeat.len();
            layer.repeat = self.number(repeat, &span, "layers")?;
            self.spans.note(path, "repeat", span);
            if rest.is_empty() && self.peek_kind() == Some(Kind::Open) {
                return self.group(layer, path);
            }
            units = (rest, token.span.end - rest.len()..token.span.end);
            if rest.is_empty() {
                let expected = "a number of units right after the `x`, as in `10x64`";
                return Err(self.unexpected(token, expected));
            }
        }
        let (digits, span) = units;
        layer.units = Some(Units::Count(self.number(digits, &span, "units")?));
        self.spans.note(path, "units", span);
        Ok(())
    }

    fn group(&mut self, layer: &mut LayerSpec, path: &mut Vec<usize>) -> Result<()> {
        let open = self.peek().expect("a group begins with a parenthesis");
        if path.len() > MAX_NESTING {
            let expected = format!("at most {MAX_NESTING} groups within groups");
            return Err(self.unexpected(&open, &expected));
        }
        self.at += 1;
        layer.layers = self.sequence(path)?;
        self.spans.note(path, "layers", open.span);
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, layer: &mut LayerSpec, token: &Token, path: &[usize]) -> Result<()> {
        let (name, parameter) = match token.text.split_once(':') {
            Some((name, parameter)) => (name, Some(parameter)),
            None => (token.text, None),
        };
        let (key, is_second) = match name {
            "dropout" => ("dropout", layer.dropout.is_some()),
            "batch_norm" | "layer_norm" => ("norm", layer.norm.is_some()),
            "no_bias" => ("bias", !layer.bias),
            "residual" => ("residual", layer.residual.is_some()),
            _ => ("activation", layer.activation.is_some()),
        };
        let is_known = key != "activation" || name == PRELU || activation_names().contains(&name);
        if !is_known {
            return Err(self.unknown_word(token, name));
        }
        if is_second && matches!(key, "bias" | "residual") {
            return Err(self.wrong(&token.span, format!("`{name}` again"), "it once"));
        }
        if is_second {
            let expected = format!("one {key} in a layer; a further one stands alone, `-> {name}`");
            return Err(self.wrong(&token.span, format!("a second {key} `{name}`"), &expected));
        }
        if !layer.layers.is_empty() && key != "residual" {
            let expected =
                "only `residual` after a group; a layer of words stands alone, `-> relu`";
            return Err(self.unexpected(token, expected));
        }
        self.spans.note(path, key, token.span.clone());
        match name {
            "dropout" => layer.dropout = Some(self.rate(token, parameter)?),
            "residual" if parameter.is_none() => layer.residual = Some(1.0),
            "residual" => layer.residual = Some(self.factor(token, parameter)?),
            "batch_norm" | "layer_norm" | "no_bias" if parameter.is_some() => {
                return Err(self.unexpected(token, &format!("`{name}` without a colon")));
            }
            "batch_norm" => layer.norm = Some(Norm::Batch),
            "layer_norm" => layer.norm = Some(Norm::Layer),
            "no_bias" => layer.bias = false,
            _ => layer.activation = Some(token.text.to_owned()),
        }
        Ok(())
    }

    fn rate(&self, token: &Token, parameter: Option<&str>) -> Result<f64> {
        let number = parameter.and_then(|parameter| parameter.parse().ok());
        number.ok_or_else(|| self.unexpected(token, "`dropout:RATE`, such as `dropout:0.1`"))
    }

    fn factor(&self, token: &Token, parameter: Option<&str>) -> Result<f64> {
        let number = parameter.and_then(|parameter| parameter.parse().ok());
        let expected = "`residual` or `residual:FACTOR`, such as `residual:0.5`";
        number.ok_or_else(|| self.unexpected(token, expected))
    }

    fn unknown_word(&self, token: &Token, name: &str) -> Error {
        let activations = activation_names();
        let words = WORDS.map(|word| word.split(':').next().unwrap_or(word));
        let known = [&activations[..], &words[..], &OUTPUTS[..]].concat();
        let expected = format!(
            "an activation ({}) or one of {}{}",
            activations.join(", "),
            WORDS.join(", "),
            suggestion(name, &known)
        );
        self.wrong(&token.span, format!("unknown word `{name}`"), &expected)
    }
}

/// Whether a word stands for a width, which only the first place of an element can have.
fn is_width(word: &str) -> bool {
    INPUTS.contains(&word) || OUTPUTS.contains(&word)
}

/// `10` and `64` of `10x64`.
fn split_repeat(text: &str) -> Option<(&str, &str)> {
    text.split_once(['x', '×'])
}

//! Sentences broken at words, so that they stay readable in a narrow terminal.

/// Characters on a line at most, unless one word is longer.
const WIDTH: usize = 100;

/// `text` after `lead`, broken at spaces; further lines begin with `indent`.
pub fn wrapped(lead: &str, indent: &str, text: &str) -> String {
    wrapped_within(WIDTH, lead, indent, text)
}

/// As [`wrapped`], in lines of at most `width` characters where that is narrower.
pub fn wrapped_within(width: usize, lead: &str, indent: &str, text: &str) -> String {
    let width = width.min(WIDTH);
    let mut lines = String::new();
    let (mut line, mut words) = (lead.to_owned(), 0);
    for word in text.split_whitespace() {
        if words > 0 && line.chars().count() + 1 + word.chars().count() > width {
            lines.push_str(&line);
            lines.push('\n');
            (line, words) = (indent.to_owned(), 0);
        }
        if words > 0 {
            line.push(' ');
        }
        line.push_str(word);
        words += 1;
    }
    lines + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_broken_at_words_and_indented() {
        let text = "word ".repeat(60);
        let lines = wrapped("data  ", "      ", &text);
        assert!(lines.lines().all(|line| line.chars().count() <= WIDTH), "{lines}");
        assert!(lines.lines().all(|line| line.chars().count() > WIDTH - 5 || line.len() < 60));
        assert!(lines.lines().skip(1).all(|line| line.starts_with("      word")), "{lines}");
        let words: Vec<&str> = lines.split_whitespace().skip(1).collect();
        assert_eq!(words, text.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn short_text_stays_on_its_line() {
        assert_eq!(wrapped("• ", "  ", "one two"), "• one two\n");
    }

    #[test]
    fn a_word_longer_than_a_line_is_kept_whole() {
        let long = "x".repeat(2 * WIDTH);
        assert_eq!(wrapped("a ", " ", &format!("b {long} c")), format!("a b\n {long}\n c\n"));
    }
}

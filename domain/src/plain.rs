//! What others wrote, as plain text: without control characters, without what turns text around, and not too long.

use crate::untrusted::is_unseen;

/// Of a text of several lines.
const LONGEST_TEXT: usize = 4_096;
/// Of a name, a label, a summary.
const LONGEST_LINE: usize = 256;

/// Lines as somebody wrote them.
pub fn text(text: &str) -> String {
    let unified = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let plain: String = unified.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| *c == '\n' || !goes(*c)).collect();
    plain.trim().chars().take(LONGEST_TEXT).collect()
}

/// One line: a name, a label, a summary.
pub fn line(text: &str) -> String {
    cleaned(text, LONGEST_LINE)
}

/// One line of at most `longest` characters.
pub fn cleaned(text: &str, longest: usize) -> String {
    let one_line: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !goes(*c)).collect();
    let mut one_line = one_line.trim().to_string();
    if let Some((end, _)) = one_line.char_indices().nth(longest) {
        one_line.truncate(end);
        one_line.push('…');
    }
    one_line
}

/// Many lines as they are, tabs and indents, too: a report, a change to code. Not cut: what is too long is better refused.
pub fn verbatim(text: &str) -> String {
    let unified = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    unified.chars().filter(|c| matches!(c, '\n' | '\t') || !goes(*c)).collect()
}

/// What is not seen can say something else to a model than to a person. Joiners stay: Persian and Hindi are written with them.
fn goes(c: char) -> bool {
    is_unseen(c) && !matches!(c, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_lines_and_nothing_that_moves_a_cursor() {
        assert_eq!(text(" a\r\nb\rc\u{2028}d\te\u{1b}[31m\0\u{7} "), "a\nb\nc\nd e[31m");
        assert_eq!(text("pay\u{202e}to \u{2066}bob\u{200f}"), "payto bob");
        assert_eq!(text("\u{1f9d1}\u{200d}\u{1f527}"), "\u{1f9d1}\u{200d}\u{1f527}", "what joins a picture stays");
        assert_eq!(text("ig\u{200b}nore\u{e0049}\u{e0047} a\u{ad}ll"), "ignore all", "what only a model would read does not");
        assert_eq!(text(&"ä".repeat(5_000)).chars().count(), LONGEST_TEXT);
    }

    #[test]
    fn a_change_to_code_keeps_its_tabs_and_loses_what_turns_it_around() {
        assert_eq!(verbatim("\tif a {\r\n\u{202e}}\u{1b}\n"), "\tif a {\n}\n");
    }

    #[test]
    fn a_line_is_one_and_says_where_it_was_cut() {
        assert_eq!(line("a\nb\u{202e}c"), "a bc");
        assert_eq!(cleaned("abcdef", 3), "abc…");
    }
}

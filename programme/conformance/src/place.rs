//! On which line of a JSON text a JSON pointer leads.

use std::collections::HashMap;

/// The lines of all values of a JSON text.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    by_pointer: HashMap<String, usize>,
}

impl Lines {
    /// Of a text that is valid JSON; what cannot be read is left out.
    pub fn of(text: &str) -> Lines {
        let mut scanner = Scanner { text: text.as_bytes(), at: 0, line: 1, lines: Lines::default() };
        scanner.value(&mut String::new(), 0);
        scanner.lines
    }

    /// The line of the value, from 1; where it is not there, of what holds it.
    pub fn line(&self, pointer: &str) -> usize {
        let mut pointer = pointer;
        loop {
            if let Some(line) = self.by_pointer.get(pointer) {
                return *line;
            }
            match pointer.rfind('/') {
                Some(end) => pointer = &pointer[..end],
                None => return 1,
            }
        }
    }
}

/// Deeper than any document of the programme; the reader of JSON refuses what is deeper.
const DEEPEST: usize = 128;

struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
    lines: Lines,
}

impl Scanner<'_> {
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.get(self.at).copied() {
            match byte {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' => {}
                _ => return Some(byte),
            }
            self.at += 1;
        }
        None
    }

    fn eat(&mut self, wanted: u8) -> bool {
        let there = self.peek() == Some(wanted);
        self.at += usize::from(there);
        there
    }

    /// False where the text cannot be followed any further.
    fn value(&mut self, pointer: &mut String, depth: usize) -> bool {
        let Some(first) = self.peek() else { return false };
        self.lines.by_pointer.insert(pointer.clone(), self.line);
        if depth > DEEPEST {
            return false;
        }
        match first {
            b'{' => self.members(pointer, b'}', depth, true),
            b'[' => self.members(pointer, b']', depth, false),
            b'"' => self.string().is_some(),
            _ => {
                let rest = &self.text[self.at..];
                let end = rest.iter().position(|byte| b",]} \t\r\n".contains(byte)).unwrap_or(rest.len());
                self.at += end;
                end > 0
            }
        }
    }

    fn members(&mut self, pointer: &mut String, end: u8, depth: usize, named: bool) -> bool {
        self.at += 1;
        if self.eat(end) {
            return true;
        }
        let length = pointer.len();
        for number in 0.. {
            let name = if named {
                let Some(name) = self.name() else { return false };
                name
            } else {
                number.to_string()
            };
            pointer.push('/');
            pointer.push_str(&name);
            if !self.value(pointer, depth + 1) {
                return false;
            }
            pointer.truncate(length);
            if !self.eat(b',') {
                break;
            }
        }
        self.eat(end)
    }

    fn name(&mut self) -> Option<String> {
        let literal = (self.peek() == Some(b'"')).then(|| self.string()).flatten()?;
        let name: String = serde_json::from_str(&literal).ok()?;
        self.eat(b':').then(|| crate::context::token(&name))
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        let mut escaped = false;
        for (offset, byte) in self.text[start + 1..].iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    self.at = start + offset + 2;
                    return String::from_utf8(self.text[start..self.at].to_vec()).ok();
                }
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_leads_to_the_line_of_its_value_and_a_missing_one_to_what_holds_it() {
        let lines =
            Lines::of("{\n \"a\": [\n  1,\n  {\"b/c\": \"x\\\"\\ny\"},\n  \"é\"\n ],\n \"d\":\n  null\n}");
        for (pointer, line) in [
            ("", 1),
            ("/a", 2),
            ("/a/0", 3),
            ("/a/1", 4),
            ("/a/1/b~1c", 4),
            ("/a/2", 5),
            ("/d", 8),
            ("/a/7/more", 2),
            ("/nothing", 1),
        ] {
            assert_eq!(lines.line(pointer), line, "{pointer}");
        }
    }

    #[test]
    fn a_text_that_is_no_json_has_the_lines_up_to_there() {
        assert_eq!(Lines::of("").line("/a"), 1);
        assert_eq!(Lines::of("{\n\"a\": [\n1,\n2").line("/a/1"), 4);
        assert_eq!(Lines::of(&"[".repeat(100_000)).line("/0"), 1);
    }
}

//! The part of Structured Field Values (RFC 8941) that signatures need: dictionaries of inner lists and of bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::pem::LENIENT;

/// Members of one field are not more than this; a signature has five or so.
const MAX_MEMBERS: usize = 64;

/// A bare item. Decimals are not read: no parameter of a signature has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Integer(i64),
    String(String),
    Token(String),
    Bytes(Vec<u8>),
    Boolean(bool),
}

/// Parameters in order.
pub type Parameters = Vec<(String, Item)>;

/// An inner list of strings with parameters: what `Signature-Input` holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InnerList {
    pub items: Vec<(String, Parameters)>,
    pub parameters: Parameters,
}

impl InnerList {
    /// The parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&Item> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, item)| item)
    }

    /// Strict serialisation (RFC 8941 §4.1.1.1), which is what gets signed.
    pub fn serialize(&self) -> String {
        let mut out = String::from("(");
        for (i, (name, parameters)) in self.items.iter().enumerate() {
            if i > 0 {
                out.push(' ');
            }
            write_item(&mut out, &Item::String(name.clone()));
            write_parameters(&mut out, parameters);
        }
        out.push(')');
        write_parameters(&mut out, &self.parameters);
        out
    }
}

/// A string item as it stands in a header.
pub fn quoted(text: &str) -> String {
    let mut out = String::new();
    write_item(&mut out, &Item::String(text.to_owned()));
    out
}

/// Parameters as they stand after an item.
pub fn write_parameters(out: &mut String, parameters: &Parameters) {
    for (name, item) in parameters {
        out.push(';');
        out.push_str(name);
        if *item != Item::Boolean(true) {
            out.push('=');
            write_item(out, item);
        }
    }
}

fn write_item(out: &mut String, item: &Item) {
    match item {
        Item::String(text) => {
            out.push('"');
            for letter in text.chars() {
                if matches!(letter, '"' | '\\') {
                    out.push('\\');
                }
                out.push(letter);
            }
            out.push('"');
        }
        Item::Token(text) => out.push_str(text),
        Item::Boolean(value) => out.push_str(if *value { "?1" } else { "?0" }),
        Item::Integer(number) => out.push_str(&number.to_string()),
        Item::Bytes(bytes) => out.push_str(&format!(":{}:", STANDARD.encode(bytes))),
    }
}

/// A dictionary whose members are inner lists of strings; nothing if it is anything else.
pub fn dictionary_of_lists(text: &str) -> Option<Vec<(String, InnerList)>> {
    dictionary(text, |reader| {
        let items = reader.inner_list()?;
        Some(InnerList { items, parameters: reader.parameters()? })
    })
}

/// A dictionary whose members are byte sequences; parameters are passed over.
pub fn dictionary_of_bytes(text: &str) -> Option<Vec<(String, Vec<u8>)>> {
    dictionary(text, |reader| {
        let Item::Bytes(bytes) = reader.item()? else { return None };
        reader.parameters()?;
        Some(bytes)
    })
}

fn dictionary<T>(text: &str, member: impl Fn(&mut Reader<'_>) -> Option<T>) -> Option<Vec<(String, T)>> {
    let mut reader = Reader { rest: text.trim_matches(' ') };
    let mut members: Vec<(String, T)> = Vec::new();
    while !reader.rest.is_empty() {
        let name = reader.key()?;
        reader.eat('=')?;
        let value = member(&mut reader)?;
        // The RFC lets the last of a name win; a signature given twice is a trick.
        if members.len() == MAX_MEMBERS || members.iter().any(|(n, _)| *n == name) {
            return None;
        }
        members.push((name, value));
        reader.skip(&[' ', '\t']);
        if !reader.rest.is_empty() {
            reader.eat(',')?;
            reader.skip(&[' ', '\t']);
            if reader.rest.is_empty() {
                return None;
            }
        }
    }
    Some(members)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn eat(&mut self, letter: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(letter)?;
        Some(())
    }

    fn skip(&mut self, letters: &[char]) {
        self.rest = self.rest.trim_start_matches(letters);
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn key(&mut self) -> Option<String> {
        self.rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '*').then_some(())?;
        let key = self.take_while(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.*".contains(c));
        Some(key.to_owned())
    }

    fn inner_list(&mut self) -> Option<Vec<(String, Parameters)>> {
        self.eat('(')?;
        let mut items = Vec::new();
        loop {
            self.skip(&[' ']);
            if self.eat(')').is_some() {
                return Some(items);
            }
            let Item::String(name) = self.item()? else { return None };
            let parameters = self.parameters()?;
            if items.len() == MAX_MEMBERS || !self.rest.starts_with([' ', ')']) {
                return None;
            }
            items.push((name, parameters));
        }
    }

    fn parameters(&mut self) -> Option<Parameters> {
        let mut found = Parameters::new();
        while self.eat(';').is_some() {
            self.skip(&[' ']);
            let name = self.key()?;
            let item = if self.eat('=').is_some() { self.item()? } else { Item::Boolean(true) };
            if found.len() == MAX_MEMBERS || found.iter().any(|(n, _)| *n == name) {
                return None;
            }
            found.push((name, item));
        }
        Some(found)
    }

    fn item(&mut self) -> Option<Item> {
        match self.rest.chars().next()? {
            '"' => self.string().map(Item::String),
            ':' => {
                self.eat(':')?;
                let bytes = LENIENT.decode(self.take_while(|c| c != ':')).ok()?;
                self.eat(':')?;
                Some(Item::Bytes(bytes))
            }
            '?' => {
                self.eat('?')?;
                let value = self.eat('1').is_some();
                if !value {
                    self.eat('0')?;
                }
                Some(Item::Boolean(value))
            }
            '-' | '0'..='9' => self.integer().map(Item::Integer),
            'a'..='z' | 'A'..='Z' | '*' => {
                let token = self.take_while(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~:/".contains(c));
                Some(Item::Token(token.to_owned()))
            }
            _ => None,
        }
    }

    fn integer(&mut self) -> Option<i64> {
        let negative = self.eat('-').is_some();
        let digits = self.take_while(|c| c.is_ascii_digit());
        // RFC 8941 §3.3.1: at most fifteen digits. A decimal is no integer.
        let number: i64 = (digits.len() <= 15).then(|| digits.parse().ok())??;
        (!self.rest.starts_with('.')).then_some(if negative { -number } else { number })
    }

    fn string(&mut self) -> Option<String> {
        self.eat('"')?;
        let mut text = String::new();
        let mut letters = self.rest.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                '\\' => text.push(letters.next().map(|(_, c)| c).filter(|c| matches!(c, '"' | '\\'))?),
                ' '..='~' => text.push(letter),
                _ => return None,
            }
        }
        None
    }
}

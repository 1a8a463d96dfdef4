//! Rows handed over column by column, for fixed SQL.

use super::among::Listed;

/// The values of a column, one for each row.
#[derive(Clone, Debug)]
pub(super) enum Column {
    /// Numbers.
    Ints(Vec<Option<i64>>),
    /// Texts.
    Texts(Vec<Option<String>>),
    /// Yes or no.
    Flags(Vec<bool>),
}

impl Column {
    /// Numbers, or none.
    pub fn ints<V: Into<Option<i64>>>(values: impl IntoIterator<Item = V>) -> Self {
        Self::Ints(values.into_iter().map(Into::into).collect())
    }

    /// Texts, or none.
    pub fn texts<'a, V: Into<Option<&'a str>>>(values: impl IntoIterator<Item = V>) -> Self {
        Self::Texts(values.into_iter().map(|value| value.into().map(str::to_owned)).collect())
    }

    /// Yes or no.
    pub fn flags(values: impl IntoIterator<Item = bool>) -> Self {
        Self::Flags(values.into_iter().collect())
    }

    /// Its type on PostgreSQL.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Ints(_) => "BIGINT",
            Self::Texts(_) => "TEXT",
            Self::Flags(_) => "BOOLEAN",
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Ints(values) => values.len(),
            Self::Texts(values) => values.len(),
            Self::Flags(values) => values.len(),
        }
    }

    /// As PostgreSQL writes an array (its manual, 8.15.2).
    pub fn array(&self) -> String {
        let mut array = String::with_capacity(2 + self.len() * 12);
        array.push('{');
        for row in 0..self.len() {
            if row > 0 {
                array.push(',');
            }
            match self {
                Self::Ints(values) => match values[row] {
                    Some(number) => number.list(&mut array),
                    None => array.push_str("NULL"),
                },
                Self::Flags(values) => array.push(if values[row] { 't' } else { 'f' }),
                Self::Texts(values) => match &values[row] {
                    Some(text) => quote(text, &mut array),
                    None => array.push_str("NULL"),
                },
            }
        }
        array.push('}');
        array
    }

    /// One value, as JSON.
    fn value(&self, row: usize, list: &mut String) {
        match self {
            Self::Ints(values) => values[row].list(list),
            Self::Texts(values) => values[row].list(list),
            // SQLite has no other truth than numbers.
            Self::Flags(values) => list.push(if values[row] { '1' } else { '0' }),
        }
    }
}

fn quote(text: &str, array: &mut String) {
    array.push('"');
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            array.push('\\');
        }
        array.push(letter);
    }
    array.push('"');
}

/// Rows as an array of arrays in JSON.
pub(super) fn json(columns: &[&Column]) -> String {
    let rows = columns.first().map_or(0, |column| column.len());
    let mut list = String::with_capacity(2 + rows * columns.len() * 12);
    list.push('[');
    for row in 0..rows {
        list.push_str(if row > 0 { ",[" } else { "[" });
        for (place, column) in columns.iter().enumerate() {
            if place > 0 {
                list.push(',');
            }
            column.value(row, &mut list);
        }
        list.push(']');
    }
    list.push(']');
    list
}

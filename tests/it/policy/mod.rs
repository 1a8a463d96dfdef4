//! Who may see what, as one table: reader × kind of group × door.

mod matrix;

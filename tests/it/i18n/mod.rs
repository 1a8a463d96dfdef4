mod keys;
mod shown;

mod foreign;
mod markdown;
mod words;

mod diff;
mod foreign;
mod markdown;
mod words;

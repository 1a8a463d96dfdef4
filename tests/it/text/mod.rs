mod diff;
mod foreign;
mod markdown;
mod pages;
mod words;

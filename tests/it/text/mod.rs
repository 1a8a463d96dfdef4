mod diff;
mod foreign;
mod markdown;
mod mutations;
mod pages;
mod words;

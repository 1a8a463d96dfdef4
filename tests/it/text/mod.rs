mod diff;
mod foreign;
mod harm;
mod markdown;
mod mutations;
mod pages;
mod words;

mod pages;
mod people;
mod posts;
mod wiki;

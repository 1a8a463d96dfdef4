mod pages;
mod people;
mod posts;

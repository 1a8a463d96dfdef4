mod people;
mod posts;

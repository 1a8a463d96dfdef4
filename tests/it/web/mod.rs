mod posts;

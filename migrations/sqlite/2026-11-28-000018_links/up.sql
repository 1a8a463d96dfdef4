-- Posts about one page, newest first.
CREATE INDEX link_previews_url ON link_previews(url, post_id);

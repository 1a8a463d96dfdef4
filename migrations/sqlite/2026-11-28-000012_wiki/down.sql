DROP TABLE wiki_versions;
DROP TABLE wiki_pages;

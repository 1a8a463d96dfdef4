DROP INDEX link_previews_url;

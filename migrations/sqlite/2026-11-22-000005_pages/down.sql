DROP TABLE group_requests;
DROP TABLE link_previews;

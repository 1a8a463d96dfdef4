DROP TABLE board_cards;
DROP TABLE tip_list_items;
DROP TABLE tip_lists;
DROP TABLE tips;

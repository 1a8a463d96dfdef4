-- PDF files were kept as if they said nothing: they are read now.
DELETE FROM media_texts WHERE media_id IN (SELECT id FROM media WHERE mime = 'application/pdf');

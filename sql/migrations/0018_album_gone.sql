-- SPDX-License-Identifier: MIT
-- A track that is deleted before its album has a gain holds nobody up: the album has one less, and those that wait look
-- again. Should it come anew, it says itself how many there are.
CREATE TRIGGER album_part_gone AFTER DELETE ON album_part
WHEN OLD.gain_db IS NULL
BEGIN
	UPDATE album_part
	SET tracks = tracks - 1
	WHERE owner = OLD.owner AND name = OLD.name AND gain_db IS NULL AND tracks > 1;
	UPDATE job
	SET run_after_ms = created_ms
	WHERE state = 'queued' AND held_by = 'time' AND stage = 'album' AND track IN (
		SELECT track FROM album_part WHERE owner = OLD.owner AND name = OLD.name
	);
END;

PRAGMA user_version = 18;

-- SPDX-License-Identifier: MIT
UPDATE track
SET title = :title, artist = :artist, album = :album, number = :number, year = :year, visibility = :visibility,
	places = :places, updated_ms = :updated_ms
WHERE id = :id

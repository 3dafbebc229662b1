-- SPDX-License-Identifier: MIT
UPDATE album_part
SET gain_db = :gain_db
WHERE blocks IS NOT NULL AND gain_db IS NULL AND (owner, name) = (
	SELECT asked.owner, asked.name FROM album_part AS asked WHERE asked.track = :track
)

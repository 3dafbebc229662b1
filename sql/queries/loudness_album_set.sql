-- SPDX-License-Identifier: MIT
UPDATE loudness
SET album_lufs = :lufs, album_peak_dbtp = :peak_dbtp, album_gain_db = :gain_db
WHERE album = :album AND track IN (
	SELECT id FROM track WHERE owner = (SELECT owner FROM track WHERE id = :track)
)

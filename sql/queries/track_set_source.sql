-- SPDX-License-Identifier: MIT
UPDATE track
SET duration_ms = :duration_ms, sample_rate = :sample_rate, channels = :channels, source_format = :source_format,
	title = COALESCE(title, :title), artist = COALESCE(artist, :artist), album = COALESCE(album, :album),
	number = CASE number WHEN 0 THEN :number ELSE number END,
	year = CASE year WHEN 0 THEN :year ELSE year END,
	updated_ms = :updated_ms
WHERE id = :id

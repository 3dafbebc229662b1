-- SPDX-License-Identifier: MIT
INSERT INTO track (
	id, visibility, state, owner, title, artist, album, number, year, duration_ms, sample_rate, channels,
	source_name, source_file, source_format, source_bytes, failure, created_ms, updated_ms, places
) VALUES (
	:id, :visibility, :state, :owner, :title, :artist, :album, :number, :year, :duration_ms, :sample_rate, :channels,
	:source_name, :source_file, :source_format, :source_bytes, :failure, :created_ms, :updated_ms, :places
)

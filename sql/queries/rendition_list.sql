-- SPDX-License-Identifier: MIT
-- The track, once for each rendition, and once with NULLs when it has none.
SELECT t.id, t.visibility, t.state, t.owner, t.title, t.artist, t.album, t.number, t.year, t.duration_ms, t.sample_rate,
	t.channels, t.source_name, t.source_file, t.source_format, t.source_bytes, t.failure, t.created_ms, t.updated_ms,
	EXISTS (SELECT 1 FROM growing AS g WHERE g.track = t.id), t.places,
	r.quality, r.codec, r.codecs, r.file, r.etag, r.bit_rate, r.peak_bandwidth, r.average_bandwidth, r.sample_rate,
	r.channels, r.timescale, r.priming, r.samples, r.file_size, r.init_size, r.index_offset, r.index_size, r.modified_s,
	r.container
FROM track AS t
LEFT JOIN rendition AS r ON r.track = t.id AND r.damage IS NULL
WHERE t.id = :track
ORDER BY r.bit_rate DESC, r.quality

-- SPDX-License-Identifier: MIT
SELECT r.quality, r.codec, r.codecs, r.file, r.etag, r.bit_rate, r.peak_bandwidth, r.average_bandwidth, r.sample_rate,
	r.channels, r.timescale, r.priming, r.samples, r.file_size, r.init_size, r.index_offset, r.index_size, r.modified_s,
	r.container, t.visibility, t.state, r.segments, t.places
FROM rendition AS r
JOIN track AS t ON t.id = r.track
WHERE r.track = :track AND r.quality = :quality AND r.damage IS NULL

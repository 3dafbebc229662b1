-- SPDX-License-Identifier: MIT
SELECT g.quality, g.codec, g.codecs, g.file, g.etag, g.bit_rate, g.peak_bandwidth, g.average_bandwidth, g.sample_rate,
	g.channels, g.timescale, g.priming, g.samples, g.file_size, g.init_size, g.index_offset, g.index_size, g.modified_s,
	g.container, t.visibility, t.state, g.segments, t.places, g.work
FROM growing AS g
JOIN track AS t ON t.id = g.track
WHERE g.track = :track AND g.quality = :quality

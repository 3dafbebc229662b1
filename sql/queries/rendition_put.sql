-- SPDX-License-Identifier: MIT
INSERT INTO rendition (
	track, quality, codec, codecs, file, etag, bit_rate, peak_bandwidth, average_bandwidth, sample_rate, channels,
	timescale, priming, samples, file_size, init_size, index_offset, index_size, modified_s, segments,
	container
) VALUES (
	:track, :quality, :codec, :codecs, :file, :etag, :bit_rate, :peak_bandwidth, :average_bandwidth, :sample_rate,
	:channels, :timescale, :priming, :samples, :file_size, :init_size, :index_offset, :index_size, :modified_s, :segments,
	:container
)
ON CONFLICT (track, quality) DO UPDATE
SET codec = excluded.codec, codecs = excluded.codecs, file = excluded.file, etag = excluded.etag,
	bit_rate = excluded.bit_rate, peak_bandwidth = excluded.peak_bandwidth,
	average_bandwidth = excluded.average_bandwidth, sample_rate = excluded.sample_rate, channels = excluded.channels,
	timescale = excluded.timescale, priming = excluded.priming, samples = excluded.samples,
	file_size = excluded.file_size, init_size = excluded.init_size, index_offset = excluded.index_offset,
	index_size = excluded.index_size, modified_s = excluded.modified_s, segments = excluded.segments,
	container = excluded.container, damage = NULL, damaged_ms = 0, repair_job = NULL,
	repaired_ms = CASE WHEN rendition.damage IS NULL THEN rendition.repaired_ms ELSE excluded.modified_s * 1000 END

-- SPDX-License-Identifier: MIT
-- Only for the job that holds its lease, and only where neither a whole rendition nor another job's stands.
INSERT INTO growing (
	track, quality, job, work, codec, container, codecs, file, etag, bit_rate, peak_bandwidth, average_bandwidth,
	sample_rate, channels, timescale, priming, samples, file_size, init_size, index_offset, index_size, modified_s,
	segments
)
SELECT :track, :quality, j.id, :work, :codec, :container, :codecs, :file, :etag, :bit_rate, :peak_bandwidth,
	:average_bandwidth, :sample_rate, :channels, :timescale, :priming, :samples, :file_size, :init_size, :index_offset,
	:index_size, :modified_s, :segments
FROM job AS j
WHERE j.id = :job AND j.state = 'running' AND j.lease_owner = :owner
	AND NOT EXISTS (SELECT 1 FROM rendition AS r WHERE r.track = :track AND r.quality = :quality AND r.damage IS NULL)
ON CONFLICT (track, quality) DO UPDATE
SET file_size = excluded.file_size, modified_s = excluded.modified_s, segments = excluded.segments
WHERE growing.job = excluded.job

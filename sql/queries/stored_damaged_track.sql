-- SPDX-License-Identifier: MIT
SELECT track, quality, codec, container, file, bit_rate, sample_rate, channels, damage, damaged_ms, repair_job,
	repaired_ms
FROM rendition
WHERE damage IS NOT NULL AND track = :track
ORDER BY track, bit_rate DESC, quality

-- SPDX-License-Identifier: MIT
UPDATE album_part
SET integrated_lufs = :integrated_lufs, range_lu = :range_lu, momentary_max_lufs = :momentary_max_lufs,
	short_term_max_lufs = :short_term_max_lufs, true_peak_dbtp = :true_peak_dbtp, blocks = :blocks
WHERE track = :track

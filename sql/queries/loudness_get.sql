-- SPDX-License-Identifier: MIT
SELECT integrated_lufs, range_lu, momentary_max_lufs, short_term_max_lufs, true_peak_dbtp, gain_db, applied, filter,
	album, album_lufs, album_peak_dbtp, album_gain_db
FROM loudness
WHERE track = :track

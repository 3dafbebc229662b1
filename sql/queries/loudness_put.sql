-- SPDX-License-Identifier: MIT
INSERT INTO loudness (
	track, integrated_lufs, range_lu, momentary_max_lufs, short_term_max_lufs, true_peak_dbtp, gain_db, applied, filter,
	album, album_lufs, album_peak_dbtp, album_gain_db, blocks
) VALUES (
	:track, :integrated_lufs, :range_lu, :momentary_max_lufs, :short_term_max_lufs, :true_peak_dbtp, :gain_db, :applied,
	:filter, :album, 0, 0, 0, :blocks
)
ON CONFLICT (track) DO NOTHING

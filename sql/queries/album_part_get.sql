-- SPDX-License-Identifier: MIT
SELECT integrated_lufs, range_lu, momentary_max_lufs, short_term_max_lufs, true_peak_dbtp, blocks, gain_db
FROM album_part
WHERE track = :track

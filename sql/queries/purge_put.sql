-- SPDX-License-Identifier: MIT
-- What was asked for before, and is not done yet, stays to be done.
INSERT INTO purge (target, track, files, qualities, asked_ms)
VALUES (:target, :track, :files, :qualities, :now)
ON CONFLICT (target, track) DO UPDATE
SET files = CASE WHEN excluded.files = '' THEN purge.files ELSE excluded.files END,
	qualities = CASE WHEN excluded.qualities = '' THEN purge.qualities ELSE excluded.qualities END,
	asked_ms = MAX(purge.asked_ms + 1, excluded.asked_ms)

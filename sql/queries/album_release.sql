-- SPDX-License-Identifier: MIT
-- Jobs that wait for the album look again.
UPDATE job
SET run_after_ms = :now, updated_ms = :now
WHERE state = 'queued' AND held_by = 'time' AND stage = 'album' AND track IN (
	SELECT track FROM album_part WHERE owner = :owner AND name = :name
)

-- SPDX-License-Identifier: MIT
UPDATE job
SET state = 'queued', stage = 'queued', progress = 0, attempts = 0, cancel_requested = 0, error = NULL,
	rank_ms = rank_ms + (:now - run_after_ms), run_after_ms = :now, updated_ms = :now, started_ms = 0, finished_ms = 0
WHERE id = :id AND state IN ('failed', 'dead', 'cancelled')

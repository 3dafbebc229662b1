-- SPDX-License-Identifier: MIT
SELECT owner, kind, length, metadata, concat, idempotency_key, doubt, created_ms, expires_ms, track, job
FROM resumable
WHERE id = :id

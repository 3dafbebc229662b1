-- SPDX-License-Identifier: MIT
INSERT INTO resumable (id, owner, kind, length, metadata, concat, idempotency_key, doubt, created_ms, expires_ms, track,
	job)
VALUES (:id, :owner, :kind, :length, :metadata, :concat, :idempotency_key, :doubt, :created_ms, :expires_ms, :track,
	:job)
ON CONFLICT (id) DO UPDATE
SET length = excluded.length, doubt = excluded.doubt, expires_ms = excluded.expires_ms, track = excluded.track,
	job = excluded.job

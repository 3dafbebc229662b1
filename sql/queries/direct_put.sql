-- SPDX-License-Identifier: MIT
INSERT INTO direct (id, owner, size, part_size, sha256, filename, fields, created_ms, expires_ms,
	finished_ms)
VALUES (:id, :owner, :size, :part_size, :sha256, :filename, :fields, :created_ms, :expires_ms,
	:finished_ms)
ON CONFLICT (id) DO UPDATE
SET expires_ms = excluded.expires_ms, finished_ms = excluded.finished_ms

-- SPDX-License-Identifier: MIT
INSERT INTO runner (owner, seen_ms) VALUES (:owner, :now)
ON CONFLICT (owner) DO UPDATE SET seen_ms = excluded.seen_ms

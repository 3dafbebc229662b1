-- SPDX-License-Identifier: MIT
INSERT INTO verification (name, after, began_ms, ended_ms)
VALUES (:name, :after, :began, :ended)
ON CONFLICT (name) DO UPDATE
SET after = excluded.after, began_ms = excluded.began_ms, ended_ms = excluded.ended_ms

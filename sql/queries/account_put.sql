-- SPDX-License-Identifier: MIT
INSERT INTO account (name, password, scope, tracks, created_ms)
VALUES (:name, :password, :scope, :tracks, :now)
ON CONFLICT (name) DO UPDATE SET password = excluded.password, scope = excluded.scope, tracks = excluded.tracks

-- SPDX-License-Identifier: MIT
INSERT INTO api_key (id, hash, subject, scope, tracks, expires_s, created_ms)
VALUES (:id, :hash, :subject, :scope, :tracks, :expires, :now)

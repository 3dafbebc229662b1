-- SPDX-License-Identifier: MIT
INSERT INTO refresh_token (hash, family, subject, scope, tracks, expires_s)
VALUES (:hash, :family, :subject, :scope, :tracks, :expires)

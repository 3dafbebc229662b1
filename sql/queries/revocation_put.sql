-- SPDX-License-Identifier: MIT
-- What was revoked once stays so: the later of both times counts.
INSERT INTO revocation (kind, value, before_s, expires_s)
VALUES (:kind, :value, :before, :expires)
ON CONFLICT (kind, value) DO UPDATE
SET before_s = max(revocation.before_s, excluded.before_s), expires_s = max(revocation.expires_s, excluded.expires_s)

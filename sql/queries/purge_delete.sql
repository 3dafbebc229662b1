-- SPDX-License-Identifier: MIT
-- Unless it was asked for again.
DELETE FROM purge
WHERE target = :target AND track = :track AND asked_ms = :asked

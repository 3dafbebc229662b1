-- SPDX-License-Identifier: MIT
-- One asks on trial, and nobody else until :until.
UPDATE breaker
SET state = 'half-open', until_ms = :until
WHERE endpoint = :endpoint AND state <> 'closed' AND until_ms <= :now

-- SPDX-License-Identifier: MIT
-- One asks on trial, and nobody else until :until. A pause that ends after :last was given by a clock that was ahead.
UPDATE breaker
SET state = 'half-open', until_ms = :until
WHERE endpoint = :endpoint AND state <> 'closed' AND (until_ms <= :now OR until_ms > :last)

-- SPDX-License-Identifier: MIT
-- What goes well while it is open was under way.
UPDATE breaker
SET state = 'closed', failures = 0, until_ms = 0, pause_ms = 0
WHERE endpoint = :endpoint AND state <> 'open' AND (state = 'half-open' OR failures > 0)

-- SPDX-License-Identifier: MIT
-- The :most-th failure in a row opens it, and one on trial opens it again for twice as long. What fails while it is open
-- was under way.
INSERT INTO breaker (endpoint, state, failures, until_ms, pause_ms, opened)
VALUES (:endpoint, 'closed', 1, 0, 0, 0)
ON CONFLICT (endpoint) DO UPDATE
SET failures = breaker.failures + 1,
	state = CASE WHEN breaker.state = 'half-open' OR breaker.failures + 1 >= :most THEN 'open' ELSE 'closed' END,
	opened = breaker.opened + CASE WHEN breaker.state = 'half-open' OR breaker.failures + 1 >= :most THEN 1 ELSE 0 END,
	pause_ms = CASE
		WHEN breaker.state <> 'half-open' THEN :pause
		WHEN 2 * breaker.pause_ms > :longest THEN :longest
		ELSE 2 * breaker.pause_ms
	END,
	until_ms = :now + CASE
		WHEN breaker.state <> 'half-open' THEN :pause
		WHEN 2 * breaker.pause_ms > :longest THEN :longest
		ELSE 2 * breaker.pause_ms
	END
WHERE breaker.state <> 'open'

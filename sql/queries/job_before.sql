-- SPDX-License-Identifier: MIT
-- One at work that does the same and began earlier.
SELECT other.id
FROM job AS own JOIN job AS other ON other.kind = own.kind AND other.payload = own.payload
WHERE own.id = :id AND other.class = 'network' AND other.state = 'running'
	AND (other.started_ms, other.id) < (own.started_ms, own.id)
LIMIT 1

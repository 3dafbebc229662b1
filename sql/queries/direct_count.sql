-- SPDX-License-Identifier: MIT
SELECT count(*) FROM direct WHERE owner = :owner AND finished_ms = 0 AND expires_ms > :now

-- SPDX-License-Identifier: MIT
SELECT count(*)
FROM runner
WHERE seen_ms >= :since

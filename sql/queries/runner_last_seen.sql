-- SPDX-License-Identifier: MIT
SELECT COALESCE(max(seen_ms), 0)
FROM runner

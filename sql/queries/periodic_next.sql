-- SPDX-License-Identifier: MIT
SELECT min(next_ms)
FROM periodic

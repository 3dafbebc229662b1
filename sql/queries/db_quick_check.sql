-- SPDX-License-Identifier: MIT
-- The first thing wrong with the file, or "ok".
PRAGMA quick_check(1)

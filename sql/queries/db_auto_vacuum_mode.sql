-- SPDX-License-Identifier: MIT
-- 2 is INCREMENTAL.
PRAGMA auto_vacuum

-- SPDX-License-Identifier: MIT
-- A runner from cron leaves a row each time: those not seen for long go.
DELETE FROM runner
WHERE seen_ms < :before

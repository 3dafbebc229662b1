-- SPDX-License-Identifier: MIT
-- Counts one more; a window that is over begins anew.
INSERT INTO login_attempt (about, value, since_s, count)
VALUES (:about, :value, :now, 1)
ON CONFLICT (about, value) DO UPDATE
SET count = CASE WHEN login_attempt.since_s <= :over THEN 1 ELSE login_attempt.count + 1 END,
	since_s = CASE WHEN login_attempt.since_s <= :over THEN :now ELSE login_attempt.since_s END
RETURNING count, since_s

-- SPDX-License-Identifier: MIT
DELETE FROM login_attempt
WHERE since_s <= :over

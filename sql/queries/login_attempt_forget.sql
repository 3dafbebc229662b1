-- SPDX-License-Identifier: MIT
DELETE FROM login_attempt
WHERE about = :about AND value = :value

-- SPDX-License-Identifier: MIT
SELECT state, failures, until_ms, opened FROM breaker WHERE endpoint = :endpoint

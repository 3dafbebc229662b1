-- SPDX-License-Identifier: MIT
SELECT endpoint, state, until_ms, opened FROM breaker ORDER BY endpoint

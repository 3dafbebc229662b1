-- SPDX-License-Identifier: MIT
SELECT id FROM resumable WHERE expires_ms <= :now ORDER BY expires_ms LIMIT :most

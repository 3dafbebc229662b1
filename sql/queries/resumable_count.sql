-- SPDX-License-Identifier: MIT
SELECT count(*) FROM resumable WHERE owner = :owner AND track IS NULL AND expires_ms > :now

-- SPDX-License-Identifier: MIT
DELETE FROM loudness
WHERE track = :track

-- SPDX-License-Identifier: MIT
-- The next job of the track makes it anew.
DELETE FROM extra
WHERE track = :track AND role = :name AND etag = :etag

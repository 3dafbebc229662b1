-- SPDX-License-Identifier: MIT
SELECT role, etag, file_size, modified_s
FROM extra
WHERE track = :track

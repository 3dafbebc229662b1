-- SPDX-License-Identifier: MIT
DELETE FROM direct WHERE id = :id

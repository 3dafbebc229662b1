-- SPDX-License-Identifier: MIT
DELETE FROM resumable WHERE id = :id

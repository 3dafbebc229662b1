-- SPDX-License-Identifier: MIT
DELETE FROM sending WHERE store = :store AND key = :key

-- SPDX-License-Identifier: MIT
SELECT writes, reads FROM spending WHERE store = :store AND month = :month

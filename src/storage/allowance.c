/* SPDX-License-Identifier: MIT */
#include "storage/allowance.h"

#include "model/spending.h"

static enum err spend(void *context, enum s3_cost cost, struct err_info *info)
{
	const struct allowance *allowance = context;
	struct spending more = {.writes = cost == S3_COST_WRITE, .reads = cost == S3_COST_READ};

	if (cost == S3_COST_FREE)
		return ERR_OK;
	return spending_add(allowance->db, allowance->store, &more, allowance->most_writes,
		clock_seconds(allowance->clock), info);
}

struct s3_budget allowance_budget(struct allowance *allowance)
{
	return (struct s3_budget){spend, allowance};
}

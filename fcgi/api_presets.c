/* SPDX-License-Identifier: MIT */
/*
 * GET /api/v1/presets: what an upload may say of its sound, for forms that offer it. Filters stay with the
 * configuration.
 */
#include "fcgi/api.h"

#include "auth/scope.h"

void api_presets(struct request *request, struct response *response)
{
	const struct conf *conf = responder_of(request)->conf;
	struct jwt_claims claims;
	json_t *names;

	if (!api_claims(request, response, SCOPE_TRACK_WRITE, &claims))
		return;
	names = json_array();
	for (size_t i = 0; i < conf->preset_count; i++)
		json_array_append_new(names, json_string(conf->presets[i].name));
	response_json(response, 200,
		json_pack("{s:o, s:s, s:s}", "presets", names, "preset", conf->preset, "loudness", conf->loudness));
}

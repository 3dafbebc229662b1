/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "auth/jwt.h"
#include "base/id.h"
#include "cli/duration.h"
#include "cli/grantee.h"

#include <string.h>

enum { SUBJECT_MOST = 128, JTI_BYTES = 16 };

static const struct args_option options[] = {
	CLI_OPTIONS,
	GRANTEE_OPTIONS,
	{"subject", 'u', "NAME", "whom it is for"},
	{"ttl", 't', "SPAN", "how long it is good, such as 90s, 15m, 1h or 7d (auth.token_ttl_s)"},
	{"json", 0, NULL, "write JSON for programs"},
	{NULL, 0, NULL, NULL},
};

static enum err print_token(struct cli *cli, const struct args *args, const struct jwt_claims *claims,
	const char *token, struct err_info *info)
{
	char date[CLOCK_TEXT];

	if (args_given(args, "json"))
		return cli_json(cli,
			json_pack("{s:s, s:s, s:s, s:s}", "token", token, "scope", claims->scope, "subject",
				claims->subject, "expires", clock_rfc3339(claims->expires * 1000, date)),
			info);
	fprintf(cli->out.out, "%s\n", token);
	return ERR_OK;
}

static enum err run(struct cli *cli, const struct args *args, struct err_info *info)
{
	const char *subject = args_value(args, "subject"), *ttl = args_value(args, "ttl");
	struct jwt_claims claims = {.subject = subject != NULL ? subject : ""};
	struct grantee grantee;
	char id[2 * JTI_BYTES + 1], *token;
	struct jwt_key *key = NULL;
	struct jwt_policy policy;
	int64_t span = 0;
	enum err err = cli_words(args, 0, 0, info);

	if (err == ERR_OK)
		err = grantee_read(cli, args, NULL, &grantee, info);
	if (err == ERR_OK && strlen(claims.subject) > SUBJECT_MOST)
		err = err_set(info, ERR_BAD_REQUEST, "--subject is longer than %d bytes", SUBJECT_MOST);
	if (err == ERR_OK && ttl != NULL)
		err = duration_parse(ttl, "--ttl", &span, info);
	if (err == ERR_OK)
		err = cli_open_conf(cli, info);
	if (err == ERR_OK)
		err = jwt_key_new(cli->conf->jwt_secret, &key, info);
	if (err != ERR_OK)
		return err;
	claims.scope = grantee.scope;
	claims.bounded = grantee.tracks != NULL;
	claims.tracks = grantee.ids;
	claims.track_count = grantee.id_count;
	id_random_hex(JTI_BYTES, id);
	claims.id = id;
	claims.issued = clock_seconds(NULL);
	claims.expires = claims.issued + (ttl != NULL ? span : cli->conf->token_ttl_s);
	policy = (struct jwt_policy){.issuer = cli->conf->jwt_issuer, .audience = cli->conf->jwt_audience};
	err = jwt_sign(key, &claims, &policy, &cli->arena, &token, info);
	jwt_key_free(key);
	return err == ERR_OK ? print_token(cli, args, &claims, token, info) : err;
}

const struct cli_command cmd_token = {
	.name = "token",
	.arguments = "",
	.summary = "make a token (JWT) for a listener or an uploader",
	.text = "Prints a JSON Web Token signed with auth.jwt_secret. Scopes:\n"
		"  stream:read   listen to private tracks     track:read   see private tracks in the list\n"
		"  track:write   upload, change and delete    jobs:read    see all jobs\n"
		"  jobs:write    submit, retry and cancel jobs  auth:sign   sign addresses for others\n"
		"  auth:revoke   revoke tokens and addresses\n",
	.options = options,
	.run = run,
};

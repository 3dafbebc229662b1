/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "cli/doctor.h"

static const struct args_option options[] = {
	CLI_OPTIONS,
	{"url", 'u', "URL", "ask the live site there what its web server does with requests and answers"},
	{"write", 'w', NULL, "with --url: write the best way of delivery into the configuration"},
	{"json", 0, NULL, "write JSON for programs"},
	{NULL, 0, NULL, NULL},
};

static void check_all(struct doctor *doctor)
{
	if (doctor_configuration(doctor)) {
		doctor_folders(doctor);
		doctor_disk(doctor);
		doctor_limits(doctor);
		if (doctor_database(doctor)) {
			doctor_jobs(doctor);
			doctor_media(doctor);
			doctor_store(doctor);
		}
	}
	doctor_programs(doctor);
	doctor_worker(doctor);
}

static enum err run(struct cli *cli, const struct args *args, struct err_info *info)
{
	struct doctor doctor = {.cli = cli};
	enum err err = cli_words(args, 0, 0, info);

	if (err != ERR_OK)
		return err;
	if (args_given(args, "write") && !args_given(args, "url"))
		return err_set(info, ERR_BAD_REQUEST, "--write needs --url");
	if (args_given(args, "json"))
		doctor.checks = json_array();
	if (!args_given(args, "url"))
		check_all(&doctor);
	else if (doctor_configuration(&doctor))
		err = doctor_url(&doctor, args_value(args, "url"), args_given(args, "write"), info);
	if (doctor.checks != NULL && err != ERR_OK)
		json_decref(doctor.checks);
	else if (doctor.checks != NULL)
		err = cli_json(cli,
			json_pack("{s:b, s:o}", "healthy", doctor.counts[DOCTOR_FAIL] == 0, "checks", doctor.checks),
			info);
	if (err == ERR_OK && doctor.counts[DOCTOR_FAIL] > 0)
		err = err_set(info, ERR_INTERNAL, "%zu of %zu checks failed", doctor.counts[DOCTOR_FAIL],
			doctor.counts[DOCTOR_OK] + doctor.counts[DOCTOR_WARN] + doctor.counts[DOCTOR_FAIL]);
	return err;
}

const struct cli_command cmd_doctor = {
	.name = "doctor",
	.arguments = "",
	.summary = "say what is missing or misconfigured, and how to mend it",
	.text = "Looks at the configuration, the folders, the disk, the database, the jobrunner\n"
		"and the programs, as the user that runs it: run it as the one Tonearm runs as.\n"
		"Changes nothing. Ends with status 1 when a check failed.\n\n"
		"With --url it asks the live site instead, on the machine where its data are:\n"
		"which ways of delivery work, whether uploads and events pass through as they\n"
		"come, how large a body may be, how long an answer may be silent.\n",
	.options = options,
	.run = run,
};

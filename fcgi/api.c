/* SPDX-License-Identifier: MIT */
/* api.fcgi: uploads, tracks, jobs, health and counters. */
#include "fcgi/api.h"

#include "auth/scope.h"

/* A handler without a scope here asks for what it needs itself, as that depends on whose the thing is. */
static const struct route routes[] = {
	{HTTP_POST, "/api/v1/tracks", NULL, api_track_upload},
	{HTTP_GET, "/api/v1/tracks", NULL, api_track_list},
	{HTTP_GET, "/api/v1/tracks/{track}", NULL, api_track_get},
	{HTTP_PATCH, "/api/v1/tracks/{track}", NULL, api_track_patch},
	{HTTP_DELETE, "/api/v1/tracks/{track}", NULL, api_track_delete},
	{HTTP_GET, "/api/v1/tracks/{track}/waveform", NULL, api_track_waveform},
	{HTTP_GET, "/api/v1/tracks/{track}/waveform.{format}", NULL, api_track_waveform},
	{HTTP_GET, "/api/v1/tracks/{track}/cover", NULL, api_track_cover},
	{HTTP_OPTIONS, "/uploads", NULL, api_tus_options},
	{HTTP_POST, "/uploads", NULL, api_tus_create},
	{HTTP_OPTIONS, "/uploads/{upload}", NULL, api_tus_options},
	{HTTP_HEAD, "/uploads/{upload}", NULL, api_tus_head},
	{HTTP_PATCH, "/uploads/{upload}", NULL, api_tus_patch},
	{HTTP_DELETE, "/uploads/{upload}", NULL, api_tus_delete},
	{HTTP_POST, "/uploads/{upload}", NULL, api_tus_override},
	{HTTP_POST, "/api/v1/uploads", NULL, api_direct_create},
	{HTTP_GET, "/api/v1/uploads/{upload}", NULL, api_direct_get},
	{HTTP_POST, "/api/v1/uploads/{upload}/finish", NULL, api_direct_finish},
	{HTTP_GET, "/api/v1/presets", NULL, api_presets},
	{HTTP_POST, "/internal/jobs/transcode", NULL, api_job_submit},
	{HTTP_GET, "/internal/jobs", SCOPE_JOBS_READ, api_job_list},
	{HTTP_GET, "/internal/jobs/{job}", NULL, api_job_get},
	{HTTP_GET, "/internal/jobs/{job}/events", NULL, api_job_events},
	{HTTP_POST, "/internal/jobs/{job}/retry", SCOPE_JOBS_WRITE, api_job_retry},
	{HTTP_POST, "/internal/jobs/{job}/cancel", SCOPE_JOBS_WRITE, api_job_cancel},
	{HTTP_POST, "/internal/probe/body", SCOPE_SITE_PROBE, api_probe_body},
	{HTTP_GET, "/internal/probe/drip", SCOPE_SITE_PROBE, api_probe_drip},
	{HTTP_GET, "/robots.txt", NULL, api_robots},
	{HTTP_GET, "/health", NULL, api_health},
	{HTTP_GET, "/healthz", NULL, api_health},
	{HTTP_GET, "/readyz", NULL, api_ready},
	{HTTP_GET, "/metrics", NULL, api_metrics},
};

int main(int argc, char **argv)
{
	return responder_run(argc, argv, "api", "Answers for uploads, tracks, jobs, health and counters.", routes,
		sizeof routes / sizeof *routes);
}

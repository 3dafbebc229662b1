/* SPDX-License-Identifier: MIT */
/*
 * The job that brings the source of a track from elsewhere (storage/fetch_order.h), work of network.h:
 *
 *     s3://bucket/key ──► the store ──┐
 *     parts in store.incoming ──► it ─┤
 *     https://host/path ──► download ─┴─► spool ──► ingest_fetched(): looked at as an upload, in its place
 *
 * The job that makes the renditions needs this one. What is interrupted begins anew.
 */
#ifndef TONEARM_JOBS_FETCH_JOB_H
#define TONEARM_JOBS_FETCH_JOB_H

#include "jobs/network.h"

network_work fetch_work;

#endif

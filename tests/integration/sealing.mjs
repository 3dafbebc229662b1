// SPDX-License-Identifier: MIT
// While the disk makes a finished job wait, the jobrunner goes on: other jobs are worked on, leases are renewed, and a
// cancelled or stopped job ends. The disk is stopped by tests/slow_disk.c.

import assert from "node:assert/strict";
import {existsSync} from "node:fs";
import fs from "node:fs/promises";
import {describe, it} from "node:test";
import {GOOD, Library, QUALITIES, stoppedDisk, until} from "./lib/library.mjs";

/** A test with a library, a runner and a job whose files the disk does not take, until release() is called. */
function withStoppedDisk(name, test) {
	it(name, {timeout: 60000}, async () => {
		const library = await Library.make();
		const stopper = library.path("stopped");
		try {
			await fs.writeFile(stopper, "");
			const {track, job} = await library.add(GOOD);
			const runner = library.runner([], undefined, stoppedDisk(stopper, `/spool/job-${job}`));
			await until("the disk to stop the job", () => existsSync(`${stopper}.seen`));
			await test({library, track, job, runner, release: () => fs.rm(stopper, {force: true})});
		} finally {
			await fs.rm(stopper, {force: true});
			await library.stop();
		}
	});
}

const lease = async (library, job) => Number(await library.sql(`SELECT lease_expires_ms FROM job WHERE id = '${job}'`));

describe("a job whose files the disk keeps waiting", {concurrency: 2}, () => {
	withStoppedDisk("does not hold up others, and keeps its lease", async ({library, track, job, release}) => {
		const other = await library.add(GOOD);
		assert.equal((await library.jobIn(other.job, "done", "dead")).state, "done");
		const before = await lease(library, job);
		await until("the lease to be renewed", async () => await lease(library, job) > before);
		const row = await library.job(job);
		assert.deepEqual([row.state, row.stage, row.attempts], ["running", "publish", 1]);
		assert.deepEqual((await library.track(track)).renditions, []);
		await release();
		await library.jobIn(job, "done");
		const {renditions} = await library.track(track);
		assert.deepEqual(renditions.map(({quality}) => quality).sort(), QUALITIES);
		assert.ok(renditions.every(({whole}) => whole));
	});

	withStoppedDisk("is cancelled", async ({library, track, job, runner, release}) => {
		await library.fixture("cancel", job);
		const before = await lease(library, job);
		await until("the runner to hear of it", async () => await lease(library, job) > before);
		await release();
		await library.jobIn(job, "cancelled");
		assert.deepEqual((await library.track(track)).renditions, []);
		assert.ok(runner.running);
	});

	withStoppedDisk("is handed back when its runner stops, without the disk", async ({library, job, runner, release}) => {
		runner.kill("SIGTERM");
		const row = await library.jobIn(job, "queued", "done", "dead");
		assert.deepEqual([row.state, row.attempts], ["queued", 0]);
		await release();
		assert.deepEqual(await runner.ended, {code: 0, signal: null});
		assert.deepEqual(await library.workFolders(), []);
	});
});

// SPDX-License-Identifier: MIT
// The jobrunner and time: a clock that is set back, and a database that grows old.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import {describe} from "node:test";
import {GOOD, shiftedClock, until, withLibrary} from "./lib/library.mjs";

const HOUR_MS = 3600000;

async function turnClock(library, ms) {
	await fs.writeFile(library.path("clock.new"), String(ms));
	await fs.rename(library.path("clock.new"), library.path("clock"));
}

describe("upkeep", {concurrency: 3}, () => {
	withLibrary("a clock that is set back does not keep a job with a runner that is dead", {}, async library => {
		await turnClock(library, 5 * HOUR_MS);
		const env = shiftedClock(library.path("clock"));
		const {job} = await library.add([`count ${library.path("runs")}`, "source", "progress 0.1",
			`touch ${library.path("first")}`, `wait ${library.path("go")}`, ...GOOD.slice(1)]);
		const first = library.runner([], undefined, env);
		await library.workerId("first");
		first.kill("SIGKILL");
		await first.ended;
		await turnClock(library, 0);
		await fs.writeFile(library.path("go"), "");
		const second = library.runner([], undefined, env);
		const row = await library.jobIn(job, "done", "dead");
		assert.deepEqual([row.state, row.attempts], ["done", 2]);
		assert.match(await second.text(), /the clock was ahead/);
	});

	/* A real clock turns for all at once, this one between the look at the clock and the claim: so few are made. */
	withLibrary("nor does it take one from a runner that lives", {jobs: {workers: 1, poll_ms: 1000}}, async library => {
		await turnClock(library, 5 * HOUR_MS);
		const env = shiftedClock(library.path("clock"));
		const {job} = await library.add(["source", `touch ${library.path("first")}`,
			...Array(2000).fill(["progress 0.2", "nap 100"]).flat()]);
		library.runner([], undefined, env);
		await library.workerId("first");
		const second = library.runner([], undefined, env);
		await until("the second to be there", async () => (await second.text()).includes("jobrunner started"));
		await turnClock(library, 0);
		/* A job that was submitted before is still done, and what is periodic is not hours away. */
		const other = await library.add(GOOD);
		await library.jobIn(other.job, "done");
		await until("the plans to come nearer", async () => Number(await library.sql(
			"SELECT max(next_ms) FROM periodic WHERE name = 'prune-jobs'")) <= Date.now() + 2 * HOUR_MS);
		assert.deepEqual((({state, attempts}) => [state, attempts])(await library.job(job)), ["running", 1]);
	});

	withLibrary("logs that have grown are turned over", {}, async library => {
		const log = library.path("tonearm.log"), access = library.path("access.log");
		const read = name => fs.readFile(name, "utf8").catch(() => null);
		await library.configure({log: {file: log, access_file: access, size: "1K"}});
		await fs.writeFile(access, "short\n");
		for (const number of ["", ".1", ".4"])
			await fs.writeFile(`${log}${number}`, `${number}\n`.repeat(2000));
		await turnClock(library, 2 * HOUR_MS);
		assert.equal((await library.drain()).code, 0);
		assert.equal((await library.runner(["--drain"], undefined, shiftedClock(library.path("clock"))).ended).code, 0);
		assert.ok((await read(`${log}.1`)).startsWith("\n".repeat(2000)));
		assert.equal(await read(`${log}.2`), ".1\n".repeat(2000));
		assert.deepEqual([await read(`${log}.3`), await read(`${log}.5`)], [null, null]);
		assert.match(await read(log), /^\{"time".*jobrunner stopped"\}\n$/s);
		assert.deepEqual([await read(access), await read(`${access}.1`)], ["short\n", null]);
	});

	withLibrary("an old database learns to give space back", {}, async library => {
		await library.sql("PRAGMA journal_mode = delete; PRAGMA auto_vacuum = 0; VACUUM");
		assert.equal(await library.sql("PRAGMA auto_vacuum"), "0\n");
		assert.equal((await library.drain()).code, 0);
		await turnClock(library, 48 * HOUR_MS);
		assert.equal((await library.runner(["--drain"], undefined, shiftedClock(library.path("clock"))).ended).code, 0);
		assert.equal(await library.sql("PRAGMA auto_vacuum"), "2\n");
		assert.equal(await library.sql("PRAGMA integrity_check"), "ok\n");
	});
});

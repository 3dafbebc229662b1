// SPDX-License-Identifier: MIT
// Two hundred jobs and four jobrunners, and everything goes wrong: runners and workers are killed with SIGKILL or stopped
// for longer than a lease, the database is locked for seconds, the disk is full, the clock jumps, sources are cut short or
// gone. In the end every job is done, or dead with a reason that is true, and nothing else is left behind.
//
// A slow machine gets less mischief, not less work done: it keeps step with the jobs that are begun.
//
// What happens is drawn from a seed, which is printed: CHAOS_SEED=N repeats the draws.

import assert from "node:assert/strict";
import {execFile, spawnSync} from "node:child_process";
import {existsSync} from "node:fs";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import {it} from "node:test";
import {promisify} from "node:util";
import {FAKE_WORKER, Library, REAL_WORKER, shiftedClock} from "./lib/library.mjs";
import {wav} from "./lib/noise.mjs";
import {pause} from "./lib/tools.mjs";

const run = promisify(execFile);
const JOBS = 200;
const RUNNERS = 4;
const CHAOS_MS = 30000;
/* Between two acts of mischief so many jobs are begun, or so much time passes. */
const BEGUN = 2;
const STEP_MS = 2000;
/* Where nothing happens for so long something hangs. */
const PATIENCE_MS = 60000;
const MINUTE_MS = 60000;
const RATE = 44100;

/* A small disk needs a mount that nobody else sees: the test runs again in a name space of its own. */
const canMount = process.getuid() === 0 && spawnSync("unshare", ["-m", "true"]).status === 0;
if (canMount && process.env.CHAOS_MOUNTS === undefined) {
	const {status} = spawnSync("unshare", ["-m", process.execPath, ...process.execArgv, ...process.argv.slice(1)],
		{stdio: "inherit", env: {...process.env, CHAOS_MOUNTS: "own"}});
	process.exit(status ?? 1);
}

const seed = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 0x7fffffff));

/** Numbers from 0 to 1 (mulberry32): small, good enough, and the same everywhere. */
function numbers(state) {
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
	};
}

const between = (random, least, most) => Math.floor(least + random() * (most - least + 1));

/* One of TABLE, [[weight, value], ...]. */
function choose(random, table) {
	let at = random() * table.reduce((sum, [weight]) => sum + weight, 0);
	for (const [weight, value] of table) {
		at -= weight;
		if (at < 0)
			return value;
	}
	return table.at(-1)[1];
}

/* What the monkey may do to any job, in the words of who noticed. */
const HARM = [
	/^the worker was killed by signal 9 \(out of memory\?\)$/,
	/^the runner stopped without a word in the last attempt, in the stage "[a-z]+"$/,
	/^the worker said nothing for \d+ seconds$/,
	/^the worker ended with status 70 and without a result$/,
	/[Nn]o space left/,
	/no room|disk is full/i,
];

/* What a job is, and how it may end: with RIGHT false it can only be dead; SAYS is why it would be. */
const good = random => {
	const naps = Array.from({length: between(random, 1, 4)}, () => ["progress 0.5", `nap ${between(random, 20, 300)}`]);
	return {right: true, script: ["source", ...naps.flat(), `make ${RATE}`, `done ${RATE}`]};
};
const KINDS = [
	[60, good],
	[8, () => ({right: true, sound: true})],
	[6, random => ({...good(random), cut: true, says: /./})],
	[3, random => ({...good(random), lost: true, says: /^the source file is not there any more$/})],
	[3, random => ({...good(random), cancelled: true, says: /^the job was cancelled$/})],
	[4, () => ({right: false, script: ["source", "nap 50", "failed unprocessable There is no sound in it."],
		says: /^There is no sound in it\.$/})],
	[4, () => ({right: false, script: ["source", "nap 50", "raise 11"], says: /^the worker was killed by signal 11 /})],
	[4, () => ({right: false, script: ["source", `make ${RATE}`, "halve", `done ${RATE}`], says: /./})],
	[4, () => ({right: false, script: ["source", "hang"], says: /^the worker said nothing for \d+ seconds$/})],
	[4, () => ({right: false, script: ["say hello"], says: /^the worker broke the protocol: /})],
];

class Site {
	#clock = 0;
	#runners = Array(RUNNERS);
	#faults = [];
	#over = false;
	#published = new Map();
	jobs = [];

	static async make() {
		const site = new Site();
		site.data = await fs.mkdtemp(path.join(os.tmpdir(), "tonearm-disk-"));
		if (canMount)
			await run("mount", ["-t", "tmpfs", "-o", "size=64m,mode=0750", "tmpfs", site.data]);
		site.library = await Library.make({
			storage: {data_dir: site.data},
			db: {busy_ms: 2000},
			jobs: {poll_ms: 200, workers: 2, lease_s: 5, max_attempts: 8},
		});
		site.env = shiftedClock(site.library.path("clock"));
		await site.turnClock(0);
		return site;
	}

	async turnClock(ms) {
		this.#clock += ms;
		await fs.writeFile(this.library.path("clock.new"), String(this.#clock));
		await fs.rename(this.library.path("clock.new"), this.library.path("clock"));
	}

	start(slot) {
		const runner = this.library.runner(["--silence", "2s"], FAKE_WORKER, this.env);
		this.#runners[slot] = runner;
		runner.ended.then(async ({signal}) => {
			/* SIGTERM may end one that has not begun: it holds nothing yet. */
			const harmless = signal === "SIGTERM" && !(await runner.text()).includes("jobrunner started");
			if (signal !== null && signal !== "SIGKILL" && !harmless)
				this.#faults.push(`a jobrunner was ended by ${signal}`);
			/* One that finds the database locked or the disk full says so and ends: who started it tries again. */
			if (!this.#over)
				setTimeout(() => this.#over || this.start(slot), 200);
		});
	}

	startAll() {
		for (let slot = 0; slot < RUNNERS; slot++)
			this.start(slot);
	}

	runner(slot) {
		return this.#runners[slot];
	}

	async stopAll() {
		this.#over = true;
		await Promise.all(this.#runners.map(runner => runner.stop()));
	}

	async workers(slot) {
		const {pid} = this.#runners[slot].child;
		const text = await fs.readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
		return text.trim().split(" ").filter(Boolean).map(Number);
	}

	async add(random, sound) {
		const kind = choose(random, KINDS)(random);
		const added = kind.sound ? await this.library.fixture("add", sound, "low")
			: await this.library.add(kind.script, "high", "low");
		const source = path.join(this.data, "source", `${added.track}.bin`);
		if (kind.cut)
			await fs.truncate(source, between(random, 0, 60)).catch(() => {});
		if (kind.lost)
			await fs.rm(source, {force: true});
		if (kind.cancelled)
			await this.library.fixture("cancel", added.job).catch(() => {});
		this.jobs.push({...kind, ...added, qualities: kind.sound ? ["low"] : ["high", "low"]});
	}

	all() {
		return this.library.fixture("all");
	}

	/** What SQLite's own shell answers to STATEMENT, as lines. */
	async sql(statement) {
		const {stdout} = await run("sqlite3", ["-cmd", ".timeout 30000", path.join(this.data, "tonearm.db"), statement]);
		return stdout.trim().split("\n");
	}

	/** How often a job of ours was begun. */
	async begun() {
		return Number(await this.sql(`SELECT count(*) FROM job_event AS e JOIN job ON job.id = e.job
			WHERE kind = 'transcode' AND event = 'claimed'`));
	}

	/** Waits until our jobs are over, as long as anything happens to them. Nobody waits for second tries. */
	async calm() {
		let last, since;
		for (;;) {
			await this.sql("UPDATE job SET run_after_ms = 0 WHERE kind = 'transcode' AND state = 'queued' AND held_by = 'time'");
			const [left, events] = await this.sql(`SELECT count(*) FROM job WHERE kind = 'transcode' AND finished_ms = 0;
				SELECT count(*) FROM job_event AS e JOIN job ON job.id = e.job WHERE kind = 'transcode'`);
			if (left === "0")
				return;
			if (events !== last)
				[last, since] = [events, Date.now()];
			if (Date.now() - since > PATIENCE_MS)
				throw new Error(`nothing happens any more, and ${left} jobs are left`);
			await pause(500);
		}
	}

	/** What is published is whole, and stays the very file it was: a second completion would show. */
	async look() {
		for (const track of (await this.all()).tracks) {
			for (const {file, whole, quality} of track.renditions) {
				const name = path.join(this.data, "media", track.id, file);
				const {ino} = await fs.stat(name);
				if (!whole)
					this.#faults.push(`${track.id}: ${quality} is not whole`);
				if ((this.#published.get(name) ?? ino) !== ino)
					this.#faults.push(`${track.id}: ${quality} was published twice`);
				this.#published.set(name, ino);
			}
		}
	}

	faults() {
		return this.#faults;
	}

	async remove() {
		this.#over = true;
		await this.library.stop();
		if (canMount)
			await run("umount", [this.data]);
		await fs.rm(this.data, {recursive: true, force: true});
	}
}

/* What the monkey can do. Each takes its time; only those that are `alone` never overlap themselves. */
const MISCHIEF = {
	async killWorker(site, random) {
		const workers = await site.workers(between(random, 0, RUNNERS - 1));
		if (workers.length > 0)
			process.kill(workers[between(random, 0, workers.length - 1)], "SIGKILL");
	},
	async killRunner(site, random) {
		site.runner(between(random, 0, RUNNERS - 1)).kill("SIGKILL");
	},
	async endRunner(site, random) {
		site.runner(between(random, 0, RUNNERS - 1)).kill("SIGTERM");
	},
	async stopRunner(site, random) {
		const runner = site.runner(between(random, 0, RUNNERS - 1));
		runner.kill("SIGSTOP");
		await pause(between(random, 1000, 7000));
		runner.kill("SIGCONT");
	},
	async lockDatabase(site, random) {
		await site.library.fixture("lock", String(between(random, 500, 4000)));
	},
	async fillDisk(site, random) {
		const filler = path.join(site.data, "filler");
		const block = Buffer.alloc(1 << 20, 1);
		for (let i = 0; canMount && i < 128; i++) {
			if (await fs.appendFile(filler, block).then(() => false, () => true))
				break;
		}
		await pause(between(random, 500, 3000));
		await fs.rm(filler, {force: true});
	},
	async turnClock(site, random) {
		await site.turnClock(between(random, -MINUTE_MS / 2, 2 * MINUTE_MS));
	},
};
const WEIGHTS = [[30, "killWorker"], [18, "killRunner"], [8, "endRunner"], [5, "stopRunner"], [6, "lockDatabase"],
	[6, "fillDisk"], [6, "turnClock"]];

/* While the database cannot be asked nothing is begun either. */
async function keepStep(site, before) {
	const end = Date.now() + STEP_MS;
	while (Date.now() < end && await site.begun().catch(() => before) < before + BEGUN)
		await pause(50);
}

async function wreak(site, random) {
	const end = Date.now() + CHAOS_MS;
	const busy = new Map();
	const done = {};
	/* Nothing may be left out. */
	while (Date.now() < end || Object.keys(done).length < WEIGHTS.length) {
		const begun = await site.begun().catch(() => 0);
		const name = choose(random, WEIGHTS);
		if (!busy.has(name)) {
			done[name] = (done[name] ?? 0) + 1;
			busy.set(name, MISCHIEF[name](site, random).catch(() => {}).finally(() => busy.delete(name)));
		}
		await pause(between(random, 50, 250));
		await keepStep(site, begun);
	}
	await Promise.all(busy.values());
	return done;
}

function judgeJob(job, expected) {
	const {state, error} = job;
	const ends = job.history.filter(({event}) => ["done", "dead", "cancelled"].includes(event));
	const last = job.history.at(-1);
	assert.equal(ends.filter(({event}) => event === "done").length, state === "done" ? 1 : 0, "done once");
	assert.equal(last.event, state, "nothing happens after the end");
	if (state === "done") {
		assert.ok(expected.right || expected.cut, "it could not be done");
	} else if (state === "cancelled") {
		assert.ok(expected.cancelled, "nobody cancelled it");
	} else {
		assert.equal(state, "dead");
		assert.ok([...HARM, ...(expected.says ? [expected.says] : [])].some(reason => reason.test(error)), error);
	}
}

function judgeTrack(track, job, expected) {
	if (job.state === "done") {
		assert.equal(track.state, "ready");
		assert.deepEqual(track.renditions.map(({quality}) => quality).sort(), expected.qualities);
		assert.ok(track.renditions.every(({whole}) => whole));
	} else {
		assert.equal(track.state, "failed");
		assert.ok(track.failure.length > 0);
		assert.deepEqual(track.renditions, []);
	}
}

/* Files of the library that no row names. */
async function orphans(site, tracks) {
	const found = [];
	const known = new Map(tracks.map(track => [track.id, track]));
	for (const id of await fs.readdir(path.join(site.data, "media"))) {
		const names = (known.get(id)?.renditions ?? []).map(({file}) => file);
		for (const file of await fs.readdir(path.join(site.data, "media", id))) {
			/* What is no rendition is an extra: the worker's own test looks at those. */
			if (!names.includes(file) && file.endsWith(".mp4"))
				found.push(`media/${id}/${file}`);
		}
	}
	for (const file of await fs.readdir(path.join(site.data, "spool")))
		found.push(`spool/${file}`);
	for (const file of await fs.readdir(path.join(site.data, "source"))) {
		if (known.get(file.split(".")[0])?.source_file !== file)
			found.push(`source/${file}`);
	}
	return found;
}

it("every job ends, once and for a reason", {timeout: 600000}, async test => {
	test.diagnostic(`CHAOS_SEED=${seed}`);
	test.diagnostic(canMount ? "with a disk that fills up" : "without a full disk: only root may mount one");
	const site = await Site.make();
	const looking = {over: false};
	try {
		const random = numbers(seed), mischief = numbers(seed ^ 0x5bd1e995);
		const sound = site.library.path("sound.wav");
		if (existsSync(REAL_WORKER))
			await fs.writeFile(sound, wav(1));
		else
			await fs.writeFile(sound, `source\nmake ${RATE}\ndone ${RATE}\n`);
		for (let i = 0; i < JOBS; i++)
			await site.add(random, sound);
		site.startAll();
		const looks = (async () => {
			while (!looking.over) {
				await site.look();
				await pause(1000);
			}
		})();
		const done = await wreak(site, mischief);
		test.diagnostic(Object.entries(done).map(([name, count]) => `${name} ${count}`).join(", "));
		await site.calm();
		looking.over = true;
		await looks;
		await site.stopAll();
		await site.turnClock(180 * MINUTE_MS);
		const last = await site.library.runner(["--drain"], FAKE_WORKER, site.env).ended;
		assert.deepEqual(last, {code: 0, signal: null});
		await site.look();
		const {jobs, tracks} = await site.all();
		const byId = new Map(jobs.map(job => [job.id, job])), trackById = new Map(tracks.map(track => [track.id, track]));
		const wrong = [];
		for (const expected of site.jobs) {
			const job = byId.get(expected.job);
			try {
				judgeJob(job, expected);
				judgeTrack(trackById.get(expected.track), job, expected);
			} catch (error) {
				wrong.push(`${error.message}: ${JSON.stringify({expected, job})}`);
			}
		}
		const count = state => jobs.filter(job => job.state === state).length;
		const reasons = new Map();
		for (const {error} of jobs.filter(({state}) => state === "dead"))
			reasons.set(error, (reasons.get(error) ?? 0) + 1);
		for (const [reason, times] of reasons)
			test.diagnostic(`dead, ${times} times: ${reason}`);
		const tries = jobs.flatMap(({history}) => history.filter(({event}) => event === "claimed")).length;
		test.diagnostic(`${tries} attempts; ${count("done")} done, ${count("dead")} dead, ${count("cancelled")} cancelled`);
		assert.deepEqual(wrong, []);
		assert.deepEqual(site.faults(), []);
		assert.equal(site.jobs.length, JOBS);
		assert.ok(count("done") > JOBS / 2, "most of what can be done was");
		assert.deepEqual(await orphans(site, tracks), []);
		assert.deepEqual(await site.sql("PRAGMA integrity_check; PRAGMA foreign_key_check;"), ["ok"]);
	} finally {
		looking.over = true;
		await site.remove();
	}
});

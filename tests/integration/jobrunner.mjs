// SPDX-License-Identifier: MIT
// The real jobrunner with a worker that misbehaves on request (tests/fake_worker.c), and with the real one: whatever
// dies, hangs or lies, a job ends as it should, and listeners see all of its renditions or none.

import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import {existsSync} from "node:fs";
import fs from "node:fs/promises";
import {describe} from "node:test";
import {EXTRAS, QUALITIES, REAL_WORKER, SAMPLES, Watcher, isAlive, shiftedClock, until, withLibrary} from "./lib/library.mjs";
import {wav} from "./lib/noise.mjs";
import {pause} from "./lib/tools.mjs";

const GOOD = ["source", "progress 0.5", `make ${SAMPLES}`, `done ${SAMPLES}`];

/* A worker that is busy for longer than any test. */
const BUSY = Array(3000).fill(["progress 0.2", "nap 100"]).flat();

/* Tells the test that the worker came so far, and waits for its word. */
const pausing = library => [`touch ${library.path("first")}`, `wait ${library.path("go")}`];

/** Takes the write lock of the database; gives what lets go of it. */
async function holdDatabase(library) {
	const held = library.path("held"), shell = execFile("sqlite3", [library.path("data", "tonearm.db")]);
	shell.stdin.end(`.timeout 30000\nBEGIN IMMEDIATE;\n.shell touch ${held}\n.shell while [ -e ${held} ]; do sleep 0.05; done\n`);
	await until("the lock", () => existsSync(held));
	return () => fs.rm(held);
}

/* Stops RUNNER where it does not hold the lock of the database, which would stop all others. */
async function stopBetweenWrites(library, runner) {
	const isFree = () => new Promise(resolve =>
		execFile("sqlite3", [library.path("data", "tonearm.db"), "BEGIN IMMEDIATE; ROLLBACK"], failure => resolve(!failure)));
	for (runner.kill("SIGSTOP"); !await isFree(); runner.kill("SIGSTOP")) {
		runner.kill("SIGCONT");
		await pause(50);
	}
}

const qualities = track => track.renditions.map(rendition => rendition.quality).sort();

describe("jobrunner", {concurrency: 3}, () => {
	withLibrary("publishes what a worker made", {}, async library => {
		const {track, job} = await library.add([`look ${library.path("seen")}`, ...GOOD]);
		assert.deepEqual(await library.drain(), {code: 0, signal: null});
		const row = await library.job(job);
		assert.equal(row.state, "done");
		assert.equal(row.attempts, 1);
		const published = await library.track(track);
		assert.equal(published.state, "ready");
		assert.equal(published.title, "A fake");
		assert.equal(published.year, 1999);
		assert.equal(published.duration_ms, 10000);
		assert.deepEqual(qualities(published), QUALITIES);
		assert.ok(published.renditions.every(rendition => rendition.whole && rendition.samples === SAMPLES));
		assert.deepEqual(await library.workFolders(), []);
		assert.equal((await fs.stat(library.path("data", "media", track))).mode & 0o7777, 0o750);
		for (const {file} of published.renditions)
			assert.equal((await fs.stat(library.path("data", "media", track, file))).mode & 0o7777, 0o640);
		const metrics = await library.fixture("metrics");
		assert.match(metrics, /^tonearm_jobs_finished_total\{kind="transcode",state="done"\} 1$/m);
		assert.match(metrics, /^tonearm_job_duration_seconds_count\{kind="transcode"\} 1$/m);
	});

	withLibrary("gives the worker its descriptors and nothing else", {}, async library => {
		await library.add([`look ${library.path("seen")}`, ...GOOD], "high", "low");
		process.env.TONEARM_TEST_SECRET = "x";
		await library.drain();
		const seen = (await fs.readFile(library.path("seen"), "utf8")).trim().split("\n");
		const numbers = [0, 2, 3, 4, 5, 6, ...Array.from({length: EXTRAS}, (_, i) => 7 + i)].map(number => `fd ${number}`);
		assert.deepEqual(seen, [...numbers, "env PATH=/usr/bin:/bin", "session 1"]);
	});

	withLibrary("writes down what the worker noticed", {}, async library => {
		const {job} = await library.add(["source", 'say {"event":"notice","detail":"the cover is damaged"}', ...GOOD.slice(1)]);
		await library.drain();
		const {jobs} = await library.fixture("all");
		const {state, history} = jobs.find(({id}) => id === job);
		assert.equal(state, "done");
		assert.ok(history.some(({event, detail}) => event === "note" && detail === "the cover is damaged"));
	});

	withLibrary("keeps what was made while somebody holds the database", {db: {busy_ms: 20}, jobs: {lease_s: 60}}, async library => {
		const {track, job} = await library.add(["source", `make ${SAMPLES}`, ...pausing(library), `done ${SAMPLES}`]);
		const runner = library.runner();
		await library.workerId("first");
		const release = await holdDatabase(library);
		await fs.writeFile(library.path("go"), "");
		await until("publishing to be put off", async () => (await runner.text()).includes("publishing waits for the database"));
		await release();
		const row = await library.jobIn(job, "done", "dead");
		assert.deepEqual([row.state, row.attempts, row.error], ["done", 1, null]);
		assert.deepEqual(qualities(await library.track(track)), QUALITIES);
		assert.deepEqual(await library.workFolders(), []);
	});

	withLibrary("jobs that a newer program left end with a reason", {}, async library => {
		await library.sql(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
			INSERT INTO job (id, kind, class, payload, submitter, state, priority, rank_ms, attempts, max_attempts, run_after_ms,
				lease_expires_ms, progress, stage, speed, cancel_requested, created_ms, updated_ms, started_ms, finished_ms)
			SELECT printf('%026d', i), 'brew-coffee', 'network', '{}', '', 'queued', 0, 0, 0, 3, 1, 0, 0, 'queued', 0, 0, 1, 1, 0, 0 FROM n`);
		assert.equal((await library.drain()).code, 0);
		assert.equal(await library.sql("SELECT state, error, count(*) FROM job GROUP BY 1, 2"),
			"dead|this jobrunner knows no such job: brew-coffee|20\n");
	});

	withLibrary("makes only the renditions that are missing", {}, async library => {
		const {track} = await library.add(GOOD, "high");
		await library.drain();
		const [first] = (await library.track(track)).renditions;
		const file = library.path("data", "media", track, "high.mp4");
		const {ino} = await fs.stat(file);
		const more = await library.fixture("more", track);
		await library.drain();
		assert.equal((await library.job(more.job)).state, "done");
		const after = await library.track(track);
		assert.deepEqual(qualities(after), QUALITIES);
		assert.deepEqual(after.renditions.find(rendition => rendition.quality === "high"), first);
		assert.equal((await fs.stat(file)).ino, ino);
		const again = await library.fixture("more", track);
		await fs.rm(library.path("data", "source"), {recursive: true});
		await library.drain();
		assert.equal((await library.job(again.job)).state, "done", "nothing was missing");
	});

	withLibrary("does not keep the source when it is not wanted", {media: {keep_source: false}}, async library => {
		const {track} = await library.add(GOOD);
		await library.drain();
		const after = await library.track(track);
		assert.equal(after.state, "ready");
		assert.equal(after.source_file, null);
		assert.deepEqual(await fs.readdir(library.path("data", "source")), []);
	});

	withLibrary("survives kill -9 of the worker", {}, async library => {
		const {track, job} = await library.add(["source", "progress 0.1", `make ${SAMPLES}`, "halve",
			...pausing(library), `make ${SAMPLES}`, `done ${SAMPLES}`]);
		const watcher = new Watcher(library, track, 4);
		library.runner();
		process.kill(await library.workerId("first"), "SIGKILL");
		const failed = await until("the failure", async () => (await library.job(job)).error);
		assert.equal(failed, "the worker was killed by signal 9 (out of memory?)");
		assert.equal((await library.track(track)).state, "pending");
		await fs.writeFile(library.path("go"), "");
		assert.equal((await library.jobIn(job, "done", "dead")).attempts, 2);
		assert.deepEqual(await watcher.complaints(), []);
		assert.equal((await library.track(track)).state, "ready");
	});

	withLibrary("survives kill -9 of itself, and takes the worker along", {}, async library => {
		const {track, job} = await library.add(["source", "progress 0.1", `make ${SAMPLES}`, "halve",
			...pausing(library), `make ${SAMPLES}`, `done ${SAMPLES}`]);
		const watcher = new Watcher(library, track, 4);
		const runner = library.runner();
		const worker = await library.workerId("first");
		runner.kill("SIGKILL");
		await runner.ended;
		await until("the end of the worker", () => !isAlive(worker));
		assert.equal((await library.job(job)).state, "running");
		assert.equal((await library.workFolders()).length, 1);
		await fs.writeFile(library.path("go"), "");
		library.runner();
		assert.equal((await library.jobIn(job, "done", "dead")).attempts, 2);
		assert.deepEqual(await watcher.complaints(), []);
		assert.equal((await library.track(track)).state, "ready");
	});

	withLibrary("shares the table with others: each job runs once", {jobs: {workers: 4}}, async library => {
		const jobs = [];
		for (let i = 0; i < 12; i++) {
			const runs = library.path(`runs-${i}`);
			jobs.push({...await library.add([`count ${runs}`, ...GOOD], "high", "low"), runs});
		}
		for (let i = 0; i < 3; i++)
			library.runner();
		for (const {track, job, runs} of jobs) {
			const row = await library.jobIn(job, "done", "dead");
			assert.deepEqual([row.state, row.attempts], ["done", 1]);
			assert.equal(await fs.readFile(runs, "utf8"), "run\n");
			assert.ok((await library.track(track)).renditions.every(rendition => rendition.whole));
		}
	});

	withLibrary("leaves alone what another took over while it was stopped", {}, async library => {
		const {track, job} = await library.add(["source", "progress 0.1", `make ${SAMPLES}`,
			...pausing(library), "progress 0.9", `done ${SAMPLES}`]);
		const watcher = new Watcher(library, track, 4);
		const sleeper = library.runner();
		const worker = await library.workerId("first");
		await stopBetweenWrites(library, sleeper);
		process.kill(worker, "SIGSTOP");
		const second = library.runner();
		await fs.rm(library.path("first"));
		await library.workerId("first");
		await fs.writeFile(library.path("go"), "");
		await library.jobIn(job, "done", "dead");
		const before = await library.track(track);
		process.kill(worker, "SIGCONT");
		sleeper.kill("SIGCONT");
		await until("the sleeper's insight",
			async () => (await sleeper.text()).includes("job lost to another runner"));
		assert.deepEqual(await library.track(track), before);
		assert.ok(before.renditions.every(rendition => rendition.whole));
		const row = await library.job(job);
		assert.deepEqual([row.state, row.attempts], ["done", 2]);
		assert.deepEqual(await watcher.complaints(), []);
		assert.ok(second.running && sleeper.running);
		await until("the work folders to go", async () => (await library.workFolders()).length === 0);
	});

	withLibrary("takes no job from itself when the clock jumps", {jobs: {lease_s: 30, workers: 3}}, async library => {
		const {job} = await library.add([`touch ${library.path("begun")}`, `wait ${library.path("go")}`, ...GOOD]);
		library.runner([], undefined, shiftedClock(library.path("clock")));
		await library.workerId("begun");
		await fs.writeFile(library.path("clock.new"), String(3600 * 1000));
		await fs.rename(library.path("clock.new"), library.path("clock"));
		/* The second is taken up when the pause after a jump is over. */
		const second = await library.add(GOOD);
		await library.jobIn(second.job, "done");
		await fs.writeFile(library.path("go"), "");
		assert.equal((await library.jobIn(job, "done")).attempts, 1);
	});

	const SLOW = {db: {busy_ms: 30000}, jobs: {lease_s: 10, poll_ms: 60000}};
	withLibrary("does not take a worker for silent while it waited for the database itself", SLOW, async library => {
		const {job} = await library.add(["source", `touch ${library.path("begun")}`, `wait ${library.path("go")}`,
			"progress 0.1", "nap 100", "progress 0.2", `touch ${library.path("said")}`, `wait ${library.path("end")}`, ...GOOD.slice(1)]);
		library.runner(["--silence", "5s"]);
		await library.workerId("begun");
		const lock = library.fixture("lock", "8000");
		const isFree = () => library.sql("PRAGMA busy_timeout = 0; BEGIN IMMEDIATE").then(() => true, () => false);
		await until("the lock", async () => !await isFree());
		await fs.writeFile(library.path("go"), "");
		await library.workerId("said");
		await lock;
		await fs.writeFile(library.path("end"), "");
		assert.equal((await library.jobIn(job, "done")).attempts, 1);
	});

	withLibrary("hands its jobs back on SIGTERM", {}, async library => {
		const added = [];
		for (const name of ["a", "b"])
			added.push(await library.add(["source", `touch ${library.path(name)}`, "hang"]));
		const runner = library.runner();
		const workers = [await library.workerId("a"), await library.workerId("b")];
		runner.kill("SIGTERM");
		assert.deepEqual(await runner.ended, {code: 0, signal: null});
		for (const {track, job} of added) {
			const row = await library.job(job);
			assert.deepEqual([row.state, row.attempts, row.owner], ["queued", 0, null]);
			assert.equal((await library.track(track)).state, "pending");
		}
		assert.ok(!workers.some(isAlive));
		assert.deepEqual(await library.workFolders(), []);
	});

	for (const [kind, script] of [["that reports", BUSY], ["that says nothing", ["hang"]]]) {
		withLibrary(`ends a worker ${kind} when its job is cancelled`, {}, async library => {
			const {track, job} = await library.add(["source", `touch ${library.path("first")}`, ...script]);
			const runner = library.runner();
			const worker = await library.workerId("first");
			await library.fixture("cancel", job);
			await library.jobIn(job, "cancelled");
			assert.ok(!isAlive(worker));
			assert.deepEqual((await library.track(track)).renditions, []);
			assert.ok(runner.running);
		});
	}

	const faults = {
		"hangs": [["source", "hang"], "the worker said nothing for 1 seconds"],
		"says what is no report": [["source", "say hello"],
			"the worker broke the protocol: a line that is no report"],
		"reports without an end": [["flood 200000"], "the worker broke the protocol: a report is too long"],
		"goes on after its end": [["source", "done 5", "done 5"],
			"the worker broke the protocol: a report after its last"],
		"is done with nothing": [["done 5"], 'the worker broke the protocol: "done" without "source"'],
		"has two sources": [["source", "source"], 'the worker broke the protocol: two "source"'],
		"ends without a word": [[], "the worker ended without a result"],
		"ends with a status": [["source", "exit 3"], "the worker ended with status 3 and without a result"],
		"is done, but ends badly": [["source", "done 5", "exit 3"],
			"the worker ended with status 3 and without a result"],
		"is killed": [["source", "raise 15"], "the worker was killed by signal 15 (Terminated)"],
		"breaks out": [["raise 31"],
			"the worker was killed by signal 31 (it made a system call that it may not make)"],
		"lies: no files": [["source", `done ${SAMPLES}`], /./],
		"lies: half files": [["source", `make ${SAMPLES}`, "halve", `done ${SAMPLES}`], /./],
		"lies: one half file": [["source", `make ${SAMPLES}`, "only 2", "halve", `done ${SAMPLES}`], /./],
		"lies: other samples": [["source", `make ${SAMPLES}`, `done ${SAMPLES - 100}`],
			"high holds 441000 samples where the source has 440900"],
		"lies: one short": [["source", "only 0", `make ${SAMPLES}`, "only 1", "make 220500", `done ${SAMPLES}`],
			"medium holds 220500 samples where the source has 441000"],
		"meets a full disk": [["source", "failed no-space The disk is full."], "The disk is full."],
	};
	for (const [name, [script, sentence]] of Object.entries(faults)) {
		withLibrary(`a worker that ${name}`, {jobs: {max_attempts: 1}}, async library => {
			const {track, job} = await library.add(script);
			assert.equal((await library.drain("--silence", "1s")).code, 0);
			const row = await library.job(job);
			assert.equal(row.state, "dead");
			assert[sentence instanceof RegExp ? "match" : "equal"](row.error, sentence);
			const after = await library.track(track);
			assert.deepEqual([after.state, after.failure, after.renditions], ["failed", row.error, []]);
			assert.deepEqual(await library.workFolders(), []);
			assert.ok(!existsSync(library.path("data", "media", track)));
			assert.match(await library.fixture("metrics"),
				/^tonearm_jobs_finished_total\{kind="transcode",state="dead"\} 1$/m);
		});
	}

	withLibrary("tries a crashing job again, later, until it is dead", {jobs: {max_attempts: 2}}, async library => {
		const {track, job} = await library.add([`count ${library.path("runs")}`, "raise 9"]);
		library.runner();
		const row = await library.jobIn(job, "dead");
		assert.deepEqual([row.attempts, row.error], [2, "the worker was killed by signal 9 (out of memory?)"]);
		assert.equal(await fs.readFile(library.path("runs"), "utf8"), "run\nrun\n");
		assert.equal((await library.track(track)).state, "failed");
	});

	withLibrary("does not try again what cannot be used", {}, async library => {
		const {track, job} = await library.add(["failed unprocessable There is no sound in it."]);
		await library.drain();
		const row = await library.job(job);
		assert.deepEqual([row.state, row.attempts, row.error], ["dead", 1, "There is no sound in it."]);
		assert.equal((await library.track(track)).failure, "There is no sound in it.");
	});

	withLibrary("keeps a track ready when a later job of it dies", {}, async library => {
		const {track} = await library.add(["source", `make ${SAMPLES}`, `done ${SAMPLES}`], "high");
		await library.drain();
		await fs.writeFile(library.path("data", "source", `${track}.bin`), "failed unprocessable No.");
		const more = await library.fixture("more", track);
		await library.drain();
		assert.equal((await library.job(more.job)).state, "dead");
		const after = await library.track(track);
		assert.deepEqual([after.state, qualities(after)], ["ready", ["high"]]);
	});

	withLibrary("is not confused by a track deleted under its hands", {}, async library => {
		const {track, job} = await library.add(["source", `make ${SAMPLES}`,
			...pausing(library), `done ${SAMPLES}`]);
		const runner = library.runner();
		await library.workerId("first");
		await library.fixture("delete", track);
		await fs.writeFile(library.path("go"), "");
		await library.jobIn(job, "dead");
		assert.ok(!existsSync(library.path("data", "media", track)));
		assert.ok(runner.running);
	});

	for (const how of ["comes to its end", "is handed back at a SIGTERM"]) {
		withLibrary(`--drain --for: no more is begun, and what runs ${how}`, {jobs: {workers: 1}}, async library => {
			const said = library.manager();
			await until("the manager's socket", () => existsSync(library.path("notify")));
			const long = await library.add(["source", ...pausing(library), `make ${SAMPLES}`, `done ${SAMPLES}`]);
			const waiting = await library.add(GOOD);
			let runner, runs = 0;
			do { // on a slow machine the time is over before anything is begun
				runner = library.runner(["--drain", "--for", "1s"], undefined, {NOTIFY_SOCKET: library.path("notify")});
				runs++;
				await until("the job to begin", () => existsSync(library.path("first")) || !runner.running);
			} while (!existsSync(library.path("first")));
			await until("the time to be over", async () => (await said()).filter(line => line === "STOPPING=1").length === runs);
			assert.equal((await library.job(long.job)).state, "running");
			if (how === "comes to its end")
				await fs.writeFile(library.path("go"), "");
			else
				runner.kill("SIGTERM");
			assert.deepEqual(await runner.ended, {code: 0, signal: null});
			const rows = await Promise.all([long, waiting].map(({job}) => library.job(job)));
			assert.deepEqual(rows.map(({state, attempts}) => [state, attempts]),
				[how === "comes to its end" ? ["done", 1] : ["queued", 0], ["queued", 0]]);
		});
	}

	withLibrary("--drain --for --grace hands back what still runs", {}, async library => {
		const done = await library.add(GOOD);
		const hanging = await library.add(["source", "hang"]);
		await until("what can be done", async () => {
			assert.deepEqual(await library.drain("--for", "1s", "--grace", "1s"), {code: 0, signal: null});
			return (await library.job(done.job)).state === "done";
		});
		const row = await library.job(hanging.job);
		assert.deepEqual([row.state, row.attempts], ["queued", 0]);
	});

	/* An interval that no test would outlive: whoever starts a job then was woken. */
	const PATIENT = {jobs: {poll_ms: 60000, workers: 1}};

	withLibrary("wakes up for a job that is queued", PATIENT, async library => {
		const runner = library.runner();
		await library.jobIn((await library.add(GOOD)).job, "done");
		await fs.rm(library.path("run", "wake"));
		await library.jobIn((await library.add(GOOD)).job, "done");
		assert.ok(runner.running);
	});

	withLibrary("finds what nobody told it of", {}, async library => {
		const {job} = await library.add(["failed unprocessable No."]);
		const runner = library.runner();
		await library.jobIn(job, "dead");
		await library.sql(`UPDATE job SET state = 'queued', held_by = 'time', attempts = 0, finished_ms = 0, error = NULL WHERE id = '${job}'`);
		await library.jobIn(job, "dead");
		assert.ok(runner.running);
	});

	withLibrary("wakes up when another one hands a job back", PATIENT, async library => {
		const {job} = await library.add([`count ${library.path("runs")}`, "source", ...pausing(library),
			`make ${SAMPLES}`, `done ${SAMPLES}`]);
		const first = library.runner();
		await library.workerId("first");
		const second = library.runner();
		await until("the second to be there", async () => (await second.text()).includes("jobrunner started"));
		await fs.writeFile(library.path("go"), "");
		first.kill("SIGTERM");
		await library.jobIn(job, "done");
	});

	withLibrary("wakes up when a job may be tried again", PATIENT, async library => {
		const {job} = await library.add([`count ${library.path("runs")}`, "raise 9"]);
		library.runner();
		const row = await library.jobIn(job, "dead");
		assert.equal(row.attempts, 3);
	});

	withLibrary("SIGTERM with a grace lets what runs come to its end", PATIENT, async library => {
		const {job} = await library.add(["source", ...pausing(library), `make ${SAMPLES}`, `done ${SAMPLES}`]);
		const waiting = await library.add(GOOD);
		const runner = library.runner(["--grace", "50s"]);
		await library.workerId("first");
		runner.kill("SIGTERM");
		await fs.writeFile(library.path("go"), "");
		assert.deepEqual(await runner.ended, {code: 0, signal: null});
		assert.equal((await library.job(job)).state, "done");
		const row = await library.job(waiting.job);
		assert.deepEqual([row.state, row.attempts], ["queued", 0]);
	});

	for (const [name, grace, again] of [["when its grace is over", "1s", false], ["at a second SIGTERM", "1h", true]]) {
		withLibrary(`hands its jobs back ${name}`, {}, async library => {
			const {job} = await library.add(["source", `touch ${library.path("first")}`, ...BUSY]);
			const runner = library.runner(["--grace", grace]);
			await library.workerId("first");
			runner.kill("SIGTERM");
			if (again) {
				await pause(100);
				runner.kill("SIGTERM");
			}
			assert.deepEqual(await runner.ended, {code: 0, signal: null});
			const row = await library.job(job);
			assert.deepEqual([row.state, row.attempts], ["queued", 0]);
		});
	}

	withLibrary("--drain goes on until nothing is left", {jobs: {workers: 1}}, async library => {
		const added = [];
		for (let i = 0; i < 4; i++)
			added.push(await library.add(GOOD, "low"));
		assert.equal((await library.drain()).code, 0);
		for (const {job} of added)
			assert.equal((await library.job(job)).state, "done");
	});

	withLibrary("--drain does nothing while another one drains", {}, async library => {
		await library.add(["source", ...pausing(library), `make ${SAMPLES}`, `done ${SAMPLES}`]);
		const first = library.runner(["--drain"]);
		await library.workerId("first");
		const second = library.runner(["--drain", "--for", "50s"]);
		assert.deepEqual(await second.ended, {code: 0, signal: null});
		assert.match(await second.text(), /another one drains this library already: nothing to do/);
		assert.ok(first.running);
		await fs.writeFile(library.path("go"), "");
		assert.equal((await first.ended).code, 0);
		assert.equal((await library.drain()).code, 0);
	});

	withLibrary("tells the service manager that its loop turns", {}, async library => {
		const said = library.manager();
		await until("the manager's socket", () => existsSync(library.path("notify")));
		const runner = library.runner([], undefined,
			{NOTIFY_SOCKET: library.path("notify"), WATCHDOG_USEC: "200000"});
		const heard = (text, least = 1) => until(text,
			async () => (await said()).filter(line => line === text).length >= least);
		await heard("READY=1");
		await heard("WATCHDOG=1", 3);
		await library.add(["source", ...BUSY]);
		await heard("STATUS=1 job at work");
		runner.kill("SIGTERM");
		await heard("STOPPING=1");
		await runner.ended;
	});

	withLibrary("starts nothing below the disk floor", {storage: {disk_floor: "1000G"}}, async library => {
		const {job} = await library.add(GOOD);
		const runner = library.runner(["--drain"]);
		assert.equal((await runner.ended).code, 1);
		assert.match(await runner.text(), /the disk is below its floor/);
		assert.equal((await library.job(job)).state, "queued");
	});

	withLibrary("sweeps up after the dead, not after the living", {}, async library => {
		const old = new Date(Date.now() - 2 * 3600 * 1000);
		const id = "0".repeat(26), young = "1".repeat(26);
		const {track} = await library.add(GOOD);
		await library.drain();
		for (const folder of [`spool/job-${id}.x`, `media/${id}`, `media/${young}`, "media/not-a-track"])
			await fs.mkdir(library.path("data", folder));
		await fs.writeFile(library.path("data", `media/${id}/high.mp4`), "x");
		for (const folder of [`spool/job-${id}.x`, `media/${id}`, `media/${track}`, "media/not-a-track"])
			await fs.utimes(library.path("data", folder), old, old);
		const {job} = await library.add(["source", `touch ${library.path("first")}`, ...BUSY]);
		library.runner();
		await library.workerId("first");
		const [held] = await library.workFolders().then(names => names.filter(name => name.includes(job)));
		await fs.utimes(library.path("data", "spool", held), old, old);
		await library.drain();
		assert.deepEqual(await library.workFolders(), [held]);
		const left = await fs.readdir(library.path("data", "media"));
		assert.deepEqual(left.sort(), [young, "not-a-track", track].sort());
	});

	withLibrary("keeps house when it is time", {jobs: {history_days: 1}}, async library => {
		const old = await library.add(GOOD);
		await library.drain();
		await library.fixture("delete", old.track);
		assert.equal(await library.sql("PRAGMA auto_vacuum"), "2\n", "it can shrink");
		const [tomorrow, next] = [1, 10].map(days => Math.floor(Date.now() / 1000) + days * 86400);
		await library.sql(`INSERT INTO revocation VALUES ('token', 'over', 1, ${tomorrow}), ('token', 'not yet', 1, ${next})`);
		await fs.writeFile(library.path("clock"), String(2 * 86400 * 1000));
		const later = shiftedClock(library.path("clock"));
		assert.equal((await library.runner(["--drain"], undefined, later).ended).code, 0);
		const {jobs} = await library.fixture("all");
		assert.deepEqual(jobs.map(({kind, state}) => `${kind} ${state}`).sort(),
			["expire-uploads done", "maintain-database done", "prune-credentials done", "prune-jobs done", "prune-logs done"], "the old job is gone, and its history with it");
		assert.match(await library.fixture("metrics"),
			/^tonearm_jobs_finished_total\{kind="prune-jobs",state="done"\} 1$/m);
		assert.equal(await library.sql("SELECT value FROM revocation"), "not yet\n");
	});

	withLibrary("removes files that no row names when they are an hour old", {}, async library => {
		const {track} = await library.add(GOOD);
		await library.drain();
		const nobody = "0".repeat(26);
		const strays = [`media/${track}/lossless.mp4`, `source/${nobody}.wav`, `source/${track}.flac`];
		const others = ["source/not-ours", `media/${track}/high.mp4`, `source/${track}.bin`];
		for (const name of [...strays, others[0]])
			await fs.writeFile(library.path("data", name), "x");
		const there = names => names.filter(name => existsSync(library.path("data", name)));
		await library.drain();
		assert.deepEqual(there([...strays, ...others]), [...strays, ...others], "they are young");
		await fs.writeFile(library.path("clock"), String(2 * 3600 * 1000));
		const later = library.runner(["--drain"], undefined, shiftedClock(library.path("clock")));
		assert.equal((await later.ended).code, 0);
		assert.deepEqual(there([...strays, ...others]), others);
	});

	withLibrary("says what is wrong when it cannot start", {}, async library => {
		for (const [args, code] of [[["--nonsense"], 2], [["--for", "5x"], 2], [["extra"], 2],
			[["--worker", "/nowhere/worker"], 3], [["-c", library.path("nowhere.conf")], 3]]) {
			const runner = library.runner(args);
			assert.equal((await runner.ended).code, code, args.join(" "));
			assert.match(await runner.text(), /tonearm-jobrunner/);
		}
		for (const option of ["--help", "--version"])
			assert.equal((await library.runner([option]).ended).code, 0);
	});
});

/* Process ids of the children of PID. */
async function children(pid) {
	const text = await fs.readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
	return text.trim().split(" ").filter(Boolean).map(Number);
}

describe("jobrunner with the real worker", {skip: existsSync(REAL_WORKER) ? false : "the worker is not built"}, () => {
	withLibrary("killed, first the worker and then the runner, the job completes", {}, async library => {
		const seconds = 60; // long enough that progress, written once a second, is seen
		await fs.writeFile(library.path("noise.wav"), wav(seconds));
		const {track, job} = await library.fixture("add", library.path("noise.wav"));
		const watcher = new Watcher(library, track, 4);
		const first = library.runner([], REAL_WORKER);
		const worked = attempt => until(`attempt ${attempt} to get on`, async () => {
			const row = await library.job(job);
			return row.attempts === attempt && row.stage === "transcode" && row.progress > 0.05;
		});
		await worked(1);
		for (const pid of await children(first.child.pid))
			process.kill(pid, "SIGKILL");
		await worked(2);
		const orphans = await children(first.child.pid);
		first.kill("SIGKILL");
		await first.ended;
		await until("the end of the worker", () => !orphans.some(isAlive));
		library.runner([], REAL_WORKER);
		const row = await library.jobIn(job, "done", "dead");
		assert.deepEqual([row.state, row.attempts], ["done", 3]);
		assert.deepEqual(await watcher.complaints(), []);
		const after = await library.track(track);
		assert.equal(after.state, "ready");
		assert.deepEqual(after.renditions.map(rendition => rendition.samples), Array(4).fill(seconds * 44100));
	});
});

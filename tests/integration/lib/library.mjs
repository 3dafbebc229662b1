// SPDX-License-Identifier: MIT
// A library with jobs and jobrunners, but no web server: what the tests of the jobrunner need. stop() ends what was
// started, by process id, and nothing else.

import {execFile} from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import {it} from "node:test";
import {promisify} from "node:util";
import {confText} from "./conf.mjs";
import {keepLogs} from "./evidence.mjs";
import {Process} from "./server.mjs";
import {build, pause} from "./tools.mjs";

const run = promisify(execFile);
const RUNNER = path.join(build, "jobs", "tonearm-jobrunner");
const FIXTURE = path.join(build, "tests", "job_fixture");
export const FAKE_WORKER = path.join(build, "tests", "fake_worker");
export const REAL_WORKER = path.join(build, "tonearm-worker");
/** How many files beside the renditions a worker is asked for (src/model/extra_role.h). */
export const EXTRAS = 5;
export const QUALITIES = ["high", "low", "medium", "mobile"];
/** What has the fake worker make a whole track, of ten seconds. */
export const SAMPLES = 441000;
export const GOOD = ["source", `make ${SAMPLES}`, `done ${SAMPLES}`];
const PATIENCE_MS = 60000;

/** Environment of a program whose wall clock goes ahead by the milliseconds that FILE holds (tests/clock_shift.c). */
export const shiftedClock = file => ({
	LD_PRELOAD: path.join(build, "tests", "clock_shift.so"),
	CLOCK_SHIFT: file,
	/* The sanitizer wants to come first, but need not. */
	ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ""}:verify_asan_link_order=0`,
});

/** Environment of a program that waits in files below PART as long as FILE is there, and makes FILE.seen when it does. */
export const stoppedDisk = (file, part) => ({
	LD_PRELOAD: path.join(build, "tests", "slow_disk.so"),
	SLOW_DISK: file,
	SLOW_DISK_SEEN: `${file}.seen`,
	SLOW_DISK_PATH: part,
	ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ""}:verify_asan_link_order=0`,
});

/** Waits until ISSO gives something true, and gives that. */
export async function until(what, isSo, ms = PATIENCE_MS) {
	const end = Date.now() + ms;
	for (;;) {
		const found = await isSo();
		if (found)
			return found;
		if (Date.now() > end)
			throw new Error(`waited in vain for: ${what}`);
		await pause(20);
	}
}

export const isAlive = pid => {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		return false;
	}
};

export class Library {
	#runners = [];

	/** A new one. CONF is {section: {option: value}} over the test's own. */
	static async make(conf = {}) {
		const library = new Library();
		library.dir = await fs.mkdtemp(path.join(os.tmpdir(), "tonearm-jobs-"));
		await library.configure(conf);
		await library.fixture("init");
		return library;
	}

	async configure(conf = {}) {
		const sections = {
			storage: {data_dir: "data", run_dir: "run", disk_floor: 0},
			auth: {url_secret: "u".repeat(40), jwt_secret: "j".repeat(40)},
			jobs: {poll_ms: 20, nice: 0, workers: 2, lease_s: 5},
		};
		for (const [name, values] of Object.entries(conf))
			sections[name] = {...sections[name], ...values};
		await fs.writeFile(this.path("tonearm.conf"), confText(sections), {mode: 0o600});
	}

	path(...names) {
		return path.join(this.dir, ...names);
	}

	async fixture(...words) {
		const {stdout} = await run(FIXTURE, [this.path("tonearm.conf"), ...words]);
		return stdout.startsWith("{") ? JSON.parse(stdout) : stdout;
	}

	/** What SQLite's own shell answers to STATEMENT. */
	async sql(statement) {
		return (await run("sqlite3", ["-cmd", ".timeout 30000", this.path("data", "tonearm.db"), statement])).stdout;
	}

	/** Adds a track whose source tells the fake worker what to do: an array of commands. {track, job}. */
	async add(script, ...qualities) {
		const file = this.path(`script-${Math.random()}`);
		await fs.writeFile(file, script.join("\n"));
		return this.fixture("add", file, ...qualities);
	}

	job(id) {
		return this.fixture("job", id);
	}

	track(id) {
		return this.fixture("track", id);
	}

	/** Starts a jobrunner: a Process, with the log's lines parsed by lines(). */
	runner(args = [], worker = FAKE_WORKER, env = {}) {
		const log = this.path(`runner-${this.#runners.length}.log`);
		const command = [RUNNER, "-c", this.path("tonearm.conf"), "--worker", worker, ...args];
		const started = new Process("jobrunner", command, {log, env});
		started.text = () => fs.readFile(log, "utf8").catch(() => "");
		this.#runners.push(started);
		return started;
	}

	/** A service manager that listens at "notify"; gives a function that tells the lines it has heard. */
	manager() {
		const log = this.path("manager.log");
		const command = [FIXTURE, this.path("tonearm.conf"), "listen", this.path("notify")];
		this.#runners.push(new Process("manager", command, {log}));
		return async () => (await fs.readFile(log, "utf8").catch(() => "")).split("\n");
	}

	/** A jobrunner that works until nothing is left; its {code, signal}. */
	drain(...args) {
		return this.runner(["--drain", ...args]).ended;
	}

	/** Waits until JOB is in one of STATES; the row. */
	jobIn(id, ...states) {
		return until(`job ${states.join(" or ")}`, async () => {
			const job = await this.job(id);
			return states.includes(job.state) && job;
		});
	}

	/** The process id that the command "touch NAME" of the fake worker left. */
	workerId(name) {
		return until(`the worker's ${name}`,
			async () => Number(await fs.readFile(this.path(name), "utf8").catch(() => 0)));
	}

	async workFolders() {
		return (await fs.readdir(this.path("data", "spool"))).filter(name => name.startsWith("job-"));
	}

	async stop() {
		for (const runner of this.#runners) {
			runner.kill("SIGCONT");
			await runner.stop();
		}
		keepLogs(this.dir);
		await fs.rm(this.dir, {recursive: true, force: true});
	}
}

/** A test with a library of its own; SKIP is false, or why it is left out. */
export function withLibrary(name, conf, test, skip = false) {
	it(name, {timeout: 60000, skip}, async () => {
		const library = await Library.make(conf);
		try {
			await test(library);
		} finally {
			await library.stop();
		}
	});
}

/**
 * Looks again and again at what listeners can see of TRACK, until stopped: complaints() tells when it was neither
 * nothing nor COUNT whole renditions, or when a track was ready with none.
 */
export class Watcher {
	#over = false;
	#found = [];
	#looks = 0;

	constructor(library, track, count) {
		this.done = this.#watch(library, track, count);
	}

	async #watch(library, id, count) {
		while (!this.#over) {
			const track = await library.track(id);
			this.#looks++;
			if (track.renditions.length !== 0 && track.renditions.length !== count)
				this.#found.push(`${track.renditions.length} renditions`);
			if ((track.state === "ready") !== (track.renditions.length === count))
				this.#found.push(`${track.state} with ${track.renditions.length} renditions`);
			for (const rendition of track.renditions) {
				if (!rendition.whole)
					this.#found.push(`${rendition.quality} is not whole`);
			}
			await pause(10);
		}
	}

	async complaints() {
		this.#over = true;
		await this.done;
		return this.#looks > 0 ? this.#found : ["never looked"];
	}
}

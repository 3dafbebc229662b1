// SPDX-License-Identifier: MIT
// What a job may use, through the jobrunner and the real worker: each limit holds, and the job says which it was and what
// to do about it. And whom the worker is.

import assert from "node:assert/strict";
import {existsSync, readFileSync} from "node:fs";
import fs from "node:fs/promises";
import path from "node:path";
import {describe} from "node:test";
import {REAL_WORKER, until, withLibrary} from "./lib/library.mjs";
import {wav} from "./lib/noise.mjs";
import {build} from "./lib/tools.mjs";

const sanitized = /^#define TONEARM_SANITIZER 1/m.test(readFileSync(path.join(build, "config.h"), "utf8"));

async function add(library, seconds, ...qualities) {
	await fs.writeFile(library.path("noise.wav"), wav(seconds));
	return library.fixture("add", library.path("noise.wav"), ...qualities);
}

async function dead(library, {track, job}) {
	library.runner([], REAL_WORKER);
	const row = await library.jobIn(job, "done", "dead");
	assert.equal(row.state, "dead");
	assert.equal((await library.track(track)).failure, row.error);
	assert.deepEqual(await library.workFolders(), []);
	return row;
}

/** /proc/PID/NAME of the worker, once it is in its cage. */
async function ofWorker(library, runner, name) {
	const pid = await until("the worker in its cage", async () => {
		const [child] = (await fs.readFile(`/proc/${runner.child.pid}/task/${runner.child.pid}/children`, "utf8"))
			.trim().split(" ").filter(Boolean);
		const status = child === undefined ? "" : await fs.readFile(`/proc/${child}/status`, "utf8").catch(() => "");
		return /^Seccomp:\t2$/m.test(status) && child;
	});
	return fs.readFile(`/proc/${pid}/${name}`, "utf8");
}

const ONCE = {max_attempts: 1};
const LONG = 300;

describe("limits of a job", {concurrency: 2, skip: existsSync(REAL_WORKER) ? false : "the worker is not built"}, () => {
	withLibrary("processor time", {jobs: {cpu_s: 1}}, async library => {
		const {error, attempts} = await dead(library, await add(library, LONG));
		assert.equal(error, "it takes more processor time than jobs.cpu_s allows: upload it in parts, or ask for fewer renditions");
		assert.equal(attempts, 1, "another attempt would need as much");
	});

	withLibrary("memory", {jobs: {...ONCE, memory: "128M"}}, async library => {
		const {error} = await dead(library, await add(library, 2));
		assert.match(error, /jobs\.memory/);
	}, sanitized && "sanitizers need address space of their own");

	withLibrary("time", {jobs: {...ONCE, wall_s: 1}}, async library => {
		const {error} = await dead(library, await add(library, LONG));
		assert.equal(error, "the job was not done after 1 seconds (jobs.wall_s)");
	});

	withLibrary("size of a file", {jobs: {output_size: "64K"}}, async library => {
		const {error, attempts} = await dead(library, await add(library, 10, "high"));
		assert.match(error, /jobs\.output_size.*upload the sound in parts/);
		assert.equal(attempts, 1, "another attempt would end there too");
	});

	withLibrary("size of all files", {jobs: {output_size: "600K"}}, async library => {
		const {error, attempts} = await dead(library, await add(library, 10));
		assert.match(error, /jobs\.output_size.*ask for fewer of them/);
		assert.equal(attempts, 1);
	});

	withLibrary("length of the sound", {limits: {source_duration_s: 5}}, async library => {
		const {error, attempts} = await dead(library, await add(library, 10, "low"));
		assert.match(error, /more than the 5 seconds of limits\.source_duration_s: upload it in parts$/);
		assert.equal(attempts, 1);
	});

	withLibrary("niceness and open files", {jobs: {nice: 7}}, async library => {
		const own = Number((await fs.readFile("/proc/self/stat", "utf8")).split(") ")[1].split(" ")[16]);
		await add(library, LONG);
		const runner = library.runner([], REAL_WORKER);
		const stat = (await ofWorker(library, runner, "stat")).split(") ")[1].split(" ");
		assert.equal(Number(stat[16]), Math.min(own + 7, 19));
		const limits = await ofWorker(library, runner, "limits");
		assert.match(limits, /^Max open files +64 +64 /m);
		assert.match(limits, /^Max core file size +0 +0 /m);
	});

	withLibrary("the worker has no powers", {jobs: {worker_user: "daemon"}}, async library => {
		await add(library, LONG);
		const status = await ofWorker(library, library.runner([], REAL_WORKER), "status");
		for (const set of ["Inh", "Prm", "Eff", "Amb"])
			assert.match(status, new RegExp(`^Cap${set}:\t0+$`, "m"));
		assert.match(status, /^NoNewPrivs:\t1$/m);
	});

	const notRoot = process.getuid() !== 0 && "only root can become somebody else";
	withLibrary("the worker of a jobrunner that is root is somebody else", {jobs: {worker_user: "daemon"}}, async library => {
		const [, uid, gid] = /^daemon:[^:]*:(\d+):(\d+):/m.exec(await fs.readFile("/etc/passwd", "utf8"));
		const endless = await add(library, LONG);
		const runner = library.runner([], REAL_WORKER);
		const status = await ofWorker(library, runner, "status");
		assert.match(status, new RegExp(`^Uid:\t${uid}\t${uid}\t${uid}\t${uid}$`, "m"));
		assert.match(status, new RegExp(`^Gid:\t${gid}\t${gid}\t${gid}\t${gid}$`, "m"));
		assert.match(status, /^Groups:\t *$/m);
		assert.match(status, /^CapBnd:\t0+$/m);
		await library.fixture("cancel", endless.job);
		assert.equal((await library.jobIn((await add(library, 2)).job, "done", "dead")).state, "done");
	}, notRoot);

	withLibrary("it dies with a jobrunner that is root", {}, async library => {
		await add(library, LONG);
		const runner = library.runner([], REAL_WORKER);
		const pid = Number(/^Pid:\t(\d+)$/m.exec(await ofWorker(library, runner, "status"))[1]);
		runner.kill("SIGKILL");
		await runner.ended;
		await until("the end of the worker", () => !existsSync(`/proc/${pid}`));
	}, notRoot);

	withLibrary("the worker's user must be there, and not be root", {}, async library => {
		for (const [user, sentence] of [["nobody-of-that-name", /set jobs\.worker_user/], ["root", /must not be root/]]) {
			await library.configure({jobs: {worker_user: user}});
			const runner = library.runner(["--drain"], REAL_WORKER);
			assert.notEqual((await runner.ended).code, 0);
			assert.match(await runner.text(), sentence);
		}
	}, notRoot);
});

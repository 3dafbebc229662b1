// SPDX-License-Identifier: MIT
// SIGHUP: a responder is started anew on its socket, with the configuration and the program of now, and nobody who asks
// meanwhile notices.

import assert from "node:assert/strict";
import {randomBytes} from "node:crypto";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {until} from "./lib/library.mjs";
import {cannotServe, start} from "./lib/server.mjs";
import {build} from "./lib/tools.mjs";

const ASKERS = 8;

const childrenOf = async pid =>
	(await fs.readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).split(" ").filter(Boolean).map(Number);
const programOf = pid => fs.readlink(`/proc/${pid}/exe`);
const wordsOf = pid => fs.readFile(`/proc/${pid}/cmdline`, "utf8");

/* Asks for PATH again and again until stop(), which gives the statuses that came, each once. */
function ask(site, path) {
	const seen = new Set();
	let over = false;
	const askers = Array.from({length: ASKERS}, async () => {
		while (!over)
			seen.add(await site.request({path}).then(answer => answer.status, error => error.code));
	});
	return async () => {
		over = true;
		await Promise.all(askers);
		return [...seen];
	};
}

for (const transport of ["threads", "event"]) describe(transport, {skip: cannotServe("lighttpd"), timeout: 120000}, () => {
	let site, pid, libexec;

	/* The process that was not among those BEFORE. */
	const successor = before => until("a successor", async () => (await childrenOf(pid)).find(one => !before.includes(one)));
	const hangUp = async () => {
		const before = await childrenOf(pid);
		process.kill(pid, "SIGHUP");
		return before;
	};
	const jobs = () => site.request({path: "/internal/jobs", headers: site.bearer("jobs:read")});
	const configure = async change =>
		fs.writeFile(site.confFile, change(await fs.readFile(site.confFile, "utf8")), {mode: 0o600});

	before(async () => {
		libexec = await fs.mkdtemp(path.join(os.tmpdir(), "tonearm-libexec-"));
		await fs.copyFile(path.join(build, "fcgi", "api.fcgi"), path.join(libexec, "api.fcgi"));
		site = await start({transport, libexec: {api: libexec}});
		pid = site.processes.get("api").child.pid;
	});
	after(async () => {
		await site?.stop();
		await fs.rm(libexec, {recursive: true, force: true});
	});

	test("the configuration is read anew, and no request is lost", async () => {
		const stop = ask(site, "/healthz"), old = site.jwtSecret;
		site.jwtSecret = randomBytes(32).toString("hex");
		await configure(text => text.replace(old, site.jwtSecret));
		assert.equal((await jobs()).status, 401);
		await successor(await hangUp());
		await until("the new secret", async () => (await jobs()).status === 200);
		assert.deepEqual(await stop(), [200]);
	});

	test("so is the program", async () => {
		const stop = ask(site, "/healthz"), file = path.join(libexec, "api.fcgi");
		await fs.copyFile(file, `${file}.new`);
		await fs.rename(`${file}.new`, file);
		const later = await successor(await hangUp());
		await until("only the new one", async () => (await childrenOf(pid)).join() === String(later));
		assert.equal(await programOf(later), file);
		assert.equal(await programOf(pid), `${file} (deleted)`);
		assert.equal(await wordsOf(later), `${file}\0`);
		assert.deepEqual(await stop(), [200]);
	});

	test("a configuration that is wrong changes nothing", async () => {
		const children = await childrenOf(pid), text = await fs.readFile(site.confFile, "utf8");
		await configure(() => "http: { threads = 0; };\n");
		await hangUp();
		const log = path.join(site.dir, "api.log");
		await until("a word about it", async () => /not started anew/.test(await fs.readFile(log, "utf8")));
		await configure(() => text);
		assert.deepEqual(await childrenOf(pid), children);
		assert.equal((await jobs()).status, 200);
	});

	test("SIGTERM ends them all", async () => {
		const [child] = await childrenOf(pid);
		const {code} = await site.processes.get("api").stop();
		assert.equal(code, 0);
		await assert.rejects(programOf(child), {code: "ENOENT"});
	});
});

describe("a successor", {skip: cannotServe("lighttpd"), timeout: 120000}, () => {
	test("that ends by itself takes its predecessor along, for whoever watches over that", async () => {
		const site = await start();
		try {
			const api = site.processes.get("api");
			api.kill("SIGHUP");
			await until("a successor", async () => /started anew/.test(await fs.readFile(api.log, "utf8")));
			api.wanted = false;
			process.kill((await childrenOf(api.child.pid))[0], "SIGKILL");
			assert.notEqual((await api.ended).code, 0);
		} finally {
			await site.stop();
		}
	});
});

// SPDX-License-Identifier: MIT
// Jobs that keep the object store the same as the library, with a store that misbehaves on request.

import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import fs from "node:fs/promises";
import path from "node:path";
import {describe, it} from "node:test";
import {promisify} from "node:util";
import {startFakeStore} from "./lib/fake_store.mjs";
import {GOOD, Library, until} from "./lib/library.mjs";
import {build, sha256} from "./lib/tools.mjs";

const run = promisify(execFile);

/** A test with a library and a store of its own. */
function withStore(name, conf, test) {
	it(name, {timeout: 60000}, async () => {
		const store = await startFakeStore();
		const library = await Library.make(store.conf(conf));
		try {
			await test(new Site(library, store));
		} finally {
			await library.stop();
			await store.stop();
		}
	});
}

class Site {
	constructor(library, store) {
		this.library = library;
		this.store = store;
	}

	runner(...args) {
		return this.library.runner(args, undefined, this.store.environment);
	}

	async drain() {
		assert.deepEqual(await this.runner("--drain").ended, {code: 0, signal: null});
	}

	tonearm(...words) {
		return run(path.join(build, "tonearm"), words, {env: {...process.env, ...this.store.environment,
			TONEARM_CONF: this.library.path("tonearm.conf")}});
	}

	/** {key: state} of what the library knows of the store. */
	async rows() {
		const lines = (await this.library.sql("SELECT key, state FROM remote ORDER BY key")).trim().split("\n");
		return Object.fromEntries(lines.filter(line => line).map(line => line.split("|")));
	}

	/** {key: SHA-256} of the files of the library, by what they are called in the store. */
	async files() {
		const data = this.library.path("data"), found = {};
		for (const folder of ["media", "source"]) {
			for (const name of await fs.readdir(path.join(data, folder), {recursive: true})) {
				const file = path.join(data, folder, name);
				if ((await fs.stat(file)).isFile())
					found[`${folder}/${name}`] = sha256(await fs.readFile(file));
			}
		}
		return found;
	}

	objects() {
		return Object.fromEntries(Object.entries(this.store.objects).map(([key, {bytes}]) => [key, sha256(bytes)]));
	}

	async isSame() {
		const files = await this.files(), rows = await this.rows();
		assert.deepEqual(this.objects(), files);
		assert.deepEqual(Object.keys(rows).sort(), Object.keys(files).sort());
		assert.deepEqual([...new Set(Object.values(rows))], Object.keys(files).length > 0 ? ["confirmed"] : []);
	}

	jobs(kind) {
		return this.library.sql(`SELECT state, attempts FROM job WHERE kind = '${kind}' ORDER BY id`);
	}
}

describe("sync", {concurrency: 3}, () => {
	withStore("sends what is published, each once", {}, async site => {
		await site.library.add(GOOD, "high", "low");
		await site.library.add(GOOD, "high");
		await site.drain();
		const files = await site.files();
		assert.ok(Object.keys(files).length >= 5, Object.keys(files).join());
		await site.isSame();
		assert.deepEqual(site.store.asked.map(line => line.split(" ")[0]), Object.keys(files).map(() => "PUT"));
		assert.equal(await site.jobs("sync"), "done|1\ndone|1\n");
		for (const [key, {cache}] of Object.entries(site.store.objects))
			assert.equal(cache, /\.mp4$/.test(key) ? "max-age=31536000, immutable" : undefined, key);
	});

	withStore("sends the files of a track side by side", {}, async site => {
		await site.library.add(GOOD, "high", "low");
		let release, asked = 0;
		const together = new Promise(resolve => {
			release = resolve;
		});
		site.store.fault = () => {
			if (++asked === 2)
				release();
			return together;
		};
		await site.drain();
		await site.isSame();
	});

	withStore("counts nothing as sent that the store has not confirmed", {}, async site => {
		const {track} = await site.library.add(GOOD, "high");
		let lies = 0;
		site.store.fault = (method, key) => key.endsWith("high.mp4") && lies++ === 0 ? "lie" : undefined;
		const runner = site.runner();
		await until("a lie", () => lies > 0);
		await until("the others", async () =>
			Object.values(await site.rows()).filter(state => state === "pending").length === 1);
		assert.equal((await site.rows())[`media/${track}/high.mp4`], "pending");
		assert.equal((await site.library.track(track)).state, "ready");
		await until("the second try", async () => (await site.jobs("sync")) === "done|2\n");
		await site.isSame();
		assert.equal(lies, 2);
		await runner.stop();
	});

	withStore("removes what is deleted, and what comes in its place is sent", {}, async site => {
		const {track} = await site.library.add(GOOD, "high", "low");
		const other = await site.library.add(GOOD, "low");
		await site.drain();
		await site.tonearm("tracks", "delete", track);
		assert.ok(Object.keys(site.objects()).some(key => key.includes(track)));
		const stored = [];
		site.store.fault = async method => {
			if (method === "POST")
				stored.push(await site.library.sql(`SELECT count(*) FROM remote WHERE track = '${track}' AND state = 'confirmed'`));
		};
		await site.drain();
		assert.deepEqual(stored, ["0\n"], "what is about to go does not count as stored");
		assert.ok(!Object.keys(site.objects()).some(key => key.includes(track)));
		await site.isSame();
		await site.library.sql(`DELETE FROM rendition WHERE track = '${other.track}'`);
		await site.library.fixture("more", other.track, "low");
		await fs.writeFile(site.library.path("data", "media", other.track, "low.mp4"), "");
		await site.drain();
		await site.isSame();
	});

	withStore("takes up what was there before it was on", {sync: false}, async site => {
		const first = await site.library.add(GOOD, "high");
		await site.library.add(GOOD, "low");
		await site.drain();
		assert.deepEqual([site.store.asked, await site.rows()], [[], {}]);
		/* One file went there by hand. */
		const key = `media/${first.track}/high.mp4`;
		const bytes = await fs.readFile(site.library.path("data", key));
		site.store.objects[key] = {bytes, sha256: sha256(bytes)};
		await site.library.configure(site.store.conf());
		await site.drain();
		await site.library.sql("UPDATE periodic SET next_ms = 1 WHERE name = 'sync-library'");
		await site.drain();
		await site.isSame();
		assert.ok(!site.store.asked.includes(`PUT ${key}`));
		assert.ok(site.store.asked.includes(`HEAD ${key}`));
	});

	withStore("gives up with a sentence when the store refuses", {}, async site => {
		await site.library.add(GOOD, "high");
		site.store.fault = () => 403;
		await site.drain();
		assert.equal(await site.jobs("sync"), "dead|1\n");
		assert.match(await site.library.sql("SELECT error FROM job WHERE kind = 'sync'"), /the object store answered 403/);
		assert.equal(new Set(site.store.asked).size, site.store.asked.length, "nothing is tried twice");
	});

	withStore("hands a job back when the runner stops", {}, async site => {
		await site.library.add(GOOD, "high");
		let asked = false;
		site.store.fault = () => new Promise(() => {
			asked = true;
		});
		const runner = site.runner();
		await until("a request", () => asked);
		await runner.stop();
		assert.equal(await site.jobs("sync"), "queued|0\n");
		site.store.fault = () => undefined;
		await site.drain();
		await site.isSame();
	});

	withStore("of one track is the work of one job at a time", {}, async site => {
		const {track} = await site.library.add(GOOD, "high");
		let release, waiting = new Promise(resolve => {
			release = resolve;
		});
		site.store.fault = () => waiting;
		site.runner();
		await until("a request", () => site.store.asked.length > 0);
		await site.library.fixture("more", track, "low");
		await until("another job that waits", async () => (await site.library.sql(
			"SELECT 1 FROM job_event JOIN job ON id = job WHERE kind = 'sync' AND event = 'handed-back'")) !== "");
		assert.equal(new Set(site.store.asked).size, site.store.asked.length, "each is asked once");
		release();
		await until("both are done", async () => (await site.jobs("sync")) === "done|1\ndone|1\n");
		await site.isSame();
	});

	withStore("is not given up when the bucket is not to be found", {}, async site => {
		await site.library.add(GOOD, "high");
		await site.drain();
		site.store.fault = () => 404;
		for (const words of [["verify"], ["verify", "--repair"], ["migrate"], ["gc"]])
			await assert.rejects(site.tonearm("storage", ...words), /there is no bucket bucket at http/);
		assert.deepEqual([...new Set(Object.values(await site.rows()))], ["confirmed"]);
		site.store.fault = () => undefined;
		await site.isSame();
	});

	for (const keep of ["until_synced", "cache"]) {
		withStore(`lets files go: ${keep}`, {}, async site => {
			const {library} = site;
			await library.configure({...site.store.conf(), storage: {keep_local: keep, disk_floor: 0}});
			const {track} = await library.add(GOOD, "high", "low");
			const runner = site.runner();
			await until("the end of the job", async () => (await site.jobs("sync")) === "done|1\n");
			assert.ok(Object.keys(site.objects()).length >= 3);
			const media = await fs.readdir(library.path("data", "media", track));
			assert.equal(media.length > 0, keep === "cache");
			assert.deepEqual(await fs.readdir(library.path("data", "cache")).then(names =>
				names.filter(name => name.startsWith(track)).length), media.length);
			assert.equal(Object.keys(await site.files()).filter(key => key.startsWith("source/")).length, 1, "sources stay");
			/* Nobody takes them for lost, and what is asked of the store goes well. */
			for (const name of media) {
				const file = library.path("data", "media", track, name);
				/* Nor does a copy that went bad in the cache stay there. */
				if (name === "low.mp4")
					await fs.writeFile(file, Buffer.alloc((await fs.stat(file)).size));
				else
					await fs.rm(file);
			}
			await library.sql("UPDATE periodic SET next_ms = 1 WHERE name = 'verify-media'");
			await until("a look at all files", async () =>
				(await library.sql("SELECT 1 FROM job WHERE kind = 'verify-media' AND state = 'done'")) !== "");
			assert.equal(await library.sql("SELECT count(*) FROM rendition WHERE damage IS NOT NULL"), "0\n");
			assert.ok(!(await fs.readdir(library.path("data", "media", track)).catch(() => [])).includes("low.mp4"));
			await site.tonearm("storage", "verify");
			await runner.stop();
		});
	}
});

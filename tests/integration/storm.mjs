// SPDX-License-Identifier: MIT
// A library on its way to a real radosgw, through a network in which all goes wrong that can: in the end both sides are the
// same, nothing counted as sent before the store had said so, and hardly a request was made in vain.

import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import path from "node:path";
import {describe, test} from "node:test";
import {promisify} from "node:util";
import {FAKE_WORKER, Library, until} from "./lib/library.mjs";
import {startStore, storeMissing} from "./lib/radosgw.mjs";
import {startProxy} from "./lib/store_proxy.mjs";
import {build} from "./lib/tools.mjs";

const TRACKS = 100, OBJECTS = 5 * TRACKS; /* a source and four renditions each */
const SAMPLES = 44100;
const SEED = Number(process.env.TONEARM_STORM_SEED ?? 20261122);
const FAULTS = ["reset", "cut", "corrupt", "lie", 500, 503];
const FAULTY = 0.12;
const PATIENCE_MS = 300000;
const run = promisify(execFile);

/** Numbers from 0 to 1 that are the same for the same SEED (mulberry32). */
function randomOf(seed) {
	return () => {
		seed = seed + 0x6D2B79F5 | 0;
		let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
		t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
		return ((t ^ t >>> 14) >>> 0) / 4294967296;
	};
}

/** What happens to the requests, in their order; counts it in STORM.count. */
class Storm {
	count = 0;
	refused = 0;
	#random = randomOf(SEED);
	#outage = false;
	#last = 0;

	fault(sort, number) {
		const found = this.#choose(number);
		this.count += found !== undefined;
		return found;
	}

	/* From the 200th on all is refused, until the first request that comes after a pause was refused too. */
	#isOut(number) {
		const gap = Date.now() - this.#last;
		this.#last = Date.now();
		this.#outage ||= number === 200;
		if (!this.#outage)
			return false;
		this.#outage = !(this.refused++ > 5 && gap > 1000);
		return true;
	}

	#choose(number) {
		if (this.#isOut(number))
			return 503;
		if (number % 150 === 50)
			return "stall";
		if (number % 150 === 100)
			return "swallow";
		return this.#random() < FAULTY ? FAULTS[Math.floor(this.#random() * FAULTS.length)] : undefined;
	}
}

describe("a storm", {skip: storeMissing()}, () => {
	test("leaves library and store the same", {timeout: PATIENCE_MS + 200000}, async t => {
		const store = await startStore();
		const proxy = await startProxy(store.endpoint);
		const storm = new Storm();
		let library;
		t.after(async () => {
			await library?.stop();
			await proxy.stop();
			await store.stop();
		});
		assert.equal((await store.request("PUT", "/library")).status, 200);
		library = await Library.make({store: {endpoint: proxy.endpoint, bucket: "library", silence_s: 3}});
		const env = {AWS_ACCESS_KEY_ID: store.accessKey, AWS_SECRET_ACCESS_KEY: store.secretKey};
		const confirmed = async () =>
			(await library.sql("SELECT key FROM remote WHERE state = 'confirmed'")).split("\n").filter(line => line);

		for (let i = 0; i < TRACKS; i += 10)
			await Promise.all(Array.from({length: 10}, () =>
				library.add(["source", `make ${SAMPLES}`, `done ${SAMPLES}`])));
		proxy.latency_ms = 100;
		proxy.fault = (...words) => storm.fault(...words);
		const runner = library.runner([], FAKE_WORKER, env);
		await until("all is confirmed", async () => {
			const keys = await confirmed();
			const early = keys.filter(key => !proxy.confirmed.has(`/library/${key}`));
			assert.deepEqual(early, [], "counted as sent before the store said so");
			return keys.length === OBJECTS;
		}, PATIENCE_MS);
		await until("all jobs are over",
			async () => (await library.sql("SELECT 1 FROM job WHERE state IN ('queued', 'running') LIMIT 1")) === "", PATIENCE_MS);
		await runner.stop();
		const asked = Object.values(proxy.asked).reduce((sum, count) => sum + count, 0);
		t.diagnostic(`seed ${SEED}: ${OBJECTS} objects, ${storm.count} faults, ${asked} requests, ${proxy.received} of them `
			+ `reached the store`);
		assert.deepEqual(proxy.asked, {PUT: asked}, "nothing but what sends");
		assert.ok(storm.count > 40 && storm.refused > 5, `${storm.count} faults`);
		/* Each object takes one request, and each fault costs the one it befalls. */
		assert.ok(asked <= 1.2 * (OBJECTS + storm.count), `${asked} requests`);
		assert.ok(proxy.received <= 1.2 * OBJECTS, `${proxy.received} requests at the store`);
		const [state, opened] = (await library.sql("SELECT state, opened FROM breaker")).trim().split("|");
		assert.ok(Number(opened) >= 1, "the breaker has opened");
		assert.equal(state, "closed");
		assert.equal(await library.sql("SELECT 1 FROM job WHERE state <> 'done' LIMIT 1"), "");

		proxy.fault = () => undefined;
		proxy.latency_ms = 0;
		const {stdout} = await run(path.join(build, "tonearm"), ["storage", "verify", "--age", "1s", "--json"],
			{env: {...process.env, ...env, TONEARM_CONF: library.path("tonearm.conf")}});
		const told = JSON.parse(stdout);
		assert.deepEqual([told.same, told.absent, told.other, told.strays, told.damaged], [OBJECTS, 0, 0, 0, 0]);
	});
});

// SPDX-License-Identifier: MIT
// How long a listener waits for sound that came from the object store, against the same from the local disk.
import {execFileSync} from "node:child_process";
import {createHash, randomBytes} from "node:crypto";
import {linkSync, mkdirSync, renameSync, rmSync, writeFileSync} from "node:fs";
import http from "node:http";
import {join} from "node:path";
import {startColdStore} from "../integration/lib/cold_store.mjs";
import {start} from "../integration/lib/server.mjs";
import {median, pair} from "./measure.mjs";
import {synthesise} from "./ladder.mjs";

const RANGE = {Range: "bytes=100000-263839"};
const REQUESTS = 400;
const COLD_SIZE = 128 << 20, COLD_ROUNDS = 7;

const agent = new http.Agent({keepAlive: true, maxSockets: 1});

// Milliseconds until the first byte and until the last one of URL.
function time(url, headers) {
	return new Promise((resolve, reject) => {
		const began = performance.now();
		let first;
		http.get(url, {headers, agent}, answer => {
			if (answer.statusCode >= 300)
				reject(new Error(`${url}: ${answer.statusCode}`));
			answer.once("data", () => {
				first = performance.now() - began;
			});
			answer.on("data", () => {});
			answer.on("end", () => resolve({first, last: performance.now() - began}));
		}).on("error", reject);
	});
}

async function latency(url) {
	const found = [];
	for (let i = 0; i < REQUESTS; i++)
		found.push((await time(url, RANGE)).last);
	return {latency: median(found)};
}

// Of a file that has to be fetched anew each time; what comes behind its first byte is not looked at.
async function coldLatency(cool, url) {
	const found = [];
	for (let i = 0; i < COLD_ROUNDS; i++) {
		await cool();
		found.push((await time(url, {})).first);
	}
	return {latency: median(found)};
}

export async function measureCache(folder) {
	const store = await startColdStore();
	process.env.AWS_ACCESS_KEY_ID = process.env.AWS_SECRET_ACCESS_KEY = "key";
	const site = await start({server: "lighttpd", runner: true, conf: {limits: {upload_size: "64M"},
		store: {endpoint: store.endpoint, bucket: "bucket", sync: false}}});
	try {
		await synthesise(join(folder, "cache.wav"), 60);
		const {track} = await site.publish(join(folder, "cache.wav"));
		const media = join(site.dataDir, "media", track.id), cache = join(site.dataDir, "cache");
		const sql = text => execFileSync("sqlite3", [join(site.dataDir, "tonearm.db"), text]).toString().trim();
		const url = quality => `${site.url}/media/${track.id}/${quality}.mp4`;
		mkdirSync(cache, {recursive: true});
		linkSync(join(media, "medium.mp4"), join(cache, `${track.id}.${sql("SELECT file_size FROM rendition WHERE quality = 'medium'")}.medium.mp4`));
		const hit = await pair(() => latency(url("medium")), () => latency(url("high")), 5);

		const bytes = randomBytes(COLD_SIZE), etag = createHash("sha256").update(bytes).digest("hex");
		const key = `media/${track.id}/low.mp4`, here = join(media, "low.mp4"), entry = join(cache, `${track.id}.${COLD_SIZE}.low.mp4`);
		store.put(key, bytes, etag);
		sql(`UPDATE rendition SET etag = '${etag}', file_size = ${COLD_SIZE} WHERE quality = 'low';
			INSERT INTO remote VALUES ('${store.endpoint}/bucket', '${key}', '${track.id}', 'rendition', 'low', '${etag}',
			${COLD_SIZE}, 'confirmed', 1, 1)`);
		const cool = () => [here, entry].forEach(name => rmSync(name, {force: true}));
		const local = async () => {
			cool();
			writeFileSync(`${here}.part`, bytes);
			renameSync(`${here}.part`, here);
			return coldLatency(() => {}, url("low"));
		};
		const cold = await pair(() => coldLatency(cool, url("low")), local, 1);
		return {hit, cold};
	} finally {
		agent.destroy();
		await site.stop();
		await store.stop();
	}
}

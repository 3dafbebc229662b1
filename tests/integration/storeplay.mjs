// SPDX-License-Identifier: MIT
// From an upload to a browser that plays what only a private bucket has: by way of the cache, and from the store itself by
// presigned URLs. What the store is asked is counted in between.

import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {promisify} from "node:util";
import {launch, openPage} from "./lib/browser.mjs";
import {until} from "./lib/library.mjs";
import {startStore, storeMissing} from "./lib/radosgw.mjs";
import {cannotServe, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";
import {startProxy} from "./lib/store_proxy.mjs";
import {missing, packageFile, source} from "./lib/tools.mjs";

const run = promisify(execFile);
const SECONDS = 40;
const SEEK_MOST = 0.1;
const SILENCE = 0.01; // RMS of full scale; the tone has 0.18
const QUALITIES = ["high", "medium", "low", "mobile"];
const CORS = `<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>`
	+ `<AllowedHeader>*</AllowedHeader></CORSRule></CORSConfiguration>`;

/* The web root: hls.js, and an element that plays a file. */
async function makePages() {
	const root = await fs.mkdtemp(path.join(os.tmpdir(), "tonearm-pages-"));
	const page = scripts => `<!doctype html><title>store</title><link rel="icon" href="data:,"><audio id="audio"></audio>`
		+ scripts.map(file => `<script src="${file}"></script>`).join("");
	await fs.copyFile(packageFile("hls.js/dist/hls.min.js"), path.join(root, "library.js"));
	for (const name of ["hls.js", "measure.js"])
		await fs.copyFile(path.join(source, "tests/integration/web", name), path.join(root, name));
	await fs.writeFile(path.join(root, "index.html"), page([]));
	await fs.writeFile(path.join(root, "hls.html"), page(["library.js", "measure.js", "hls.js"]));
	await fs.writeFile(path.join(root, "file.html"), page(["measure.js"]));
	return root;
}

const lacking = storeMissing() || missing("chromium", "sqlite3", "npm:playwright-core", "npm:hls.js") || cannotServe("lighttpd");

describe("what only a private bucket has", {skip: lacking, timeout: 400000}, () => {
	const scene = {};

	before(async () => {
		scene.store = await startStore();
		assert.equal((await scene.store.request("PUT", "/library")).status, 200);
		assert.equal((await scene.store.request("PUT", "/library", {cors: ""}, CORS)).status, 200);
		scene.proxy = await startProxy(scene.store.endpoint);
		scene.root = await makePages();
		process.env.AWS_ACCESS_KEY_ID = scene.store.accessKey;
		process.env.AWS_SECRET_ACCESS_KEY = scene.store.secretKey;
		scene.site = await start({server: "lighttpd", runner: true, webRoot: scene.root,
			conf: {store: {endpoint: scene.proxy.endpoint, bucket: "library"}},
			change: text => text.replaceAll(/(media|connect)-src 'self'/g, `$& ${scene.proxy.endpoint}`)});
		const file = path.join(scene.site.dir, "tone.wav");
		await fs.writeFile(file, wav(SECONDS));
		scene.track = (await scene.site.publish(file)).track.id;
		scene.media = path.join(scene.site.dataDir, "media", scene.track);
		await until("the store has confirmed all", async () => await sql(`SELECT count(*) FROM remote WHERE track =
			'${scene.track}' AND what = 'rendition' AND state = 'confirmed'`) === String(QUALITIES.length));
	});
	after(async () => {
		await scene.site?.stop();
		await scene.proxy?.stop();
		await scene.store?.stop();
		await fs.rm(scene.root, {recursive: true, force: true});
	});

	async function sql(statement) {
		return (await run("sqlite3", [path.join(scene.site.dataDir, "tonearm.db"), statement])).stdout.trim();
	}

	const renditions = async () => (await fs.readdir(scene.media)).filter(name => name.endsWith(".mp4"));

	/** Nothing of the renditions is here. */
	async function cool() {
		for (const name of await renditions())
			await fs.rm(path.join(scene.media, name));
		await fs.rm(path.join(scene.site.dataDir, "cache"), {recursive: true, force: true});
		scene.proxy.forget();
	}

	const asked = () => scene.proxy.asked.GET ?? 0;

	/** Time advances, there is sound, a seek to the middle and one back land. */
	async function enjoy(page) {
		assert.ok(await page.evaluate(() => measure.listen(500)) > SILENCE);
		for (const at of [SECONDS / 2 + 3.3, 5]) {
			const landed = await page.evaluate(to => measure.seek(to), at);
			assert.ok(Math.abs(landed - at) < SEEK_MOST, `landed at ${landed}, not at ${at}`);
		}
		assert.ok(await page.evaluate(() => measure.advances(1, 20000)) >= 1);
		assert.ok(Math.abs(await page.evaluate(() => measure.audio.duration) - SECONDS) < SEEK_MOST);
	}

	/** A listener with a browser of his own, which has nothing in its cache yet; BEGIN starts the sound in its page. */
	async function listen(name, begin, word) {
		const browser = await launch();
		try {
			const {page, complaints} = await openPage(browser.context, `${scene.site.url}/${name}`);
			await page.evaluate(begin, word);
			await page.evaluate(() => measure.until(() => measure.audio.currentTime > 0.5, 20000, "beginning to play"));
			await enjoy(page);
			assert.deepEqual(complaints, []);
		} finally {
			await browser.close();
		}
	}

	const byHls = () => listen("hls.html", async track => {
		await driver.load(driver.address(track));
		await measure.audio.play();
	}, scene.track);

	const byFile = () => listen("file.html", async address => {
		measure.audio.crossOrigin = "anonymous"; // else nobody may listen to what comes from elsewhere
		measure.audio.src = address;
		await measure.audio.play();
	}, `/media/${scene.track}/high.mp4`);

	for (const [name, play] of [["hls.js", byHls], ["an audio element", byFile]]) {
		test(`${name} plays it by way of the cache, and again without the store`, async () => {
			await cool();
			await play();
			assert.ok(asked() > 0, "the first listener has it from the store");
			for (const quality of QUALITIES)
				assert.equal((await scene.site.request({path: `/media/${scene.track}/${quality}.mp4`})).status, 200);
			await until("all are in the cache", async () => (await renditions()).length === QUALITIES.length);
			scene.proxy.forget();
			await play();
			assert.equal(asked(), 0, "the second has it from the cache");
		});
	}

	test("its waveform is drawn, from the store and from the cache", async () => {
		const ask = () => scene.site.request({path: `/api/v1/tracks/${scene.track}/waveform?points=10`});
		const before = await ask();
		await fs.rm(path.join(scene.media, "waveform.dat"));
		scene.proxy.forget();
		for (const answer of [await ask(), await ask()]) {
			assert.equal(answer.status, 200, answer.text);
			assert.deepEqual(answer.json, before.json);
		}
		assert.equal(asked(), 1);
	});

	test("the bucket is private", async () => {
		assert.equal((await fetch(`${scene.store.endpoint}/library/media/${scene.track}/high.mp4`)).status, 403);
	});

	for (const [name, play] of [["hls.js", byHls], ["an audio element", byFile]]) {
		test(`${name} plays it from the store by presigned URLs`, async () => {
			await cool();
			const text = await fs.readFile(scene.site.confFile, "utf8");
			if (!text.includes("redirect")) {
				await fs.writeFile(scene.site.confFile, text.replace("store:\n{", 'store:\n{\nserve = "redirect";'));
				await scene.site.processes.get("stream").stop();
				await scene.site.startResponder("stream");
			}
			await play();
			assert.ok(asked() > 0);
			assert.deepEqual(await renditions(), [], "nothing was fetched to this machine");
		});
	}
});

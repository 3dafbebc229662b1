// SPDX-License-Identifier: MIT
// Real players in a real browser through each web server: time advances, there is sound, a seek lands, a change of
// quality leaves no gap. And by Media Source alone: what is buffered ends where the source ends.

import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {promisify} from "node:util";
import {launch, openPage} from "./lib/browser.mjs";
import {Growing, signal} from "./lib/growing.mjs";
import {sampleCount} from "./lib/pcm.mjs";
import {cannotServe, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";
import {missing, packageFile, source, vector} from "./lib/tools.mjs";

const run = promisify(execFile);
const SECONDS = 40;
const LONG_SECONDS = 90;
const SEEK_MOST = 0.1; // seconds off
const END_MOST = 0.001;
const SILENCE = 0.01; // RMS of full scale; the tone has 0.18
const MEDIA = "media";
const QUALITIES = ["high", "medium", "low", "mobile"];

const PLAYERS = [
	{name: "hls.js", page: "hls.html"},
	{name: "hls.js, MPEG-TS", page: "hls.html?as=ts"},
	{name: "Shaka by DASH", page: "shaka.html?as=dash"},
	{name: "Shaka by HLS", page: "shaka.html?as=hls"},
	{name: "dash.js", page: "dash.html"},
];

/* A source of this many frames has a last packet that is not full in any quality. */
const LENGTHS = [
	{name: "44.1 kHz stereo", frames: 455699, rate: 44100, channels: 2},
	{name: "48 kHz mono", frames: 100001, rate: 48000, channels: 1},
];

/* The web root: one page a player, with the player's own build. */
async function makePages() {
	const root = await fs.mkdtemp(path.join(os.tmpdir(), "tonearm-pages-"));
	const libraries = {
		hls: "hls.js/dist/hls.min.js",
		shaka: "shaka-player/dist/shaka-player.compiled.js",
		dash: "dashjs/dist/modern/umd/dash.all.min.js",
	};
	await fs.writeFile(path.join(root, "index.html"), "<!doctype html><title>empty</title>");
	await fs.copyFile(path.join(source, "tests/integration/web/measure.js"), path.join(root, "measure.js"));
	for (const [name, library] of Object.entries(libraries)) {
		await fs.copyFile(packageFile(library), path.join(root, `${name}-library.js`));
		await fs.copyFile(path.join(source, "tests/integration/web", `${name}.js`), path.join(root, `${name}.js`));
		await fs.writeFile(path.join(root, `${name}.html`), `<!doctype html><title>${name}</title><link rel="icon" href="data:,">` +
			`<audio id="audio"></audio>` +
			[`${name}-library.js`, "measure.js", `${name}.js`].map(file => `<script src="${file}"></script>`).join(""));
	}
	return root;
}

/* FILE with as much to say of itself as an init section holds, which players have to pass over; itself without ffmpeg. */
async function talkative(file) {
	if (missing("ffmpeg"))
		return file;
	const tagged = file.replace(/wav$/, "flac");
	await run("ffmpeg", ["-v", "error", "-nostdin", "-i", file, "-metadata", "title=Tone", "-metadata", `lyrics=${"la la\n".repeat(1300)}`,
		"-metadata", "CHAPTER000=00:00:00.000", "-metadata", "CHAPTER000NAME=Intro", "-metadata", "CHAPTER001=00:00:20.000", tagged]);
	return tagged;
}

/* A page with TRACK loaded and playing in the best quality. */
async function playing(scene, player, track = scene.track) {
	const opened = await openPage(scene.browser.context, `${scene.site.url}/${player.page}`);
	try {
		await opened.page.evaluate(async track => {
			await driver.load(driver.address(track));
			await measure.audio.play();
			await measure.until(() => measure.audio.currentTime > 0.5, 20000, "beginning to play");
		}, track);
	} catch (error) {
		await opened.page.close();
		throw new Error(`${error.message}\n${opened.complaints.join("\n")}`);
	}
	return opened;
}

async function timeAndSound(page) {
	const loudness = await page.evaluate(() => measure.listen(500));
	assert.ok(loudness > SILENCE, `RMS ${loudness}: silence`);
	assert.ok(await page.evaluate(() => measure.advances(1, 10000)) >= 1);
}

async function qualityChange(page) {
	const seen = await page.evaluate(async () => {
		const watch = measure.observe();
		driver.switchToLowest();
		await measure.until(driver.isLowest, 20000, "the lowest quality");
		// What was buffered before the change is over by then.
		await measure.advances(8, 20000);
		return watch.stop();
	});
	assert.deepEqual(seen, {waits: 0, back: 0, holes: 0});
}

async function seekToTheMiddle(page) {
	const landed = await page.evaluate(at => measure.seek(at), SECONDS / 2 + 3.3);
	assert.ok(Math.abs(landed - (SECONDS / 2 + 3.3)) < SEEK_MOST, `landed at ${landed}`);
	const end = await page.evaluate(() => measure.audio.duration);
	assert.ok(Math.abs(end - SECONDS) < SEEK_MOST, `${SECONDS} s long, the player says ${end}`);
}

/* FILE, SECONDS long, uploaded: in every quality, one range from 0 to its end. */
async function endsWithTheSource(scene, file, seconds) {
	const {track} = await scene.site.publish(file);
	const {page} = await openPage(scene.browser.context, `${scene.site.url}/hls.html`);
	for (const quality of QUALITIES) {
		const ranges = await page.evaluate(address => measure.bufferedBySource(address, 'audio/mp4; codecs="mp4a.40.2"'),
			`/media/${track.id}/${quality}.mp4`);
		assert.equal(ranges.length, 1, `${quality}: one range`);
		assert.ok(ranges.start < END_MOST, `${quality} starts at ${ranges.start}`);
		assert.ok(Math.abs(ranges.end - seconds) < END_MOST, `${quality} ends at ${ranges.end}, the source at ${seconds}`);
	}
	await page.close();
}

async function madeHere(scene, kind) {
	const file = path.join(scene.site.dir, "length.wav");
	await fs.writeFile(file, wav(kind.frames / kind.rate, kind));
	await endsWithTheSource(scene, file, kind.frames / kind.rate);
}

/* FFmpeg's decoder says how long a file of the vectors is. */
async function ofTheVectors(scene, name) {
	const file = path.join(vector(MEDIA), name);
	const {stdout} = await run("ffprobe", ["-v", "error", "-select_streams", "a:0", "-show_entries", "stream=sample_rate",
		"-of", "csv=p=0", file]);
	await endsWithTheSource(scene, file, await sampleCount(file) / Number.parseInt(stdout, 10));
}

/* Begins while the worker is held, goes on when it is done, back to the beginning: all of it without a gap. */
async function throughTheEndOfEncoding(scene) {
	const growing = await Growing.begin({site: scene.site, file: scene.long});
	await growing.playable();
	const opened = await playing({...scene, track: growing.track}, PLAYERS[0]);
	const {page} = opened;
	assert.ok(await page.evaluate(() => driver.isLive()));
	assert.ok(await page.evaluate(() => measure.audio.currentTime) < LONG_SECONDS / 2, "it starts at the beginning");
	await page.evaluate(() => {
		window.watch = measure.observe();
	});
	signal(growing.worker, "SIGCONT");
	assert.equal((await scene.site.jobOver(growing.job)).state, "done");
	const seen = await page.evaluate(async () => {
		await measure.until(() => !driver.isLive(), 60000, "the end of the playlist");
		await measure.advances(4, 20000);
		return window.watch.stop();
	});
	assert.deepEqual({back: seen.back, holes: seen.holes}, {back: 0, holes: 0});
	assert.ok(Math.abs(await page.evaluate(() => measure.audio.duration) - LONG_SECONDS) < SEEK_MOST);
	for (const at of [LONG_SECONDS - 5, 1])
		assert.ok(Math.abs(await page.evaluate(to => measure.seek(to), at) - at) < SEEK_MOST);
	assert.ok(await page.evaluate(() => measure.listen(500)) > SILENCE);
	await page.close();
	assert.deepEqual(opened.complaints, []);
}

const lacking = missing("chromium", "npm:playwright-core", "npm:hls.js", "npm:shaka-player", "npm:dashjs");

const files = missing(`vectors:${MEDIA}`) ? [] : (await fs.readdir(vector(MEDIA))).filter(name => name !== "NOTE");

for (const server of ["lighttpd", "nginx"]) {
	describe(server, {skip: lacking || cannotServe(server), timeout: 400000}, () => {
		const scene = {};

		before(async () => {
			scene.root = await makePages();
			scene.site = await start({server, runner: true, webRoot: scene.root, conf: {media: {hls_ts: true}}});
			const file = path.join(scene.site.dir, "tone.wav");
			await fs.writeFile(file, wav(SECONDS));
			const tagged = await talkative(file);
			scene.track = (await scene.site.publish(tagged)).track.id;
			scene.mixed = (await scene.site.publish(tagged, {formats: "opus-96,opus-192,flac,mp3-128"})).track.id;
			scene.browser = await launch();
		});
		after(async () => {
			await scene.browser?.close();
			await scene.site?.stop();
			await fs.rm(scene.root, {recursive: true, force: true});
		});

		for (const player of PLAYERS) {
			test(player.name, async t => {
				const {page, complaints} = await playing(scene, player);
				await t.test("time advances and there is sound", () => timeAndSound(page));
				await t.test("the quality changes without a gap", () => qualityChange(page));
				await t.test("a seek to the middle lands", () => seekToTheMiddle(page));
				await page.close();
				assert.deepEqual(complaints, []);
			});
		}
		for (const player of PLAYERS) {
			test(`${player.name}, a ladder of AAC, Opus and FLAC`, async t => {
				const {page, complaints} = await playing(scene, player, scene.mixed);
				await t.test("time advances and there is sound", () => timeAndSound(page));
				await t.test("a seek to the middle lands", () => seekToTheMiddle(page));
				await page.close();
				assert.deepEqual(complaints, []);
			});
		}
		test("hls.js plays what is still made, and on through its end", async () => {
			scene.long = path.join(scene.site.dir, "long.wav");
			await fs.writeFile(scene.long, wav(LONG_SECONDS));
			await throughTheEndOfEncoding(scene);
		});
		for (const kind of LENGTHS)
			test(`Media Source: the buffered range ends with the source, ${kind.name}`, () => madeHere(scene, kind));
		if (server === "nginx")
			return;
		// The bytes are the same behind either server: once is enough.
		test("the files of the vectors are here", {skip: missing(`vectors:${MEDIA}`)}, () => assert.ok(files.length > 0));
		for (const name of files)
			test(`Media Source: the buffered range ends with the source, ${name}`, {skip: missing("ffmpeg", "ffprobe")},
				() => ofTheVectors(scene, name));
	});
}

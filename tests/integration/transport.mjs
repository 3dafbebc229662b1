// SPDX-License-Identifier: MIT
// HLS for players that know only MPEG-TS (media.hls_ts): the same frames as in the files, in transport streams that are
// made when they are asked for.

import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import fs from "node:fs/promises";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {promisify} from "node:util";
import {checkMaster} from "./lib/check_hls.mjs";
import {checkTransport} from "./lib/check_ts.mjs";
import {Growing, fetchUrl} from "./lib/growing.mjs";
import {until} from "./lib/library.mjs";
import {output, readTrack} from "./lib/pcm.mjs";
import {cannotServe, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";
import {load, missing} from "./lib/tools.mjs";

const run = promisify(execFile);
const SECONDS = 13.3;
const QUALITIES = ["high", "medium", "low", "mobile"];

/* What FFmpeg decodes of FILE or URL, one channel, nothing trimmed. */
const decoded = async (address, before = []) =>
	output("ffmpeg", ["-v", "error", "-nostdin", ...before, "-i", address, "-map", "0:a:0", "-ac", "1", "-f", "f32le", "-"]);

describe("a track in transport streams", {skip: cannotServe("lighttpd"), timeout: 120000}, () => {
	const scene = {};
	const get = (address, headers = {}, method = "GET") => scene.site.request({path: address, headers, method});

	before(async () => {
		scene.site = await start({runner: true, conf: {media: {hls_ts: true}}});
		const file = path.join(scene.site.dir, "tone.wav");
		await fs.writeFile(file, wav(SECONDS));
		scene.track = (await scene.site.publish(file, {formats: "opus-96,flac,mp3-128"})).track.id;
		scene.hidden = (await scene.site.publish(file, {visibility: "private"})).track.id;
		scene.base = `/hls/${scene.track}`;
	});
	after(() => scene.site?.stop());

	test("the rules of HLS", async () =>
		assert.deepEqual(await checkMaster(`${scene.site.url}${scene.base}/master-ts.m3u8`, fetchUrl), []));

	test("hls-parser, strict", {skip: missing("npm:hls-parser")}, async () => {
		const parser = load("hls-parser");
		parser.setOptions({strictMode: true});
		const master = parser.parse((await get(`${scene.base}/master-ts.m3u8`)).text);
		assert.deepEqual(master.variants.map(one => one.uri), QUALITIES.map(name => `${name}/playlist-ts.m3u8`));
		const playlist = parser.parse((await get(`${scene.base}/low/playlist-ts.m3u8`)).text);
		assert.equal(playlist.version, 3);
		assert.ok(playlist.endlist);
		const whole = parser.parse((await get(`${scene.base}/low/playlist.m3u8`)).text);
		assert.deepEqual(playlist.segments.map(one => one.duration), whole.segments.map(one => one.duration));
	});

	test("the sound is that of the fragmented MP4", {skip: missing("ffmpeg")}, async () => {
		for (const quality of ["high", "mobile"]) {
			const file = path.join(scene.site.dir, `${quality}.mp4`);
			await fs.writeFile(file, (await get(`/media/${scene.track}/${quality}.mp4`)).body);
			const {priming, duration} = readTrack(await fs.readFile(file));
			const whole = await decoded(file, ["-ignore_editlist", "1", "-flags2", "+skip_manual"]);
			const streamed = await decoded(`${scene.site.url}${scene.base}/${quality}/playlist-ts.m3u8`);
			assert.equal(duration - priming, Math.round(SECONDS * 44100));
			assert.ok(streamed.length >= 4 * duration && streamed.length < 4 * (duration + 1024), `${streamed.length} bytes`);
			assert.ok(streamed.subarray(0, 4 * duration).equals(whole.subarray(0, 4 * duration)), quality);
		}
	});

	test("ffprobe: sound begins at ten seconds less the encoder's delay", {skip: missing("ffprobe")}, async () => {
		const {stdout, stderr} = await run("ffprobe", ["-v", "warning", "-of", "json", "-show_streams", "-show_programs",
			`${scene.site.url}${scene.base}/high/0.ts`]);
		const [stream] = JSON.parse(stdout).streams;
		assert.equal(stderr, "");
		assert.equal(stream.codec_name, "aac");
		assert.equal(stream.profile, "LC");
		assert.ok(Math.abs(stream.start_time - (10 - 1024 / 44100)) < 1e-4, stream.start_time);
	});

	test("ranges, conditions and HEAD are answered as for a file", async () => {
		const address = `${scene.base}/high/1.ts`;
		const whole = await get(address);
		assert.equal(whole.status, 200);
		assert.equal(whole.headers["content-type"], "video/mp2t");
		assert.equal(whole.headers["content-length"], String(whole.body.length));
		assert.match(whole.headers["cache-control"], /^public, max-age=31536000, immutable$/);
		assert.ok(whole.headers["last-modified"]);
		const head = await get(address, {}, "HEAD");
		assert.equal(head.headers["content-length"], String(whole.body.length));
		assert.equal(head.headers.etag, whole.headers.etag);
		const part = await get(address, {Range: "bytes=188-375"});
		assert.equal(part.status, 206);
		assert.ok(part.body.equals(whole.body.subarray(188, 376)));
		assert.equal(part.headers["content-range"], `bytes 188-375/${whole.body.length}`);
		assert.equal((await get(address, {Range: "bytes=99999999-"})).status, 416);
		assert.equal((await get(address, {"If-None-Match": whole.headers.etag})).status, 304);
		assert.notEqual((await get(`${scene.base}/high/0.ts`)).headers.etag, whole.headers.etag);
		assert.notEqual((await get(`${scene.base}/high/1.m4s`)).headers.etag, whole.headers.etag);
	});

	test("what is not there is not found", async () => {
		for (const name of ["high/4.ts", "high/00.ts", "high/-1.ts", "high/x.ts", "high/99999999999999999999.ts", "none/0.ts",
			"opus-96/0.ts", "flac/0.ts", "mp3-128/0.ts", "opus-96/playlist-ts.m3u8", "mp3-128/playlist-ts.m3u8", "none/playlist-ts.m3u8"])
			assert.equal((await get(`${scene.base}/${name}`)).status, 404, name);
	});

	test("a private one is heard by the grant of its playlist", async () => {
		const base = `/hls/${scene.hidden}`, token = scene.site.bearer("stream:read");
		for (const name of ["master-ts.m3u8", "high/playlist-ts.m3u8", "high/0.ts"])
			assert.equal((await get(`${base}/${name}`)).status, 401, name);
		const master = (await get(`${base}/master-ts.m3u8`, token)).text;
		const playlist = await get(`${base}/${/^high\/.*$/m.exec(master)[0]}`);
		assert.equal(playlist.status, 200);
		const segment = await get(`${base}/high/${/^0\.ts.*$/m.exec(playlist.text)[0]}`);
		assert.equal(segment.status, 200);
		assert.match(segment.headers["cache-control"], /^private/);
	});

	test("the reader of transport streams sees what is wrong", async () => {
		const {body} = await get(`${scene.base}/mobile/0.ts`), wrong = change => {
			const bytes = Buffer.from(body), found = [];
			change(bytes);
			checkTransport(bytes, {}, (bad, text) => bad && found.push(text));
			return found.join();
		};
		assert.equal(wrong(() => {}), "");
		assert.match(wrong(bytes => bytes[188 * 5] = 0), /packet at/);
		assert.match(wrong(bytes => bytes[188 * 5 + 3] ^= 1), /counter/);
		assert.match(wrong(bytes => bytes[16] ^= 1), /checksum/);
		assert.match(wrong(bytes => bytes[188 * 2 + 6] ^= 1), /clock/);
	});
});

describe("by default", {skip: cannotServe("lighttpd"), timeout: 120000}, () => {
	test("there is none of it", async () => {
		const site = await start({runner: true});
		try {
			const file = path.join(site.dir, "tone.wav");
			await fs.writeFile(file, wav(2));
			const {track} = await site.publish(file);
			for (const name of ["master-ts.m3u8", "high/playlist-ts.m3u8", "high/0.ts"])
				assert.equal((await site.request({path: `/hls/${track.id}/${name}`})).status, 404, name);
		} finally {
			await site.stop();
		}
	});
});

describe("a track in the works", {skip: cannotServe("lighttpd"), timeout: 120000}, () => {
	test("grows in transport streams too", async () => {
		const site = await start({runner: true, conf: {limits: {upload_size: "64M"}, media: {hls_ts: true}}});
		try {
			const scene = {site, file: path.join(site.dir, "long.wav")}, state = {}, bad = [];
			await fs.writeFile(scene.file, wav(60));
			const growing = await Growing.begin(scene);
			await growing.playable();
			const base = `/hls/${growing.track}/mobile`;
			const early = await growing.get(`${base}/playlist-ts.m3u8`);
			const count = early.text.match(/^\d+\.ts$/gm).length;
			assert.match(early.text, /^#EXT-X-PLAYLIST-TYPE:EVENT$/m);
			assert.doesNotMatch(early.text, /ENDLIST/);
			const first = await growing.get(`${base}/0.ts`);
			assert.equal(first.status, 200);
			assert.equal(first.headers["cache-control"], "no-store");
			assert.equal((await growing.get(`${base}/${count + 50}.ts`)).status, 404);
			assert.match((await growing.get(`/hls/${growing.track}/master-ts.m3u8`)).text, /^mobile\/playlist-ts\.m3u8$/m);
			process.kill(growing.worker, "SIGCONT");
			await until("the end", async () => await growing.state() === "ready");
			const late = await growing.get(`${base}/playlist-ts.m3u8`);
			assert.ok(late.text.includes(early.text.slice(early.text.indexOf("#EXTINF"))), "what was listed stays");
			assert.match(late.text, /#EXT-X-PLAYLIST-TYPE:VOD\n[^]*#EXT-X-ENDLIST\n$/);
			const segments = late.text.match(/^\d+\.ts$/gm);
			for (const name of segments) {
				const {body} = await growing.get(`${base}/${name}`);
				checkTransport(body, state, (wrong, text) => wrong && bad.push(`${name}: ${text}`));
				if (name === "0.ts")
					assert.ok(body.equals(first.body), "the first segment changed");
			}
			assert.deepEqual(bad, []);
		} finally {
			await site.stop();
		}
	});
});

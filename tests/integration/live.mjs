// SPDX-License-Identifier: MIT
// Listening while it encodes: a real worker, held with SIGSTOP between looks so that no machine is too fast, and what
// a listener gets at each step, through a real web server; also when worker or jobrunner are killed on the way.

import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import fs from "node:fs/promises";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {promisify} from "node:util";
import {checkMaster} from "./lib/check_hls.mjs";
import {LivePlaylist} from "./lib/check_live.mjs";
import {Growing, QUALITIES, fetchUrl, signal, workerOf} from "./lib/growing.mjs";
import {isAlive, until} from "./lib/library.mjs";
import {cannotServe, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";
import {missing} from "./lib/tools.mjs";

const run = promisify(execFile);
const SECONDS = 60;
const CONF = {limits: {upload_size: "64M"}, jobs: {poll_ms: 50, nice: 0, lease_s: 5}};

/* FFmpeg decodes INIT and SEGMENTS put together; how many seconds that are. */
async function decodes(scene, init, segments) {
	const file = path.join(scene.site.dir, "joined.mp4");
	await fs.writeFile(file, Buffer.concat([init, ...segments]));
	const {stdout} = await run("ffmpeg", ["-v", "error", "-xerror", "-i", file, "-f", "s16le", "-"],
		{encoding: "buffer", maxBuffer: 1 << 28});
	return stdout.length / 4 / 44100;
}

for (const addressing of ["byterange", "segments"]) {
	describe(`by ${addressing}`, {skip: cannotServe("lighttpd"), timeout: 400000}, () => {
		const scene = {};

		before(async () => {
			scene.site = await start({server: "lighttpd", runner: true, conf: {...CONF, media: {hls_addressing: addressing}}});
			scene.file = path.join(scene.site.dir, "long.wav");
			await fs.writeFile(scene.file, wav(SECONDS));
		});
		after(() => scene.site?.stop());

		test("a track is heard while it is made", async t => {
			const growing = await Growing.begin(scene);
			const [playlist] = growing.playlists;
			await growing.playable();
			const master = await growing.get(`/hls/${growing.track}/master.m3u8`);
			const early = await playlist.look();
			const init = (await playlist.piece(early.map)).body;

			await t.test("its first segments are there long before its last", async () => {
				assert.equal(await growing.state(), "pending");
				assert.ok(early.segments.length >= 1 && !early.ended);
				assert.ok(early.segments.length * early.target < SECONDS / 2, `${early.segments.length} segments`);
				assert.match(master.text, /^#EXT-X-START:TIME-OFFSET=0$/m);
				assert.deepEqual([...master.text.matchAll(/^(\w+)\/playlist/gm)].map(match => match[1]), QUALITIES);
			});
			await t.test("what cannot be given in part is not given", async () => {
				for (const address of [`/dash/${growing.track}/manifest.mpd`, `/stream/${growing.track}.mp4`,
					`/stream/${growing.track}_high.mp4`, `/media/${growing.track}/high.mp4`]) {
					const answer = await growing.get(address);
					assert.equal(answer.status, 503, address);
					assert.ok(answer.headers["retry-after"], address);
				}
				const progressive = await growing.get(`/stream/${growing.track}_high.mp4`, {Range: "bytes=0-"});
				assert.equal(progressive.status, 503);
				const beyond = await growing.get(`/media/${growing.track}/high.mp4`, {Range: "bytes=999999999-"});
				assert.equal(beyond.status, 416);
				assert.equal((await growing.get(`/hls/${growing.track}/high/99999.m4s`)).status, 404);
			});
			await t.test("its playlists follow the rules at each step", async () => {
				for (let step = 0; step < 4; step++) {
					await growing.step();
					await growing.lookAtAll();
					assert.equal((await growing.get(`/hls/${growing.track}/master.m3u8`)).text, master.text);
				}
				await growing.toTheEnd();
				assert.deepEqual(growing.violations(), []);
				for (const one of growing.playlists)
					assert.ok(one.looks >= 1, `${one.url} never grew`);
			});
			await t.test("it ends as any other track", async () => {
				assert.equal(await growing.state(), "ready");
				for (const one of growing.playlists)
					await one.checkBytes();
				assert.deepEqual(growing.violations(), []);
				assert.deepEqual(await checkMaster(`${growing.base}/master.m3u8`, fetchUrl), []);
				scene.files = await growing.files();
			});
			await t.test("an init section fetched early goes with all segments", {skip: missing("ffmpeg")}, async () => {
				const late = (await playlist.piece(playlist.last.map)).body;
				assert.equal(late.length, init.length);
				const seconds = await decodes(scene, late, playlist.bytes);
				assert.ok(Math.abs(seconds - SECONDS) < 0.05, `${seconds} s`);
				assert.ok(Math.abs(await decodes(scene, init, playlist.bytes) - SECONDS) < 0.05);
			});
		});

		// What follows does not depend on the addressing.
		if (addressing !== "byterange")
			return;

		test("a private one is heard with the grant of its manifest", async () => {
			const growing = await Growing.begin(scene, {visibility: "private"});
			const token = scene.site.bearer("stream:read");
			const address = `/hls/${growing.track}/master.m3u8`;
			await until("the first segments", async () => (await growing.get(address, token)).status === 200);
			signal(growing.worker, "SIGSTOP");
			assert.equal((await growing.get(address)).status, 401);
			const [uri] = (await growing.get(address, token)).text.match(/^high\/.*$/m);
			const playlist = new LivePlaylist(new URL(uri, `${growing.base}/master.m3u8`).href, fetchUrl);
			assert.ok((await playlist.look()).segments.length > 0);
			assert.deepEqual(playlist.violations, []);
			assert.notEqual((await growing.get(`/media/${growing.track}/high.mp4`, {Range: "bytes=0-9"})).status, 206);
			signal(growing.worker, "SIGCONT");
			assert.equal((await scene.site.jobOver(growing.job)).state, "done");
		});

		test("kill -9 of the worker: the playlist begins anew, and ends the same", async () => {
			const growing = await Growing.begin(scene);
			await growing.playable();
			await growing.step();
			await growing.lookAtAll();
			signal(growing.worker, "SIGKILL");
			const gone = await until("the end of the attempt", async () => {
				const answer = await growing.get(`/hls/${growing.track}/master.m3u8`);
				return answer.status === 503 && answer;
			});
			assert.ok(gone.headers["retry-after"]);
			assert.equal((await growing.get(`/hls/${growing.track}/high/playlist.m3u8`)).status, 503);
			assert.equal((await growing.get(`/media/${growing.track}/high.mp4`, {Range: "bytes=0-9"})).status, 503);
			for (const playlist of growing.playlists)
				playlist.forget();
			await growing.toTheEnd();
			assert.deepEqual(growing.violations(), []);
			assert.deepEqual(await growing.files(), scene.files);
		});

		test("kill -9 of the jobrunner: what was listed is there until another takes over", async () => {
			const growing = await Growing.begin(scene);
			await growing.playable();
			await growing.lookAtAll();
			const runner = scene.site.processes.get("jobrunner");
			runner.kill("SIGKILL");
			await runner.ended;
			await until("the end of the worker", () => !isAlive(growing.worker));
			scene.site.processes.delete("jobrunner");
			await growing.lookAtAll();
			await growing.playlists[0].checkBytes();
			assert.deepEqual(growing.violations(), []);
			scene.site.startRunner();
			growing.worker = await workerOf(scene.site);
			for (const playlist of growing.playlists)
				playlist.forget();
			await growing.toTheEnd();
			assert.deepEqual(growing.violations(), []);
			assert.deepEqual(await growing.files(), scene.files);
		});
	});
}

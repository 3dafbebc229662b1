// SPDX-License-Identifier: MIT
// The events of a job through each web server with its shipped example, as a client sees them.

import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {once} from "node:events";
import fs from "node:fs/promises";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {openEvents} from "./lib/events.mjs";
import {cannotServe, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";
import {missing, pause, which} from "./lib/tools.mjs";

const UNKNOWN = "01aaaaaaaaaaaaaaaaaaaaaaaa";
const STREAMS = 3;

for (const server of ["lighttpd", "nginx", "apache-proxy-fcgi", "apache-fcgid"]) {
	describe(server, {skip: cannotServe(server), timeout: 180000}, () => {
		let site, file;

		before(async () => {
			site = await start({server, conf: {http: {event_streams: STREAMS, event_stream_s: 6, event_beat_s: 1}}});
			file = path.join(site.dir, "tone.wav");
			await fs.writeFile(file, wav(5));
		});
		after(() => site?.stop());

		const reader = () => site.bearer("jobs:read");
		const open = (job, headers = reader()) => openEvents(site.url, `/internal/jobs/${job}/events`, headers);
		const cancel = job => site.request({method: "POST", path: `/internal/jobs/${job}/cancel`, headers: site.bearer("jobs:write")});
		const queued = async () => (await site.upload(file)).job.id;

		/* A stream that has its place: one given up a moment ago may still hold it. */
		async function opened(job, headers) {
			for (;;) {
				const stream = await open(job, headers);
				if (stream.status !== 503)
					return stream;
				await pause(100);
			}
		}

		test("come one by one, with heartbeats between them, until the job is over", async () => {
			const {job, urls} = await site.upload(file);
			assert.equal(urls.events, `/internal/jobs/${job.id}/events`);
			const stream = await opened(job.id, site.bearer("track:write")); // whose job it is needs no more
			assert.equal(stream.status, 200);
			assert.match(stream.headers["content-type"], /^text\/event-stream/);
			assert.equal(stream.headers["cache-control"], "no-store");
			const first = await stream.next(), second = await stream.next();
			assert.ok(stream.retry >= 100 && stream.retry <= 10000);
			assert.equal(first.event, "history");
			assert.equal(first.data.event, "submitted");
			assert.equal(second.event, "job");
			assert.equal(second.data.state, "queued");
			assert.equal(second.data.progress, 0);
			// Nothing happens, and that is said; had anything held the answer back, it would not come.
			assert.deepEqual(Object.keys(await stream.next()), ["comment"]);
			site.startRunner();
			const seen = (await stream.rest()).filter(({comment}) => comment === undefined);
			while (!["done", "dead"].includes(seen.at(-1)?.data.state)) { // its time was up before the job was done
				const more = await opened(job.id, {...reader(), "Last-Event-ID": (seen.at(-1) ?? second).id});
				seen.push(...(await more.rest()).filter(({comment}) => comment === undefined));
			}
			await site.processes.get("jobrunner").stop();
			const history = seen.filter(({event}) => event === "history").map(({data}) => data);
			assert.deepEqual(history.map(({number}) => number), history.map((_, i) => i + 2));
			assert.equal(history[0].event, "claimed");
			assert.ok(history.some(({event, detail}) => event === "stage" && detail === "transcode"));
			assert.equal(history.at(-1).event, "done");
			const last = seen.at(-1);
			assert.equal(last.event, "job");
			assert.equal(last.data.state, "done");
			assert.equal(last.data.progress, 1);
			const ids = [first, second, ...seen].map(({id}) => id.split("-").map(Number));
			for (const [i, [number, moment]] of ids.entries())
				assert.ok(i === 0 || (number >= ids[i - 1][0] && moment >= ids[i - 1][1]), `${ids}`);

			const missed = await opened(job.id, {...reader(), "Last-Event-ID": second.id});
			assert.deepEqual((await missed.rest()).filter(({event}) => event === "history").map(({data}) => data), history);
			const nothing = await opened(job.id, {...reader(), "Last-Event-ID": last.id});
			assert.equal(nothing.status, 204);
			assert.deepEqual(await nothing.rest(), []);
			const all = await opened(job.id, {...reader(), "Last-Event-ID": "nonsense"});
			assert.equal((await all.rest()).filter(({event}) => event === "history").length, history.length + 1);
		});

		test("of a job that ends another way", async () => {
			const job = await queued(), stream = await opened(job);
			await stream.next();
			await cancel(job);
			const rest = await stream.rest();
			assert.equal(rest.at(-1).data.state, "cancelled");
			assert.equal(rest.filter(({event}) => event === "history").at(-1).data.event, "cancelled");
		});

		test("end after a while, and go on where they ended", async () => {
			const job = await queued(), stream = await opened(job);
			const first = (await stream.rest()).filter(({comment}) => comment === undefined);
			assert.equal(first.at(-1).data.state, "queued");
			const again = await opened(job, {...reader(), "Last-Event-ID": first.at(-1).id});
			assert.equal(again.status, 200);
			await cancel(job);
			assert.ok((await again.rest()).some(({data}) => data?.event === "cancelled"));
		});

		test("end with the token that asked for them", async () => {
			const job = await queued(), now = Math.floor(Date.now() / 1000);
			const stream = await opened(job, site.bearer("jobs:read", {exp: now + 2}));
			assert.equal(stream.status, 200);
			await stream.rest();
			await cancel(job);
		});

		test("are for those who may look at the job", async () => {
			const job = await queued();
			const status = async (headers, id = job) => {
				const stream = await opened(id, headers);
				stream.close();
				return stream.status;
			};
			assert.equal(await status({}), 401);
			assert.equal(await status(site.bearer("track:write", {sub: "somebody else"})), 403);
			assert.equal(await status(site.bearer("track:write", {sub: "somebody else"}), UNKNOWN), 403);
			assert.equal(await status(reader(), UNKNOWN), 404);
			assert.equal(await status(reader(), "x"), 404);
			assert.equal((await site.request({method: "HEAD", path: `/internal/jobs/${job}/events`, headers: reader()})).status, 200);
			await cancel(job);
		});

		const byFcgid = server === "apache-fcgid" && "mod_fcgid starts a process for each stream, and ends them itself";

		test("are few at a time, and who leaves makes room", {skip: byFcgid}, async () => {
			const job = await queued();
			const streams = [];
			for (let i = 0; i < STREAMS; i++)
				streams.push(await opened(job));
			const refused = await site.request({path: `/internal/jobs/${job}/events`, headers: reader()});
			assert.equal(refused.status, 503);
			assert.match(refused.headers["retry-after"], /^\d+$/);
			assert.equal((await site.request({path: `/internal/jobs/${job}`, headers: reader()})).status, 200);
			for (const stream of streams)
				stream.close();
			const next = await opened(job);
			assert.equal(next.status, 200);
			next.close();
			await cancel(job);
		});

		test("do not keep the responder from stopping", {skip: byFcgid}, async () => {
			const job = await queued(), stream = await opened(job);
			await stream.next();
			const end = await site.processes.get("api").stop();
			assert.deepEqual([end.code, end.signal], [0, null]);
			await stream.rest();
			await site.startResponder("api");
		});
	});
}

describe("a crowd that follows one job", {skip: cannotServe("nginx"), timeout: 180000}, () => {
	const CROWD = 200;
	let site;

	after(() => site?.stop());

	test("takes no threads", async () => {
		site = await start({server: "nginx", transport: "event", runner: true, conf: {http: {threads: 2}}});
		const file = path.join(site.dir, "tone.wav");
		await fs.writeFile(file, wav(2));
		const {track} = await site.publish(file);
		await site.processes.get("jobrunner").stop();
		const {job} = await site.upload(file), headers = site.bearer("jobs:read");
		const streams = await Promise.all(Array.from({length: CROWD},
			() => openEvents(site.url, `/internal/jobs/${job.id}/events`, headers)));
		for (const stream of streams) {
			assert.equal(stream.status, 200);
			assert.equal((await stream.next()).data.event, "submitted");
		}
		for (const address of [`/hls/${track.id}/master.m3u8`, `/internal/jobs/${job.id}`, "/api/v1/tracks"])
			assert.equal((await site.request({path: address, headers})).status, 200, address);
		site.startRunner();
		for (const stream of streams)
			assert.equal((await stream.rest()).at(-1).data.state, "done");
	});
});

describe("where readers wait for writers", {skip: cannotServe("nginx") || missing("sqlite3"), timeout: 180000}, () => {
	let site, shell;

	after(async () => {
		shell?.kill();
		await site?.stop();
	});

	test("a database that is locked for long holds up nobody who does not ask it", async () => {
		site = await start({server: "nginx", transport: "event",
			conf: {db: {journal_mode: "delete", busy_ms: 60000}, http: {event_beat_s: 1}}});
		const file = path.join(site.dir, "tone.wav");
		await fs.writeFile(file, wav(1));
		const {job} = await site.upload(file), headers = site.bearer("jobs:read jobs:write");
		const stream = await openEvents(site.url, `/internal/jobs/${job.id}/events`, headers);
		assert.deepEqual([(await stream.next()).event, (await stream.next()).event], ["history", "job"]);
		shell = spawn(which("sqlite3"), ["-bail", "-cmd", ".timeout 30000", path.join(site.dataDir, "tonearm.db")]);
		shell.stdin.write("BEGIN EXCLUSIVE; SELECT 'locked';\n");
		await once(shell.stdout, "data");
		const asked = site.request({path: `/internal/jobs/${job.id}`, headers});
		for (let i = 0; i < 3; i++) { // more than may have been on their way before
			assert.deepEqual(Object.keys(await stream.next()), ["comment"]);
			assert.equal((await site.request({path: "/health"})).status, 200);
		}
		shell.stdin.end("COMMIT;\n");
		assert.equal((await asked).status, 200);
		await site.request({method: "POST", path: `/internal/jobs/${job.id}/cancel`, headers});
		assert.equal((await stream.rest()).at(-1).data.state, "cancelled");
	});
});

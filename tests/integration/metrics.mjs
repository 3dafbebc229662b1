// SPDX-License-Identifier: MIT
// What is counted, that promtool takes it, and who may read it.

import assert from "node:assert/strict";
import {spawnSync} from "node:child_process";
import {readFileSync} from "node:fs";
import fs from "node:fs/promises";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {cgi, library} from "./lib/cgi.mjs";
import {until} from "./lib/library.mjs";
import {cannotServe, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";
import {missing, source, which} from "./lib/tools.mjs";

const FAR = {parameters: {REMOTE_ADDR: "192.0.2.7"}};

const example = name => path.join(source, "conf-examples", "monitoring", name);
const dashboard = JSON.parse(readFileSync(example("tonearm-dashboard.json"), "utf8"));
const queries = dashboard.panels.flatMap(panel => panel.targets.map(target => target.expr));

function promtool(words, input) {
	const {status, stdout, stderr} = spawnSync(which("promtool"), words, {input, encoding: "utf8"});
	assert.equal(status, 0, stdout + stderr);
}

/** {series: value} of a text of metrics. */
const read = text => Object.fromEntries(text.split("\n").filter(line => line && !line.startsWith("#"))
	.map(line => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]));

/** The sum of all series of NAME whose labels have LABELS in them. */
const sum = (series, name, labels = "") => Object.entries(series)
	.filter(([key]) => (key === name || key.startsWith(`${name}{`)) && key.includes(labels)).reduce((all, [, value]) => all + value, 0);

describe("a site at work", {skip: cannotServe("lighttpd"), timeout: 120000}, () => {
	let site, track;

	before(async () => {
		site = await start({server: "lighttpd", delivery: "direct", runner: true, conf: {http: {stream_rate: 48 << 10}}});
		const file = path.join(site.dir, "tone.wav");
		await fs.writeFile(file, wav(2));
		track = (await site.publish(file, {visibility: "private"})).track.id;
		await fs.writeFile(path.join(site.dataDir, "media", track, "low.mp4"), Buffer.alloc(32 << 20));
	});
	after(() => site?.stop());

	const text = async () => (await site.request({path: "/metrics"})).text;
	const series = async () => read(await text());
	const ask = (name, how = {}) => site.request({path: name, headers: site.bearer("stream:read"), ...how});

	test("a listener is counted from the playlist to the last byte", async () => {
		const master = await ask(`/hls/${track}/master.m3u8`);
		assert.equal(master.status, 200);
		const playlist = await ask(`/hls/${track}/high/playlist.m3u8`);
		assert.equal(playlist.status, 200);
		const sound = [await ask(`/media/${track}/high.mp4`, {headers: {...site.bearer("stream:read"), Range: "bytes=0-999"}}),
			await ask(`/media/${track}/high.mp4`, {headers: {}}),
			await ask(`/media/${track}/high.mp4`, {headers: {...site.bearer("stream:read"), Range: "bytes=99999999-"}})];
		assert.deepEqual(sound.map(answer => answer.status), [206, 401, 416]);
		const bytes = answers => answers.reduce((all, answer) => all + answer.body.length, 0);
		const sent = "tonearm_http_response_bytes_total";
		/* A request counts when its answer has gone out, which its client may see first; what was sent is counted last. */
		const now = await until("all are counted", async () => {
			const found = await series();
			return sum(found, "tonearm_http_requests_total", 'program="stream"') === 3
				&& sum(found, sent, 'program="stream"') >= bytes(sound)
				&& sum(found, sent, 'program="manifest"') >= bytes([master, playlist]) && found;
		});
		assert.equal(sum(now, sent, 'program="stream"'), bytes(sound));
		assert.equal(now[`${sent}{program="manifest",route="/hls/{track}/master.m3u8"}`], master.body.length);
		assert.equal(sum(now, sent, 'program="manifest"'), bytes([master, playlist]));
		const route = '{program="manifest",route="/hls/{track}/master.m3u8"}';
		assert.equal(now['tonearm_playlists_total{kind="hls-master"}'], 1);
		assert.equal(now['tonearm_playlists_total{kind="hls-media"}'], 1);
		assert.equal(now[`tonearm_http_first_byte_seconds_count${route}`], 1);
		assert.equal(now[`tonearm_http_request_duration_seconds_count${route}`], 1);
		assert.equal(now['tonearm_http_problems_total{program="stream",reason="unauthorized"}'], 1);
		assert.equal(now['tonearm_auth_verdicts_total{verdict="unauthorized",reason="missing"}'], 1);
		assert.ok(now['tonearm_auth_verdicts_total{verdict="ok",reason="ok"}'] >= 4);
		assert.equal(now.tonearm_streams_started_total, 2);
		assert.equal(now['tonearm_streams_ended_total{outcome="complete"}'], 1);
		assert.equal(now['tonearm_streams_ended_total{outcome="refused"}'], 1);
		assert.equal(sum(now, "tonearm_stream_errors_total"), 1);
		assert.equal(now['tonearm_delivered_bytes_total{mode="direct"}'], 1000);
		assert.equal(now.tonearm_job_runners, 1);
		assert.ok(now['tonearm_db_statement_seconds_count{statement="rendition_list"}'] >= 1);
	});

	test("what clients send is counted by its bytes", async () => {
		const uploaded = '{program="api",route="/api/v1/tracks"}', changed = '{program="api",route="/api/v1/tracks/{track}"}';
		const body = JSON.stringify({title: "Ton"});
		const answer = await site.request({method: "PATCH", path: `/api/v1/tracks/${track}`, body,
			headers: {...site.bearer("track:write"), "Content-Type": "application/json"}});
		assert.equal(answer.status, 200, answer.text);
		const now = await until("it is counted", async () => {
			const found = await series();
			return found[`tonearm_http_response_bytes_total${changed}`] && found;
		});
		assert.equal(now[`tonearm_http_request_bytes_total${changed}`], body.length);
		assert.equal(now[`tonearm_http_response_bytes_total${changed}`], answer.body.length);
		assert.ok(now[`tonearm_http_request_bytes_total${uploaded}`] > wav(2).length);
	});

	test("each process tells of itself", async () => {
		const now = await series();
		for (const program of ["api", "auth", "manifest", "stream", "jobrunner"]) {
			const labels = `program="${program}"`;
			assert.ok(sum(now, "process_resident_memory_bytes", labels) > 1 << 20, program);
			assert.ok(sum(now, "process_start_time_seconds", labels) > 1e9, program);
			assert.ok(sum(now, "process_open_fds", labels) > 2, program);
		}
		assert.ok(sum(now, "tonearm_http_requests_active", 'program="api"') >= 1, "the scrape itself");
	});

	test("what is open ends with its process, also by kill -9", async () => {
		const {port} = new URL(site.url);
		const listener = http.get({port, path: `/media/${track}/low.mp4`, headers: site.bearer("stream:read"), agent: false});
		listener.on("error", () => {});
		await new Promise(resolve => listener.on("response", answer => answer.on("error", () => {}).once("data", resolve)));
		const open = async () => sum(await series(), "tonearm_streams_active");
		assert.equal(await open(), 1);
		const stream = site.processes.get("stream");
		stream.wanted = false;
		stream.kill("SIGKILL");
		await stream.ended;
		assert.equal(await open(), 0);
		listener.destroy();
		await site.startResponder("stream");
		assert.equal(await open(), 0);
		assert.equal(sum(await series(), "tonearm_streams_started_total"), 3, "counters survive");
	});

	test("a listener that goes away", async () => {
		const {port} = new URL(site.url);
		const listener = http.get({port, path: `/media/${track}/low.mp4`, headers: site.bearer("stream:read"), agent: false});
		listener.on("error", () => {});
		await new Promise(resolve => listener.on("response", answer => answer.on("error", () => {}).once("data", resolve)));
		listener.destroy();
		await until("it is noticed", async () => sum(await series(), "tonearm_stream_errors_total", "aborted") === 1);
		const now = await series();
		assert.equal(sum(now, "tonearm_streams_active"), 0);
		assert.equal(now['tonearm_streams_ended_total{outcome="broken-off"}'], 1);
	});

	test("promtool check metrics", {skip: missing("promtool")}, async () => promtool(["check", "metrics"], await text()));

	test("what rules and dashboard ask for is there", async () => {
		const now = await text();
		const kinds = Object.fromEntries([...now.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => [name, kind]));
		for (const words of [readFileSync(example("tonearm-rules.yml"), "utf8"), ...queries]) {
			for (const [, asked] of words.matchAll(/\b((?:tonearm|process)_[a-z_]+)\b/g)) {
				const name = asked.replace(/_(bucket|sum|count)$/, "");
				assert.ok(kinds[asked] || kinds[name] === "histogram", `${asked} is no metric`);
			}
		}
	});
});

describe("rules and dashboard", {skip: missing("promtool")}, () => {
	let dir;

	before(async () => {
		dir = await fs.mkdtemp(path.join(os.tmpdir(), "tonearm-rules-"));
	});
	after(() => fs.rm(dir, {recursive: true}));

	test("promtool check rules, config", () => {
		promtool(["check", "rules", example("tonearm-rules.yml")]);
		promtool(["check", "config", example("prometheus.yml")]);
	});

	test("what the dashboard asks is PromQL", async () => {
		const rules = queries.map((expr, i) => ({record: `panel_${i}`,
			expr: expr.replaceAll("$__rate_interval", "5m").replaceAll("$instance", ".*")}));
		const file = path.join(dir, "panels.yml");
		await fs.writeFile(file, JSON.stringify({groups: [{name: "panels", rules}]}));
		promtool(["check", "rules", file]);
	});
});

describe("the counters, who may read them", () => {
	let place;

	before(() => {
		place = library();
	});
	after(() => place.remove());

	const status = async how => (await cgi(place, "api", "/metrics", how)).status;
	const behind = from => ({headers: {"X-Forwarded-For": from}});

	test("this machine alone, unless told", async () => {
		assert.equal(await status(), 200);
		assert.equal(await status({parameters: {REMOTE_ADDR: "::1"}}), 200);
		assert.equal(await status({parameters: {REMOTE_ADDR: "::ffff:127.0.0.1"}}), 200);
		assert.equal(await status(FAR), 403);
		assert.equal(await status({parameters: {REMOTE_ADDR: ""}}), 403);
	});

	test("nobody from outside, whom a proxy on this machine brings", async () => {
		for (const name of ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
			assert.equal(await status({headers: {[name]: "127.0.0.1"}}), 403, name);
		place.configure({http: {trusted_proxies: ["127.0.0.1"]}});
		assert.equal(await status(behind("192.0.2.7")), 403);
		assert.equal(await status(behind("127.0.0.2")), 200);
		place.configure({});
	});

	test("what the object store has of the library", {skip: missing("sqlite3")}, async () => {
		place.configure({store: {endpoint: "https://s3.example.org", bucket: "library"}});
		const row = (key, state) => `INSERT INTO remote (store, key, track, what, name, etag, size, state, confirmed_ms, released_ms)
			VALUES ('https://s3.example.org/library', '${key}', 't', 'rendition', 'low', '', 1, '${state}', 0, 0);`;
		const {status, stderr} = spawnSync(which("sqlite3"), [path.join(place.dir, "data", "tonearm.db"),
			row("a", "pending") + row("b", "confirmed") + row("c", "confirmed")], {encoding: "utf8"});
		assert.equal(status, 0, stderr);
		const now = read((await cgi(place, "api", "/metrics")).text);
		assert.equal(now['tonearm_sync_objects{state="pending"}'], 1);
		assert.equal(now['tonearm_sync_objects{state="confirmed"}'], 2);
		place.configure({});
	});

	test("those who are named", async () => {
		place.configure({observe: {metrics_allow: ["192.0.2.0/29", "2001:db8::/32"]}});
		assert.equal(await status(FAR), 200);
		assert.equal(await status({parameters: {REMOTE_ADDR: "192.0.2.8"}}), 403);
		assert.equal(await status({parameters: {REMOTE_ADDR: "2001:db8::1"}}), 200);
		assert.equal(await status(), 403, "this machine is not named");
		assert.equal(await status({...FAR, ...behind("10.0.0.1")}), 200, "nobody's word");
		place.configure({});
	});
});

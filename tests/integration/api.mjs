// SPDX-License-Identifier: MIT
// api.fcgi, each request to a fresh CGI process: uploads of both kinds, tracks, jobs, health.

import assert from "node:assert/strict";
import {execFileSync, spawn, spawnSync} from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {after, beforeEach, describe, test} from "node:test";
import {bearer, cgi, form, library} from "./lib/cgi.mjs";
import {missing, which} from "./lib/tools.mjs";

const UNKNOWN = "01aaaaaaaaaaaaaaaaaaaaaaaa";
const HIGHEST_FLOOR = "1024G";
let place, ids;

/* A disk counts as full when its floor is higher than what it has free. */
const space = fs.statfsSync(os.tmpdir());
const roomy = space.bavail * space.bsize > 2 ** 40 && "the disk has more room than the highest floor";

/* Starts a program where the file that follows can only be read. */
const READ_ONLY = [which("unshare"), "--user", "--map-root-user", "--mount", "sh", "-c",
	'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'];
const noMounts = () => spawnSync(READ_ONLY[0], [...READ_ONLY.slice(1), os.tmpdir(), "true"]).status !== 0 && "nothing can be mounted here";

/* Enough of a WAV file to be taken for one: what it holds is the worker's affair. */
const wav = (() => {
	const bytes = Buffer.alloc(44 + 4000);
	bytes.write("RIFF", 0);
	bytes.writeUInt32LE(bytes.length - 8, 4);
	bytes.write("WAVEfmt ", 8);
	bytes.writeUInt32LE(16, 16);
	bytes.writeUInt16LE(1, 20);
	bytes.writeUInt16LE(1, 22);
	bytes.writeUInt32LE(8000, 24);
	bytes.writeUInt32LE(16000, 28);
	bytes.writeUInt16LE(2, 32);
	bytes.writeUInt16LE(16, 34);
	bytes.write("data", 36);
	bytes.writeUInt32LE(4000, 40);
	return bytes;
})();

function fresh(changes) {
	place?.remove();
	place = library(changes);
	ids = place.ids;
}

beforeEach(() => fresh());
after(() => place?.remove());

const api = (target, options) => cgi(place, "api", target, options);
const writer = (options = {}) => bearer("track:write", options);
const raw = (options = {}) => api(`/api/v1/tracks${options.query ?? ""}`, {
	method: "POST", body: wav, ...options, headers: {...writer(), "Content-Type": "audio/wav", ...options.headers},
});
function multipart(parts, options = {}) {
	const made = form(parts);
	return api("/api/v1/tracks", {method: "POST", body: made.body, ...options, headers: {...writer(), ...made.headers, ...options.headers}});
}
const json = (target, method, body, headers) => api(target, {
	method, body: typeof body === "string" ? body : JSON.stringify(body), headers: {"Content-Type": "application/json", ...headers},
});
function files(folder) {
	const where = path.join(place.dir, "data", folder);
	return fs.existsSync(where) ? fs.readdirSync(where) : [];
}

function refused(answer, status, slug) {
	assert.equal(answer.status, status, answer.text);
	assert.equal(answer.headers["content-type"], "application/problem+json");
	assert.equal(answer.headers["cache-control"], "no-store");
	assert.equal(answer.json.status, status);
	assert.equal(answer.json.instance, answer.headers["x-request-id"]);
	if (slug)
		assert.equal(answer.json.type, `urn:tonearm:problem:${slug}`);
}

/* No refusal leaves anything behind. */
function nothingLeft() {
	assert.deepEqual(files("spool"), []);
	assert.deepEqual(files("source"), []);
}

test("the presets that an upload may name", async () => {
	fresh({media: {presets: [{name: "voice", filter: "highpass=f=80"}, {name: "soft", filter: "volume=0.5"}], preset: "soft"}});
	refused(await api("/api/v1/presets"), 401);
	refused(await api("/api/v1/presets", {headers: bearer("track:read")}), 403);
	const {status, json, text} = await api("/api/v1/presets", {headers: writer()});
	assert.equal(status, 200);
	assert.deepEqual(json, {presets: ["voice", "soft"], preset: "soft", loudness: "tags"});
	assert.doesNotMatch(text, /highpass/);
});

describe("an upload", () => {
	test("as a raw body", async () => {
		const answer = await raw({query: "?title=A%20song&artist=%C3%A9&visibility=public",
			headers: {"Content-Disposition": 'attachment; filename="a.wav"'}});
		assert.equal(answer.status, 202, answer.text);
		const {track, job, urls} = answer.json;
		assert.equal(answer.headers.location, urls.track);
		assert.equal(urls.track, `/api/v1/tracks/${track.id}`);
		assert.equal(urls.job, `/internal/jobs/${job.id}`);
		assert.equal(urls.hls, `/hls/${track.id}/master.m3u8`);
		assert.equal(track.state, "pending");
		assert.equal(track.visibility, "public");
		assert.equal(track.title, "A song");
		assert.equal(track.artist, "é");
		assert.equal(track.source_name, "a.wav");
		assert.equal(track.source_format, "wav");
		assert.equal(track.source_bytes, wav.length);
		assert.match(track.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
		assert.equal(job.state, "queued");
		assert.equal(job.progress, 0);
		assert.deepEqual(files("spool"), []);
		assert.deepEqual(files("source"), [`${track.id}.wav`]);
		assert.ok(fs.readFileSync(path.join(place.dir, "data", "source", `${track.id}.wav`)).equals(wav));
	});

	test("as a form, fields before and after the file", async () => {
		const answer = await multipart([{name: "title", value: "Form"}, {name: "file", filename: "x.mp3", type: "audio/mpeg", value: wav},
			{name: "album", value: "All"}, {name: "visibility", value: "private"}, {name: "renditions", value: '["low"]'}]);
		assert.equal(answer.status, 202, answer.text);
		assert.equal(answer.json.track.title, "Form");
		assert.equal(answer.json.track.album, "All");
		assert.equal(answer.json.track.visibility, "private");
		assert.equal(answer.json.track.source_format, "wav", "the name does not decide what it is");
	});

	test("under a base address and under a prefix", async () => {
		const below = await api("/music/api/v1/tracks", {method: "POST", body: wav, parameters: {TONEARM_PREFIX: "/music"},
			headers: {...writer(), "Content-Type": "audio/wav"}});
		assert.match(below.headers.location, /^\/music\/api\/v1\/tracks\/[0-9a-z]{26}$/);
		place.configure({http: {base_url: "https://audio.example.org"}});
		assert.match((await raw()).headers.location, /^https:\/\/audio\.example\.org\/api\/v1\/tracks\/[0-9a-z]{26}$/);
	});

	test("with hostile file names: kept as text, never as a path", async () => {
		const names = [
			["../../../etc/passwd", "passwd"], ["C:\\Windows\\evil.wav", "evil.wav"], ["/", undefined], ["..", ".."],
			["a\\\"b.wav", undefined], ["\u0001\u001b[31mred.wav", "[31mred.wav"], ["x".repeat(200) + ".wav", "x".repeat(200) + ".wav"],
			["<script>.wav", "<script>.wav"], ["песня 🎵.flac", "песня 🎵.flac"], ["", undefined],
		];
		for (const [name, kept] of names) {
			const answer = await multipart([{name: "file", filename: name, value: wav}]);
			assert.ok([202, 400].includes(answer.status), `${name}: ${answer.text}`);
			if (answer.status === 202 && kept !== undefined)
				assert.equal(answer.json.track.source_name, kept);
			if (answer.status === 202)
				assert.ok(files("source").includes(`${answer.json.track.id}.wav`));
		}
		assert.deepEqual(files("spool"), []);
		assert.deepEqual(fs.readdirSync(place.dir).sort(), ["data", "run", "tonearm.conf"]);
	});

	test("names its file by Content-Disposition or by the query", async () => {
		const name = async (disposition, query) => (await raw({query, headers: disposition ? {"Content-Disposition": disposition} : {}}))
			.json.track.source_name;
		assert.equal(await name("attachment; filename=plain.wav"), "plain.wav");
		assert.equal(await name("attachment; filename=\"old.wav\"; filename*=UTF-8''n%C3%A9w.wav"), "néw.wav");
		assert.equal(await name("attachment; filename*=latin1''x; filename=\"a;b.wav\""), "a;b.wav");
		assert.equal(await name("inline; foo; filename=\"q\\\"q.wav\""), "q\"q.wav");
		assert.equal(await name("attachment; filename=\"broken.wav"), "broken.wav");
		assert.equal(await name(undefined, "?filename=q%20.wav"), "q .wav");
		assert.equal(await name("attachment"), undefined);
	});

	test("without a token, with a wrong one, without the scope", async () => {
		refused(await raw({headers: {Authorization: ""}}), 401, "unauthorized");
		refused(await raw({headers: bearer("track:write", {secret: "x".repeat(32)})}), 401, "unauthorized");
		refused(await raw({headers: bearer("track:read jobs:write stream:read")}), 403, "forbidden");
		nothingLeft();
	});

	test("that is too large: refused before it is read", async () => {
		refused(await raw({length: 2 ** 40, body: ""}), 413, "too-large");
		refused(await multipart([{name: "file", filename: "a", value: Buffer.alloc(1100000)}]), 413, "too-large");
		const big = Buffer.concat([wav, Buffer.alloc(1048576)]);
		refused(await raw({body: big}), 413, "too-large");
		nothingLeft();
	});

	test("of another kind", async () => {
		refused(await raw({headers: {"Content-Type": "text/html"}}), 415, "unsupported-media");
		refused(await raw({headers: {"Content-Type": ""}}), 415, "unsupported-media");
		refused(await raw({body: "#EXTM3U\n#EXT-X-TARGETDURATION:1\n"}), 415, "unsupported-media");
		refused(await raw({body: "ffconcat version 1.0\nfile /etc/passwd\n"}), 415, "unsupported-media");
		refused(await multipart([{name: "file", filename: "a.mp3", type: "audio/mpeg", value: "not sound at all"}]), 415);
		nothingLeft();
	});

	test("that cannot be processed", async () => {
		const file = {name: "file", filename: "a.wav", value: wav};
		refused(await raw({body: "", length: 0}), 422, "unprocessable");
		refused(await raw({length: null}), 411, "length-required");
		refused(await multipart([{name: "title", value: "no file"}]), 422);
		refused(await multipart([file, file]), 422);
		refused(await multipart([{name: "title", value: "a"}, {name: "title", value: "b"}, file]), 422);
		refused(await multipart([{name: "nonsense", value: "a"}, file]), 422);
		refused(await multipart([{name: "visibility", value: "secret"}, file]), 422);
		refused(await multipart([file, {name: "renditions", value: '["none"]'}]), 422);
		refused(await multipart([file, {name: "renditions", value: "["}]), 422);
		refused(await multipart([file, {name: "renditions", value: '[{"codec":"aac","bit_rate":1}]'}]), 422);
		refused(await multipart([{name: "title", value: "x".repeat(20000)}, file]), 422);
		refused(await multipart([{name: "title", value: "a\0b"}, file]), 422);
		refused(await raw({query: "?visibility=x"}), 422);
		nothingLeft();
	});

	test("that breaks off leaves nothing", async () => {
		refused(await raw({length: wav.length + 100000}), 499, "aborted");
		const made = form([{name: "file", filename: "a.wav", value: wav}]);
		const half = made.body.subarray(0, made.body.length - 20);
		refused(await multipart([], {headers: made.headers, body: half}), 400, "bad-request");
		refused(await multipart([], {headers: made.headers, body: half, length: made.body.length}), 499, "aborted");
		refused(await multipart([], {headers: {"Content-Type": "multipart/form-data"}, body: half}), 400, "bad-request");
		nothingLeft();
	});

	test("when the queue is full: come again", async () => {
		fresh({jobs: {max_queued: 1}});
		assert.equal((await raw()).status, 202);
		const full = await raw();
		refused(full, 503, "busy");
		assert.match(full.headers["retry-after"], /^\d+$/);
		assert.equal(files("source").length, 1);
		execFileSync("sqlite3", [path.join(place.dir, "data", "tonearm.db"), "UPDATE job SET class = 'network'"]);
		assert.equal((await raw()).status, 202, "other lines have room of their own");
	});

	test("when the disk is full", {skip: roomy}, async () => {
		fresh({storage: {disk_floor: HIGHEST_FLOOR}});
		const full = await raw();
		refused(full, 503, "no-space");
		assert.match(full.headers["retry-after"], /^\d+$/);
		nothingLeft();
	});
});

describe("tracks", () => {
	const list = (query = "", headers = {}) => api(`/api/v1/tracks${query}`, {headers});
	const titles = async (...args) => (await list(...args)).json.tracks.map(track => track.title).sort();

	test("are listed as far as one may see them", async () => {
		const open = ["failed", "pending", "public"], all = ["failed", "pending", "pending_private", "private", "public"];
		assert.deepEqual(await titles(), open);
		assert.deepEqual(await titles("", bearer("stream:read")), open);
		assert.deepEqual(await titles("", writer()), all, "alice owns them");
		assert.deepEqual(await titles("", writer({subject: "bob"})), open);
		assert.deepEqual(await titles("", bearer("track:read", {subject: "bob"})), all);
		refused(await list("", {Authorization: "Bearer nonsense"}), 401);
	});

	test("come in pages", async () => {
		const seen = [];
		let after = "";
		do {
			const page = (await list(`?limit=2${after}`, bearer("track:read"))).json;
			assert.ok(page.tracks.length <= 2);
			seen.push(...page.tracks.map(track => track.id));
			after = page.next ? `&after=${page.next}` : "";
		} while (after);
		assert.equal(new Set(seen).size, 5);
		assert.deepEqual(seen, [...seen].sort().reverse());
		for (const query of ["?limit=0", "?limit=201", "?limit=x", "?limit=-1", "?after=x"])
			refused(await list(query), 422);
	});

	test("show renditions and addresses", async () => {
		const {track, urls, job} = (await api(`/api/v1/tracks/${ids.public}`)).json;
		assert.deepEqual(track.renditions.map(rendition => rendition.quality), ["high", "aac-64"]);
		assert.equal(track.renditions[0].url, `/media/${ids.public}/high.mp4`);
		assert.equal(track.renditions[0].sample_rate, 44100);
		assert.equal(urls.stream, `/stream/${ids.public}.mp4`);
		assert.equal(job, undefined);
	});

	test("in the works show their job to the owner alone", async () => {
		const made = (await raw({query: "?visibility=public"})).json;
		const own = (await api(`/api/v1/tracks/${made.track.id}`, {headers: writer()})).json;
		assert.equal(own.job.id, made.job.id);
		assert.equal(own.job.stage, "queued");
		assert.equal((await api(`/api/v1/tracks/${made.track.id}`)).json.job, undefined);
		assert.equal((await api(`/api/v1/tracks/${made.track.id}`, {headers: writer({subject: "bob"})})).json.job, undefined);
	});

	test("private ones are not there for others", async () => {
		const bare = answer => [answer.status, answer.text.replace(answer.headers["x-request-id"], "")];
		for (const headers of [{}, {Authorization: "Bearer x"}, writer({subject: "bob"}), bearer("jobs:read"), writer({subject: ""})]) {
			for (const [method, body] of [["GET"], ["PATCH", "{}"], ["DELETE"]]) {
				const ask = id => api(`/api/v1/tracks/${id}`, {method, body, headers: {...headers, "Content-Type": "application/json"}});
				const unknown = await ask(UNKNOWN), foreign = await ask(ids.private);
				assert.ok([401, 403, 404].includes(unknown.status));
				assert.deepEqual(bare(foreign), bare(unknown), `${method} ${JSON.stringify(headers)}`);
			}
		}
		assert.equal((await api(`/api/v1/tracks/${ids.private}`, {headers: bearer("stream:read")})).status, 200);
		assert.equal((await api(`/api/v1/tracks/${ids.private}`, {headers: writer()})).status, 200);
		assert.equal((await api("/api/v1/tracks/nonsense", {headers: bearer("track:read")})).status, 404);
	});

	test("a token for single tracks reaches these and nothing else", async () => {
		const only = (scope, tracks) => bearer(scope, {claims: {tracks}});
		const all = "stream:read track:read track:write jobs:read jobs:write";
		const mine = only(all, [ids.private]), other = only(all, [UNKNOWN]);
		assert.equal((await api(`/api/v1/tracks/${ids.private}`, {headers: mine})).status, 200);
		refused(await api(`/api/v1/tracks/${ids.private}`, {headers: other}), 404);
		assert.equal((await api(`/api/v1/tracks/${ids.public}`, {headers: other})).status, 200);
		const listed = (await api("/api/v1/tracks", {headers: mine})).json.tracks.map(track => track.id);
		assert.ok(listed.includes(ids.public) && !listed.includes(ids.private));
		assert.equal((await json(`/api/v1/tracks/${ids.private}`, "PATCH", {title: "x"}, mine)).status, 200);
		refused(await json(`/api/v1/tracks/${ids.public}`, "PATCH", {title: "x"}, mine), 403);
		refused(await raw({headers: mine}), 403);
		refused(await api("/internal/jobs", {headers: mine}), 403);
		refused(await json("/internal/jobs/transcode", "POST", {track: ids.private, formats: "mp3-128"}, other), 403);
		const made = (await raw()).json;
		refused(await api(`/internal/jobs/${made.job.id}`, {headers: mine}), 403);
		assert.equal((await api(`/internal/jobs/${made.job.id}`, {headers: only("jobs:read", [made.track.id])})).status, 200);
		refused(await api(`/internal/jobs/${made.job.id}/cancel`, {method: "POST", headers: mine}), 403);
		assert.equal((await cgi(place, "manifest", `/hls/${ids.private}/master.m3u8`, {headers: mine})).status, 200);
		refused(await cgi(place, "manifest", `/hls/${ids.private}/master.m3u8`, {headers: other}), 403);
	});

	test("are changed by their owner", async () => {
		const patch = (body, headers = writer()) => json(`/api/v1/tracks/${ids.public}`, "PATCH", body, headers);
		const changed = await patch({title: "New", artist: null, album: "  ", number: 3, year: 1999, visibility: "private"});
		assert.equal(changed.status, 200, changed.text);
		const {track} = changed.json;
		assert.deepEqual([track.title, track.artist, track.album, track.number, track.year, track.visibility],
			["New", undefined, undefined, 3, 1999, "private"]);
		assert.equal((await api(`/api/v1/tracks/${ids.public}`)).status, 401);
		assert.equal((await patch({})).json.track.title, "New");
		assert.equal((await patch({visibility: "public"}, bearer("track:read track:write", {subject: "bob"}))).status, 200);
		refused(await patch({title: "x"}, writer({subject: "bob"})), 403);
		refused(await patch({title: "x"}, bearer("track:read")), 403);
		refused(await patch({title: "x"}, {}), 401);
	});

	test("are not changed by what is wrong", async () => {
		const patch = (body, headers = {}) => json(`/api/v1/tracks/${ids.public}`, "PATCH", body, {...writer(), ...headers});
		for (const body of [{titel: "x"}, {title: 7}, {title: ["x"]}, {number: "3"}, {number: -1}, {number: 1.5}, {year: 10000}, {year: null},
			{visibility: "x"}, {visibility: null}, {id: UNKNOWN}, {title: "x".repeat(513)}])
			refused(await patch(body), 422, "unprocessable");
		for (const body of ["", "{", "[]", "null", '{"title":"a","title":"b"}', '{"title":"\\ud800"}', "\xff"])
			assert.ok([400, 411].includes((await patch(body)).status), body);
		refused(await patch({}, {"Content-Type": "text/plain"}), 415);
		refused(await patch({title: "x".repeat(5000)}), 413);
		assert.match((await patch({titel: "x"})).json.detail, /titel/);
		assert.equal((await api(`/api/v1/tracks/${ids.public}`)).json.track.title, "public");
	});

	test("go with their files and their job", async () => {
		const made = (await raw()).json;
		const gone = await api(`/api/v1/tracks/${made.track.id}`, {method: "DELETE", headers: writer()});
		assert.equal(gone.status, 204);
		assert.equal(gone.body.length, 0);
		assert.deepEqual(files("source"), []);
		assert.equal((await api(`/internal/jobs/${made.job.id}`, {headers: bearer("jobs:read")})).json.job.state, "cancelled");
		assert.equal((await api(`/api/v1/tracks/${ids.public}`, {method: "DELETE", headers: writer()})).status, 204);
		assert.ok(!files("media").includes(ids.public));
		refused(await api(`/api/v1/tracks/${ids.public}`, {method: "DELETE", headers: writer()}), 404);
		refused(await api(`/api/v1/tracks/${ids.failed}`, {method: "DELETE", headers: writer({subject: "bob"})}), 403);
	});
});

describe("jobs", () => {
	const submit = (body, headers = bearer("jobs:write")) => json("/internal/jobs/transcode", "POST", body, headers);

	test("of a file in an import folder", async () => {
		const folder = fs.mkdtempSync(path.join(place.dir, "import-"));
		fs.mkdirSync(path.join(folder, "sub"));
		fs.writeFileSync(path.join(folder, "sub", "a.wav"), wav);
		fs.writeFileSync(path.join(folder, "noise.wav"), "noise");
		fs.writeFileSync(path.join(place.dir, "outside.wav"), wav);
		fs.symlinkSync(path.join(place.dir, "outside.wav"), path.join(folder, "link.wav"));
		place.configure({jobs: {import_dirs: [folder]}});
		const answer = await submit({path: "sub/a.wav", renditions: ["low", {codec: "aac", bit_rate: 64000}], title: "Imported"});
		assert.equal(answer.status, 202, answer.text);
		assert.equal(answer.json.track.title, "Imported");
		assert.equal(answer.json.track.source_name, "a.wav");
		assert.equal(answer.headers.location, answer.json.urls.job);
		assert.deepEqual(files("source"), [], "the file stays where it is");
		assert.equal((await submit({path: "sub/a.wav", places: "DE"})).json.track.places, "DE");
		for (const places of ["nowhere", 7])
			refused(await submit({path: "sub/a.wav", places}), 422);
		assert.equal((await submit({path: path.join(folder, "sub", "a.wav")})).status, 202);
		refused(await submit({path: "link.wav"}), 403);
		refused(await submit({path: path.join(place.dir, "outside.wav")}), 403);
		refused(await submit({path: "../outside.wav"}), 403);
		refused(await submit({path: "/etc/passwd"}), 403);
		refused(await submit({path: "/nonexistent"}), 403);
		refused(await submit({path: "none.wav"}), 404);
		refused(await submit({path: "sub"}), 422);
		refused(await submit({path: "noise.wav"}), 415);
	});

	test("of a track that is there", async () => {
		refused(await submit({track: ids.public}), 409, "conflict");
		refused(await submit({track: UNKNOWN}), 404);
		refused(await submit({track: "x"}), 404);
		const made = (await raw()).json;
		refused(await submit({track: made.track.id}), 409);
		assert.equal((await api(`/internal/jobs/${made.job.id}/cancel`, {method: "POST", headers: bearer("jobs:write")})).status, 200);
		const more = await submit({track: made.track.id, renditions: [{codec: "aac", bit_rate: 64000}]});
		assert.equal(more.status, 202, more.text);
		assert.equal(more.json.job.track, made.track.id);
	});

	test("when the queue or the disk is full: come again", {skip: roomy}, async () => {
		const {track, job} = (await raw()).json, wish = {track: track.id, formats: "mp3-128"};
		await api(`/internal/jobs/${job.id}/cancel`, {method: "POST", headers: bearer("jobs:write")});
		await raw();
		for (const [conf, slug] of [[{jobs: {max_queued: 1}}, "busy"], [{storage: {disk_floor: HIGHEST_FLOOR}}, "no-space"]]) {
			place.configure(conf);
			const full = await submit(wish);
			refused(full, 503, slug);
			assert.match(full.headers["retry-after"], /^\d+$/);
		}
	});

	test("are refused when they make no sense", async () => {
		for (const body of [{}, {track: ids.public, path: "x"}, {track: 7}, {path: []}, {track: ids.public, more: 1},
			{track: ids.public, renditions: []}, {track: ids.public, renditions: "high"}, {track: ids.public, priority: "1"},
			{track: ids.public, priority: 1000}])
			refused(await submit(body), 422, "unprocessable");
		refused(await submit({track: ids.public}, {}), 401);
		refused(await submit({track: ids.public}, bearer("jobs:read track:write")), 403);
	});

	test("are read, listed, cancelled and queued again", async () => {
		const first = (await raw()).json, second = (await raw()).json;
		const reader = bearer("jobs:read"), boss = bearer("jobs:write");
		const all = (await api("/internal/jobs", {headers: reader})).json;
		assert.deepEqual(all.jobs.map(job => job.id), [second.job.id, first.job.id]);
		assert.equal((await api("/internal/jobs?limit=1", {headers: reader})).json.next, second.job.id);
		assert.equal((await api(`/internal/jobs?track=${first.track.id}`, {headers: reader})).json.jobs.length, 1);
		assert.equal((await api("/internal/jobs?state=done", {headers: reader})).json.jobs.length, 0);
		refused(await api("/internal/jobs?state=x", {headers: reader}), 422);
		refused(await api("/internal/jobs", {headers: writer()}), 403);
		refused(await api("/internal/jobs"), 401);

		const job = `/internal/jobs/${first.job.id}`;
		assert.equal((await api(job, {headers: writer()})).json.job.state, "queued", "its submitter may look");
		refused(await api(job, {headers: writer({subject: "bob"})}), 403);
		refused(await api(`/internal/jobs/${UNKNOWN}`, {headers: writer({subject: "bob"})}), 403);
		refused(await api(`/internal/jobs/${UNKNOWN}`, {headers: reader}), 404);
		refused(await api(job), 401);

		refused(await api(`${job}/retry`, {method: "POST", headers: boss}), 409);
		refused(await api(`${job}/cancel`, {method: "POST", headers: reader}), 403);
		assert.equal((await api(`${job}/cancel`, {method: "POST", headers: boss})).json.job.state, "cancelled");
		refused(await api(`${job}/cancel`, {method: "POST", headers: boss}), 409);
		assert.equal((await api(`${job}/retry`, {method: "POST", headers: boss})).json.job.state, "queued");
		refused(await api(`/internal/jobs/${UNKNOWN}/retry`, {method: "POST", headers: boss}), 404);
		refused(await api(`${job}/retry`, {headers: boss}), 405);
	});
});

describe("health", () => {
	test("alive", async () => {
		for (const target of ["/health", "/healthz"])
			assert.deepEqual((await api(target)).json, {status: "ok"});
	});

	test("ready, each check named", async () => {
		const answer = await api("/readyz");
		assert.equal(answer.status, 200);
		assert.deepEqual(answer.json, {status: "ok", checks: {database: {ok: true}, disk: {ok: true}, jobrunner: {ok: true}}});
	});

	test("not ready below the floor of the disk", {skip: roomy}, async () => {
		place.configure({storage: {disk_floor: HIGHEST_FLOOR}});
		const answer = await api("/readyz");
		assert.equal(answer.status, 503);
		assert.equal(answer.json.checks.disk.ok, false);
		assert.equal(answer.json.checks.database.ok, true);
		assert.match(answer.headers["retry-after"], /^\d+$/);
	});

	test("ready while somebody writes, for whom no question waits", {skip: missing("sqlite3")}, async () => {
		const writing = spawn(which("sqlite3"), [path.join(place.dir, "data", "tonearm.db")]);
		try {
			writing.stdin.write("BEGIN IMMEDIATE; SELECT 'begun';\n");
			await new Promise(resolve => writing.stdout.once("data", resolve));
			assert.deepEqual((await api("/readyz")).json.checks.database, {ok: true});
		} finally {
			writing.stdin.end();
		}
	});

	test("not ready when the database can only be read", {skip: noMounts()}, async () => {
		const answer = await api("/readyz", {through: [...READ_ONLY, path.join(place.dir, "data", "tonearm.db")]});
		assert.equal(answer.status, 503);
		assert.deepEqual(answer.json.checks.database, {ok: false, detail: "the database cannot be written to"});
	});

	test("counters of all responders, and the queue", async () => {
		await raw();
		await cgi(place, "manifest", `/hls/${ids.public}/master.m3u8`);
		const answer = await api("/metrics");
		assert.equal(answer.status, 200);
		assert.match(answer.headers["content-type"], /^text\/plain; version=0\.0\.4/);
		assert.match(answer.text, /^tonearm_jobs\{state="queued"\} 1$/m);
		assert.match(answer.text, /^tonearm_jobs\{state="running"\} 0$/m);
		assert.match(answer.text, /^tonearm_uploads_total\{outcome="accepted"\} 1$/m);
		assert.match(answer.text, /^tonearm_http_requests_total\{program="manifest",route="\/hls\/\{track\}\/master\.m3u8",status="200"\} 1$/m);
		assert.equal(answer.headers["access-control-allow-origin"], undefined);
	});

	test("what is not there, and methods that are not allowed", async () => {
		refused(await api("/nothing"), 404);
		const answer = await api("/health", {method: "POST"});
		refused(answer, 405);
		assert.match(answer.headers.allow, /GET/);
	});
});

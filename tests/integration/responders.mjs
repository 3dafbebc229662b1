// SPDX-License-Identifier: MIT
// manifest.fcgi and stream.fcgi, each request to a fresh CGI process: routes, states, credentials, conditions, ranges.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {spawnSync} from "node:child_process";
import {bearer, cgi, library, signature, token} from "./lib/cgi.mjs";
import {build} from "./lib/tools.mjs";

const UNKNOWN = "01aaaaaaaaaaaaaaaaaaaaaaaa";
let place, ids;

before(() => {
	place = library();
	ids = place.ids;
});
after(() => place?.remove());

const manifest = (target, options) => cgi(place, "manifest", target, options);
const stream = (target, options) => cgi(place, "stream", target, options);
const listener = () => bearer("stream:read");

/* The answer without what names the single request. */
function bare(answer) {
	const headers = {...answer.headers};
	delete headers["x-request-id"];
	return {headers, body: answer.text.replace(answer.headers["x-request-id"], "")};
}

describe("programs", () => {
	for (const name of ["manifest", "stream", "api"]) {
		test(`${name}.fcgi tells its options and refuses others`, () => {
			const run = (...args) => spawnSync(path.join(build, "fcgi", `${name}.fcgi`), args, {encoding: "utf8"});
			assert.match(run("--help").stdout, /--socket PATH/);
			assert.match(run("--version").stdout, new RegExp(`^${name}\\.fcgi \\d`));
			assert.equal(run("--nonsense").status, 2);
			assert.equal(run("argument").status, 2);
			const lost = run("-c", "/nonexistent/tonearm.conf");
			assert.equal(lost.status, 3);
			assert.match(lost.stderr, /nonexistent/);
		});
	}
});

describe("manifests of a public track", () => {
	const kinds = () => [
		[`/hls/${ids.public}/master.m3u8`, "application/vnd.apple.mpegurl", /^#EXTM3U/],
		[`/hls/${ids.public}/high/playlist.m3u8`, "application/vnd.apple.mpegurl", /#EXT-X-ENDLIST/],
		[`/dash/${ids.public}/manifest.mpd`, "application/dash+xml", /<MPD /],
	];

	test("are sent with type, tag, date and a short life", async () => {
		for (const [target, type, text] of kinds()) {
			const answer = await manifest(target);
			assert.equal(answer.status, 200, target);
			assert.equal(answer.headers["content-type"], type);
			assert.match(answer.text, text);
			assert.match(answer.headers.etag, /^"[0-9a-f]{16}"$/);
			assert.equal(answer.headers["last-modified"], "Tue, 14 Nov 2023 22:13:20 GMT");
			assert.equal(answer.headers["cache-control"], "public, max-age=60");
			assert.equal(answer.headers["access-control-allow-origin"], "*");
			assert.equal(Number(answer.headers["content-length"]), answer.body.length);
			assert.doesNotMatch(answer.text, /grant=/);
		}
	});

	test("cost one database read", async () => {
		for (const [target] of kinds()) {
			const {status, log} = await cgi(place, "../tests/reads", target);
			const statements = log.match(/^sql: .*$/gm).filter(line => !line.startsWith("sql: PRAGMA"));
			assert.equal(status, 200);
			assert.equal(statements.length, 1, statements.join("\n"));
			assert.match(statements[0], /^sql: SELECT/);
		}
	});

	test("answer HEAD and conditions", async () => {
		for (const [target] of kinds()) {
			const answer = await manifest(target);
			const head = await manifest(target, {method: "HEAD"});
			assert.equal(head.status, 200);
			assert.equal(head.body.length, 0);
			assert.equal(head.headers["content-length"], answer.headers["content-length"]);
			const same = await manifest(target, {headers: {"If-None-Match": answer.headers.etag}});
			assert.equal(same.status, 304);
			assert.equal(same.body.length, 0);
			assert.equal(same.headers.etag, answer.headers.etag);
			const since = await manifest(target, {headers: {"If-Modified-Since": answer.headers["last-modified"]}});
			assert.equal(since.status, 304);
			assert.equal((await manifest(target, {headers: {"If-Match": '"other"'}})).status, 412);
			assert.equal((await manifest(target, {method: "POST"})).status, 405);
		}
	});

	test("name no byte that the file has not", async () => {
		const playlist = (await manifest(`/hls/${ids.public}/high/playlist.m3u8`)).text;
		const size = fs.statSync(path.join(place.dir, "data", "media", ids.public, "high.mp4")).size;
		const ranges = [...playlist.matchAll(/BYTERANGE[:=]"?(\d+)@(\d+)/g)].map(found => [Number(found[1]), Number(found[2])]);
		assert.equal(ranges.length, 7);
		for (const [length, offset] of ranges)
			assert.ok(offset + length <= size);
		assert.equal(ranges.at(-1)[0] + ranges.at(-1)[1], size);
	});

	test("address segments when configured so, and each is there", async () => {
		place.configure({media: {hls_addressing: "segments"}});
		try {
			const playlist = (await manifest(`/hls/${ids.public}/high/playlist.m3u8`)).text;
			const names = playlist.split("\n").filter(line => line && !line.startsWith("#"));
			assert.deepEqual(names, ["0.m4s", "1.m4s", "2.m4s", "3.m4s", "4.m4s", "5.m4s"]);
			assert.match(playlist, /URI="init\.mp4"/);
			const file = fs.readFileSync(path.join(place.dir, "data", "media", ids.public, "high.mp4"));
			const pieces = [];
			for (const name of ["init.mp4", ...names]) {
				const piece = await stream(`/hls/${ids.public}/high/${name}`);
				assert.equal(piece.status, 200, name);
				assert.equal(piece.headers["content-type"], "audio/mp4");
				pieces.push(piece.body);
			}
			assert.ok(file.subarray(0, pieces[0].length).equals(pieces[0]));
			const media = Buffer.concat(pieces.slice(1));
			assert.ok(file.subarray(file.length - media.length).equals(media));
		} finally {
			place.configure({});
		}
	});

	test("work under a prefix", async () => {
		const answer = await manifest(`/music/hls/${ids.public}/master.m3u8`, {parameters: {TONEARM_PREFIX: "/music"}});
		assert.equal(answer.status, 200);
	});
});

describe("tracks that cannot be played", () => {
	test("in the works: 503 and when to come again", async () => {
		for (const target of [`/hls/${ids.pending}/master.m3u8`, `/hls/${ids.pending}/high/playlist.m3u8`,
			`/dash/${ids.pending}/manifest.mpd`]) {
			const answer = await manifest(target);
			assert.equal(answer.status, 503, target);
			assert.equal(answer.json.type, "urn:tonearm:problem:not-ready");
			assert.match(answer.headers["retry-after"], /^\d+$/);
			assert.equal(answer.headers["cache-control"], "no-store");
		}
		assert.equal((await stream(`/stream/${ids.pending}.mp4`)).status, 503);
		assert.equal((await stream(`/hls/${ids.pending}/high/init.mp4`)).status, 503);
	});

	test("failed: 409 with the reason", async () => {
		for (const answer of [await manifest(`/hls/${ids.failed}/master.m3u8`), await stream(`/media/${ids.failed}/high.mp4`)]) {
			assert.equal(answer.status, 409);
			assert.equal(answer.json.detail, "the file is noise");
		}
	});

	test("what a public track has not: 404", async () => {
		for (const target of [`/hls/${ids.public}/none/playlist.m3u8`, `/nothing`, `/hls/${ids.public}`, `/dash/${ids.public}/other.mpd`])
			assert.equal((await manifest(target)).status, 404, target);
		for (const target of [`/media/${ids.public}/none.mp4`, `/media/${ids.public}/high.mp4.tmp`, `/stream/${ids.public}_none.mp4`,
			`/hls/${ids.public}/high/6.m4s`, `/hls/${ids.public}/high/00.m4s`, `/hls/${ids.public}/high/-1.m4s`,
			`/hls/${ids.public}/high/99999999999999999999.m4s`, `/hls/${ids.public}/none/0.m4s`])
			assert.equal((await stream(target)).status, 404, target);
	});

	test("paths that try to leave: 400 or 404", async () => {
		for (const target of [`/media/${ids.public}/..%2f..%2ftonearm.db`, `/media/${ids.public}/../../tonearm.db`, "/media/%2e%2e/tonearm.db",
			`/media/${ids.public}/%00`, "/stream/..", `/media/${ids.public}/high.mp4%0d%0aX: y`])
			assert.ok([400, 404].includes((await stream(target)).status), target);
	});
});

describe("a private track gives no hint", () => {
	const credentials = () => [
		["nothing", {}, ""],
		["a token that is none", {Authorization: "Bearer x.y.z"}, ""],
		["an expired token", bearer("stream:read", {claims: {exp: 1700000000}}), ""],
		["a token of another key", bearer("stream:read", {secret: "k".repeat(40)}), ""],
		["an unsigned token", bearer("stream:read", {header: {alg: "none"}}), ""],
		["a token without the scope", bearer("track:read"), ""],
		["a cookie that is none", {Cookie: "tonearm_token=zzz"}, ""],
		["a wrong grant", {}, `expires=9999999999&grant=${"0".repeat(64)}`],
		["a broken grant", {}, "expires=x&grant=y"],
		["a wrong signature", {}, `expires=9999999999&sig=${"0".repeat(64)}`],
	];
	const targets = {
		manifest: id => [`/hls/${id}/master.m3u8`, `/hls/${id}/high/playlist.m3u8`, `/dash/${id}/manifest.mpd`],
		stream: id => [`/stream/${id}.mp4`, `/stream/${id}_high.m4a`, `/stream/${id}_none.mp4`, `/media/${id}/high.mp4`,
			`/media/${id}/none.mp4`, `/hls/${id}/high/init.mp4`, `/hls/${id}/high/0.m4s`, `/hls/${id}/high/99.m4s`],
	};

	for (const program of ["manifest", "stream"]) {
		test(`${program}: private, in the works and unknown answer alike`, async () => {
			for (const [what, headers, query] of credentials()) {
				const count = targets[program]("").length;
				for (let i = 0; i < count; i++) {
					const answers = [];
					for (const id of [UNKNOWN, ids.private, ids.pending_private, "not-an-id"])
						answers.push(await cgi(place, program, `${targets[program](id)[i]}?${query}`, {headers}));
					assert.ok([401, 403].includes(answers[0].status), `${what}: ${answers[0].status}`);
					for (const answer of answers.slice(1))
						assert.deepEqual(bare(answer), bare(answers[0]), `${what} ${targets[program]("x")[i]}`);
				}
			}
		});
	}

	test("a valid token learns the truth", async () => {
		assert.equal((await manifest(`/hls/${UNKNOWN}/master.m3u8`, {headers: listener()})).status, 404);
		assert.equal((await manifest(`/hls/${ids.pending_private}/master.m3u8`, {headers: listener()})).status, 503);
		assert.equal((await manifest(`/hls/${ids.private}/master.m3u8`, {headers: listener()})).status, 200);
		assert.equal((await manifest(`/hls/${ids.private}/none/playlist.m3u8`, {headers: listener()})).status, 404);
	});
});

describe("a token travels by itself", () => {
	const query = text => text.match(/\?(expires=\d+&(?:amp;)?by=[\w-]+&(?:amp;)?grant=[0-9a-f]{64})/)[1].replaceAll("&amp;", "&");

	test("from master to playlist to bytes", async () => {
		const master = await manifest(`/hls/${ids.private}/master.m3u8`, {headers: listener()});
		assert.match(master.headers["cache-control"], /^private, max-age=\d+$/);
		assert.equal(master.headers.vary, "Authorization, Cookie");
		const grant = query(master.text);
		const playlist = await manifest(`/hls/${ids.private}/high/playlist.m3u8?${grant}`);
		assert.equal(playlist.status, 200);
		assert.equal(query(playlist.text), grant, "asking with a grant does not prolong it");
		for (const line of playlist.text.split("\n").filter(text => text && !text.startsWith("#")))
			assert.ok(line.endsWith(`?${grant}`));
		assert.equal((await stream(`/media/${ids.private}/high.mp4?${grant}`)).status, 200);
		assert.equal((await stream(`/hls/${ids.private}/high/0.m4s?${grant}`)).status, 200);
		assert.equal((await stream(`/media/${ids.public}/high.mp4?${grant}`)).status, 200);
		const again = await manifest(`/hls/${ids.private}/high/playlist.m3u8?${grant}`, {headers: {"If-None-Match": playlist.headers.etag}});
		assert.equal(again.status, 304);
	});

	test("a grant is for one track and its time", async () => {
		const grant = query((await manifest(`/hls/${ids.private}/master.m3u8`, {headers: listener()})).text);
		const expires = Number(grant.match(/expires=(\d+)/)[1]);
		assert.equal(expires % 60, 0);
		assert.ok(expires * 1000 > Date.now());
		assert.equal((await manifest(`/hls/${ids.pending_private}/master.m3u8?${grant}`)).status, 403);
		assert.equal((await stream(`/media/${ids.private}/high.mp4?${grant.replace(/expires=\d+/, `expires=${expires + 60}`)}`)).status, 403);
		assert.equal((await stream(`/stream/${ids.private}.mp4?${grant.replace("grant", "sig")}`)).status, 403);
	});

	test("in the MPD, escaped for XML", async () => {
		const answer = await manifest(`/dash/${ids.private}/manifest.mpd`, {headers: {Cookie: `a=b; tonearm_token=${token("stream:read")}`}});
		assert.equal(answer.status, 200);
		assert.match(answer.text, /expires=\d+&amp;by=[\w-]+&amp;grant=/);
	});

	test("a token in the query is as good", async () => {
		assert.equal((await stream(`/media/${ids.private}/high.mp4?token=${token("stream:read")}`)).status, 200);
	});

	test("a stale cookie does not stand before a good grant", async () => {
		const grant = query((await manifest(`/hls/${ids.private}/master.m3u8`, {headers: listener()})).text);
		const headers = {Cookie: `tonearm_token=${token("stream:read", {claims: {exp: 1700000000}})}`};
		assert.equal((await stream(`/media/${ids.private}/high.mp4?${grant}`, {headers})).status, 200);
	});
});

describe("stream signatures", () => {
	test("open the file they were made for, and only that", async () => {
		for (const file of [`${ids.private}.mp4`, `${ids.private}.m4a`, `${ids.private}_high.mp4`, `${ids.private}_aac-64.mp4`]) {
			const answer = await stream(`/stream/${file}?${signature(file)}`);
			assert.equal(answer.status, 200, file);
			assert.equal(answer.headers["content-type"], "audio/mp4");
			assert.match(answer.headers["cache-control"], /^private, max-age=\d+/);
		}
		const sign = signature(`${ids.private}.mp4`);
		for (const target of [`/stream/${ids.private}_high.mp4`, `/stream/${ids.private}.m4a`, `/media/${ids.private}/high.mp4`])
			assert.ok([401, 403].includes((await stream(`${target}?${sign}`)).status), target);
		const old = signature(`${ids.private}.mp4`, {expires: 1700000000});
		assert.equal((await stream(`/stream/${ids.private}.mp4?${old}`)).status, 403);
	});

	test("nothing secret is logged", async () => {
		const file = `${ids.private}.mp4`, sign = signature(file);
		const answer = await stream(`/stream/${file}?${sign}&token=${token("stream:read")}`, {headers: {Cookie: "tonearm_token=abc"}});
		assert.doesNotMatch(answer.log, /sig=|token|eyJ|abc"/);
	});
});

describe("bytes", () => {
	const file = () => fs.readFileSync(path.join(place.dir, "data", "media", ids.public, "high.mp4"));

	test("the best rendition stands for the track", async () => {
		const answer = await stream(`/stream/${ids.public}.mp4`);
		assert.ok(answer.body.equals(file()));
		assert.equal(answer.headers["cache-control"], "public, max-age=300");
		const named = await stream(`/stream/${ids.public}_high.mp4`);
		assert.ok(named.body.equals(file()));
		assert.match(named.headers["cache-control"], /^public, max-age=31536000, immutable$/);
	});

	test("ranges, in direct mode", async () => {
		const whole = file(), target = `/media/${ids.public}/high.mp4`;
		const ask = range => stream(target, {headers: {Range: range}});
		for (const [range, from, to] of [["bytes=0-99", 0, 100], ["bytes=100-", 100, whole.length], ["bytes=-10", whole.length - 10, whole.length],
			["bytes=5-999999999", 5, whole.length]]) {
			const answer = await ask(range);
			assert.equal(answer.status, 206, range);
			assert.ok(answer.body.equals(whole.subarray(from, to)));
			assert.equal(answer.headers["content-range"], `bytes ${from}-${to - 1}/${whole.length}`);
		}
		const beyond = await ask(`bytes=${whole.length}-`);
		assert.equal(beyond.status, 416);
		assert.equal(beyond.headers["content-range"], `bytes */${whole.length}`);
		assert.match((await ask("bytes=0-1,5-6")).headers["content-type"], /^multipart\/byteranges/);
		assert.equal((await ask("bytes=x")).status, 200);
		const tag = (await stream(target, {method: "HEAD"})).headers.etag;
		assert.equal((await stream(target, {headers: {Range: "bytes=0-1", "If-Range": tag}})).status, 206);
		assert.equal((await stream(target, {headers: {Range: "bytes=0-1", "If-Range": '"other"'}})).status, 200);
		assert.equal((await stream(target, {headers: {"If-None-Match": tag}})).status, 304);
	});

	test("the web server is named the file, and nothing else", async () => {
		const target = `/media/${ids.public}/high.mp4`;
		const sendfile = await stream(target, {parameters: {TONEARM_DELIVERY: "xsendfile"}});
		assert.equal(sendfile.headers["x-sendfile"], path.join(place.dir, "data", "media", ids.public, "high.mp4"));
		assert.equal(sendfile.body.length, 0);
		const accel = await stream(target, {parameters: {TONEARM_DELIVERY: "xaccel"}});
		assert.match(accel.headers["x-accel-redirect"], new RegExp(`/media/${ids.public}/high\\.mp4$`));
		const refused = await stream(`/media/${ids.private}/high.mp4`, {parameters: {TONEARM_DELIVERY: "xsendfile"}});
		assert.equal(refused.headers["x-sendfile"], undefined);
	});

	test("a file that is gone: 404", async () => {
		const name = path.join(place.dir, "data", "media", ids.public, "aac-64.mp4");
		fs.renameSync(name, `${name}.away`);
		try {
			assert.equal((await stream(`/media/${ids.public}/aac-64.mp4`)).status, 404);
		} finally {
			fs.renameSync(`${name}.away`, name);
		}
	});
});

test("manifests name the files at the edge, where they are told to", async () => {
	const place = library({cdn: {manifests: true, edges: [{name: "near", url: "https://edge.example", scheme: "grant"}]}});
	const ask = (track, target) => cgi(place, "manifest", target.replace("T", place.ids[track]), {headers: bearer("stream:read")});
	try {
		for (const track of ["public", "private"]) {
			const file = `https://edge.example/media/${place.ids[track]}/high.mp4`;
			const list = await ask(track, "/hls/T/high/playlist.m3u8");
			assert.equal(list.status, 200, list.text);
			assert.ok(list.text.includes(`#EXT-X-MAP:URI="${file}`), list.text);
			assert.ok(list.text.includes(`\n${file}`));
			assert.ok(!list.text.includes("../media"));
			assert.equal(list.text.includes(`${file}?expires=`), track === "private");
			assert.match(list.headers["cache-control"], /^private, max-age=60$/, "it is made for who asks");
			const mpd = await ask(track, "/dash/T/manifest.mpd");
			assert.ok(mpd.text.includes(`<BaseURL>${file}`), mpd.text);
			assert.match((await ask(track, "/hls/T/master.m3u8")).text, /^high\/playlist\.m3u8/m);
		}
	} finally {
		place.remove();
	}
});

// SPDX-License-Identifier: MIT
// Byte ranges and conditions of RFC 9110 on a rendition: sent by the responder (`direct`) and by the web servers,
// which are handed the file. In direct every case must pass. What a web server does otherwise by itself stands in
// OWN, by the name of the case; an entry that is no longer true fails.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {cannotServe, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";
import {missing, vectorJson} from "./lib/tools.mjs";

const VECTORS = "range/cases.json";

/* More than the vectors have: lists, If-Range, preconditions. The same form. */
const MORE = [
	{id: "two-ranges", size: 11, headers: {Range: "bytes=0-1,5-6"},
		accept: [{status: 206, multipart: true, ranges: [[0, 1], [5, 6]]}]},
	{id: "list-with-one-satisfiable", size: 11, headers: {Range: "bytes=20-30,3-4"},
		accept: [{status: 206, ranges: [[3, 4]], content_range: "bytes 3-4/11", body_len: 2},
			{status: 206, multipart: true, ranges: [[3, 4]]}]},
	{id: "other-unit", size: 11, headers: {Range: "items=0-1"}, accept: [{status: 200, body_len: 11, absent: ["Content-Range"]}]},
	{id: "malformed", size: 11, headers: {Range: "bytes=4-2"}, accept: [{status: 200, body_len: 11}, {status: 416}]},
	{id: "if-range-same-etag", size: 11, headers: {Range: "bytes=0-4", "If-Range": "{ETAG}"},
		accept: [{status: 206, ranges: [[0, 4]], content_range: "bytes 0-4/11", body_len: 5}]},
	{id: "if-range-other-etag", size: 11, headers: {Range: "bytes=0-4", "If-Range": '"other"'},
		accept: [{status: 200, body_len: 11, absent: ["Content-Range"]}]},
	{id: "if-range-weak-etag", size: 11, headers: {Range: "bytes=0-4", "If-Range": "W/{ETAG}"},
		accept: [{status: 200, body_len: 11, absent: ["Content-Range"]}]},
	{id: "if-range-older-date", size: 11, headers: {Range: "bytes=0-4", "If-Range": "{LM-60}"},
		accept: [{status: 200, body_len: 11, absent: ["Content-Range"]}]},
	{id: "if-none-match-before-range", size: 11, headers: {Range: "bytes=0-4", "If-None-Match": "{ETAG}"},
		accept: [{status: 304, body_len: 0, present: ["ETag"]}]},
	{id: "if-none-match-star", size: 11, headers: {"If-None-Match": "*"}, accept: [{status: 304, body_len: 0}]},
	{id: "if-match-other", size: 11, headers: {"If-Match": '"other"'}, accept: [{status: 412}]},
	{id: "if-match-same", size: 11, headers: {"If-Match": "{ETAG}"}, accept: [{status: 200, body_len: 11}]},
	{id: "if-unmodified-since-before", size: 11, headers: {"If-Unmodified-Since": "{LM-60}"}, accept: [{status: 412}]},
	{id: "if-modified-since-same", size: 11, headers: {"If-Modified-Since": "{LM}"}, accept: [{status: 304, body_len: 0}]},
	{id: "if-modified-since-before", size: 11, headers: {"If-Modified-Since": "{LM-60}"}, accept: [{status: 200, body_len: 11}]},
	{id: "if-none-match-beats-date", size: 11, headers: {"If-None-Match": '"other"', "If-Modified-Since": "{LM+60}"},
		accept: [{status: 200, body_len: 11}]},
];

const MODES = ["lighttpd", "nginx", "apache-proxy-fcgi", "apache-fcgid"].flatMap(server =>
	["", "direct"].map(delivery => ({server, delivery})));
MODES.push({server: "apache-cgi", delivery: ""});
const RANGES_BY_HEAD = {
	"head-range": "answers HEAD with Range by 206",
	"head-unsat": "answers HEAD with Range by 416",
};
const NO_LENGTH = "leaves Content-Length out of its answer to HEAD";
const NO_LENGTH_BY_HEAD = {"head-range": NO_LENGTH, "head-unsat": NO_LENGTH, "head-norange": NO_LENGTH};
const OWN = {
	lighttpd: {
		"two-ranges": "joins ranges that lie close together",
	},
	nginx: RANGES_BY_HEAD,
	"apache-proxy-fcgi": RANGES_BY_HEAD,
	"apache-proxy-fcgi, direct": NO_LENGTH_BY_HEAD,
	"apache-cgi": NO_LENGTH_BY_HEAD,
	"apache-fcgid": RANGES_BY_HEAD,
};

const byteAt = i => (i * 7 + (i >> 8)) & 255;
const bytes = size => Buffer.from({length: size}, (_, i) => byteAt(i));
const QUALITY = {11: "high", 10: "medium", 1: "low"};

function shifted(date, seconds) {
	return new Date(Date.parse(date) + 1000 * seconds).toUTCString();
}

function fill(value, {etag, modified}) {
	return value.replaceAll("{ETAG}", etag).replaceAll("{ETAG_UNQUOTED}", etag.replaceAll('"', ""))
		.replace(/\{LM([+-]\d+)?\}/g, (_, shift) => shifted(modified, Number(shift ?? 0)));
}

/* The parts of a multipart/byteranges body as [first, last, bytes]. */
function parts(answer) {
	const boundary = /boundary="?([^";]+)/.exec(answer.headers["content-type"])[1];
	const text = answer.body.toString("latin1");
	assert.match(text, new RegExp(`--${boundary}--\\r\\n$`));
	return text.split(`--${boundary}\r\n`).slice(1).map(part => {
		const [head, rest] = part.split(/\r\n\r\n(.*)/s);
		const [, first, last] = /content-range: bytes (\d+)-(\d+)\//i.exec(head).map(Number);
		assert.match(head, /content-type: audio\/mp4/i);
		return [first, last, Buffer.from(rest.slice(0, last - first + 1), "latin1")];
	});
}

function judgeRanges(answer, want, size) {
	const whole = bytes(size);
	if (want.multipart) {
		assert.equal(answer.headers["content-range"], undefined);
		const got = parts(answer);
		assert.deepEqual(got.map(([first, last]) => [first, last]), want.ranges);
		for (const [first, last, body] of got)
			assert.deepEqual(body, whole.subarray(first, last + 1));
		return;
	}
	assert.doesNotMatch(answer.headers["content-type"] ?? "", /multipart/);
	const [[first, last]] = want.ranges;
	assert.deepEqual(answer.body, whole.subarray(first, last + 1));
}

function judge(answer, want, size) {
	assert.equal(answer.status, want.status);
	assert.equal(answer.cut, false);
	for (const [name, value] of Object.entries({content_range: want.content_range, ...want.should})) {
		if (value !== undefined)
			assert.equal(answer.headers[name.replace("_", "-")], value, name);
	}
	if (want.content_length !== undefined)
		assert.equal(Number(answer.headers["content-length"]), want.content_length);
	if (want.body_len !== undefined)
		assert.equal(answer.body.length, want.body_len);
	for (const name of want.absent ?? [])
		assert.equal(answer.headers[name.toLowerCase()], undefined, name);
	for (const name of want.present ?? [])
		assert.notEqual(answer.headers[name.toLowerCase()], undefined, name);
	if (want.ranges)
		judgeRanges(answer, want, size);
	if (want.status === 200 && answer.body.length)
		assert.deepEqual(answer.body, bytes(size));
	if (want.status === 416)
		assert.notDeepEqual(answer.body, bytes(size));
}

/* What holds for every answer, against the plain one. */
function judgeAlways(answer, plain) {
	if (answer.status === 206 || answer.status === 304) {
		for (const name of ["etag", "cache-control"])
			assert.equal(answer.headers[name], plain.headers[name], `${name} of a ${answer.status}`);
	}
}

async function attempt(site, track, row) {
	const address = `/media/${track}/${QUALITY[row.size]}.mp4`;
	const plain = await site.request({path: address});
	assert.equal(plain.status, 200);
	const known = {etag: plain.headers.etag, modified: plain.headers["last-modified"]};
	const headers = Object.fromEntries(Object.entries(row.headers).map(([name, value]) => [name, fill(value, known)]));
	const answer = await site.request({method: row.method ?? "GET", path: address, headers});
	const reasons = [];
	for (const want of row.accept) {
		try {
			judge(answer, want, row.size);
			judgeAlways(answer, plain);
			return;
		} catch (error) {
			reasons.push(error.message);
		}
	}
	assert.fail(`answered ${answer.status} ${JSON.stringify(answer.headers)}: ${reasons.join("; ")}`);
}

/* A case that is the server's own doing must still fail: else it comes off the list. */
async function expectOwn(site, track, row, reason) {
	await assert.rejects(attempt(site, track, row), undefined, `no longer so, take it off the list: ${reason}`);
}

for (const mode of MODES) {
	const name = mode.delivery ? `${mode.server}, direct` : mode.server;
	describe(name, {skip: cannotServe(mode.server), timeout: 180000}, () => {
		const scene = {};

		before(async () => {
			scene.site = await start({...mode, runner: true});
			const file = path.join(scene.site.dir, "tone.wav");
			await fs.writeFile(file, wav(2));
			scene.track = (await scene.site.publish(file)).track.id;
			for (const [size, quality] of Object.entries(QUALITY))
				await fs.writeFile(path.join(scene.site.dataDir, "media", scene.track, `${quality}.mp4`), bytes(Number(size)));
		});
		after(() => scene.site?.stop());

		const rows = missing(`vectors:${VECTORS}`) ? [] : vectorJson(VECTORS).cases;
		test("the cases of the vectors are here", {skip: missing(`vectors:${VECTORS}`)}, () => assert.ok(rows.length > 0));
		for (const row of [...rows, ...MORE]) {
			const reason = OWN[name]?.[row.id];
			if (reason)
				test(`${row.id}: ${mode.server}'s own: ${reason}`, () => expectOwn(scene.site, scene.track, row, reason));
			else
				test(row.id, () => attempt(scene.site, scene.track, row));
		}
	});
}

// SPDX-License-Identifier: MIT
// Every file of the vectors from upload to playing: what a listener puts together by the media playlists, byte range by
// byte range through lighttpd, decodes to exactly the source.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {lag, monoAt, presented, sampleCount} from "./lib/pcm.mjs";
import {cannotServe, start} from "./lib/server.mjs";
import {missing, vector} from "./lib/tools.mjs";

const LEAST = 0.9;
const lacking = missing("ffmpeg", "vectors:media") || cannotServe("lighttpd");
const files = lacking ? [] : (await fs.readdir(vector("media"))).filter(name => name !== "NOTE");

/* The init section and all segments that the playlist at ADDRESS names, in its order. */
async function collect(site, address) {
	const {text} = await site.request({path: address});
	const map = /#EXT-X-MAP:URI="([^"]+)",BYTERANGE="(\d+)@(\d+)"/.exec(text);
	const segments = [...text.matchAll(/#EXT-X-BYTERANGE:(\d+)@(\d+)\n([^#\n]+)\n/g)];
	assert.equal(segments.length, text.match(/#EXTINF/g).length);
	const pieces = [];
	for (const [uri, length, offset] of [[map[1], map[2], map[3]], ...segments.map(([, ...row]) => [row[2], row[0], row[1]])]) {
		const {pathname, search} = new URL(uri, `http://host${address}`);
		const answer = await site.request({path: pathname + search,
			headers: {Range: `bytes=${offset}-${Number(offset) + Number(length) - 1}`}});
		assert.equal(answer.status, 206);
		assert.equal(answer.body.length, Number(length));
		pieces.push(answer.body);
	}
	return Buffer.concat(pieces);
}

async function plays(site, name) {
	const source = path.join(vector("media"), name);
	const {track} = await site.publish(source);
	const {renditions, track: row} = await details(site, track.id);
	const file = quality => path.join(site.dir, `${track.id}-${quality}.mp4`);
	assert.equal(renditions.length, 4);
	for (const {quality} of renditions)
		await fs.writeFile(file(quality), await collect(site, `/hls/${track.id}/${quality}/playlist.m3u8`));
	const [samples, ...heard] = await Promise.all([sampleCount(source),
		...renditions.map(({quality, sample_rate}) => Promise.all([presented(file(quality)), monoAt(source, sample_rate)]))]);
	for (const [i, {quality, sample_rate: rate}] of renditions.entries()) {
		const [is, shall] = heard[i];
		const exact = Math.floor((samples * rate * 2 + row.sample_rate) / (2 * row.sample_rate));
		const found = lag(shall, is, {start: 0, length: 20000});
		assert.equal(is.length, exact, `${quality}: samples`);
		assert.ok(Math.abs(found.lag) <= 1 && found.correlation > LEAST,
			`${quality}: lag ${found.lag}, correlation ${found.correlation}`);
	}
}

async function details(site, id) {
	const {track} = (await site.request({path: `/api/v1/tracks/${id}`})).json;
	return {track, renditions: track.renditions};
}

describe("from upload to playing, to the sample", {skip: lacking}, () => {
	let site;
	before(async () => site = await start({runner: true}));
	after(() => site?.stop());

	test("the files are here", () => assert.ok(files.length >= 10));
	for (const name of files)
		test(name, () => plays(site, name));
});

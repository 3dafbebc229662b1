// SPDX-License-Identifier: MIT
// How long after the end of an upload somebody can listen: the master playlist answers, and so does the first segment.
import {join} from "node:path";
import {start} from "../integration/lib/server.mjs";
import {median, run} from "./measure.mjs";

// A chord in FLAC, which is made fast and does not take long to upload, however long it is.
const chord = (path, seconds) => run("ffmpeg", ["-v", "error", "-y", "-f", "lavfi", "-i",
	`sine=440:duration=${seconds}:sample_rate=44100`, "-af", "volume=0.3,pan=stereo|c0=c0|c1=c0", "-c:a", "flac", path]);

async function untilHeard(site, track) {
	for (;;) {
		const master = await site.request({path: `/hls/${track}/master.m3u8`});
		if (master.status === 200)
			break;
		await new Promise(resolve => setTimeout(resolve, 5));
	}
	const playlist = await site.request({path: `/hls/${track}/high/playlist.m3u8`});
	const [, length, offset] = playlist.text.match(/#EXT-X-BYTERANGE:(\d+)@(\d+)/);
	const segment = await site.request({path: `/media/${track}/high.mp4`,
		headers: {Range: `bytes=${offset}-${Number(offset) + Number(length) - 1}`}});
	if (segment.status !== 206 || segment.body.length !== Number(length))
		throw new Error(`the first segment answers ${segment.status}`);
}

async function once(site, file) {
	const {track, job} = await site.upload(file);
	const began = performance.now();
	await untilHeard(site, track.id);
	const seconds = (performance.now() - began) / 1000;
	await site.request({method: "POST", path: `/internal/jobs/${job.id}/cancel`, headers: site.bearer("jobs:write")});
	await site.jobOver(job.id);
	return seconds;
}

// {ours, peer, ratio} with `playable`: seconds, those PROMISED, and their ratio, for a source of SECONDS.
export async function measurePlayable(folder, seconds, {promised = 2, loudness = "tags", rounds = 3} = {}) {
	const file = join(folder, `chord-${seconds}.flac`);
	await chord(file, seconds);
	const site = await start({server: "nginx", runner: true, conf: {limits: {upload_size: "1G"}, media: {loudness}}});
	try {
		const found = [];
		for (let round = 0; round < rounds; round++)
			found.push(await once(site, file));
		const ours = median(found);
		return {ours: {playable: ours}, peer: {playable: promised}, ratio: {playable: ours / promised}};
	} finally {
		await site.stop();
	}
}

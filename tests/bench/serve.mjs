// SPDX-License-Identifier: MIT
// Requests per second through the shipped server configurations against nginx serving the same bytes statically.
import {copyFile, mkdtemp, rm, writeFile} from "node:fs/promises";
import {join} from "node:path";
import {tmpdir} from "node:os";
import {start} from "../integration/lib/server.mjs";
import {pair, requestsPerSecond} from "./measure.mjs";
import {synthesise} from "./ladder.mjs";

const uri = (line, base) => new URL(line, base);

// The second of a playlist's segments: {url, range}.
function secondSegment(text, base) {
	const [, length, offset, line] = [...text.matchAll(/#EXT-X-BYTERANGE:(\d+)@(\d+)\n(.+)/g)][1];
	return { url: uri(line, base), range: `bytes=${offset}-${Number(offset) + Number(length) - 1}` };
}

// A site with one private track of a minute, and its signed playlist and segment.
async function site(server, folder) {
	const web = await mkdtemp(join(tmpdir(), "tonearm-bench-web-"));
	const running = await start({ server, runner: true, webRoot: web, conf: { limits: {upload_size: "64M"} } });
	const stop = () => running.stop().finally(() => rm(web, {recursive: true, force: true}));
	try {
		const {track} = await running.publish(join(folder, "serve.wav"), {visibility: "private"});
		const master = await running.request({ path: `/hls/${track.id}/master.m3u8`, headers: running.bearer("stream:read") });
		const playlist = uri(master.text.match(/^high\/.+$/m)[0], `${running.url}/hls/${track.id}/master.m3u8`);
		const {text} = await running.request({path: playlist.pathname + playlist.search});
		await writeFile(join(web, "playlist.m3u8"), text);
		await copyFile(join(running.dataDir, "media", track.id, "high.mp4"), join(web, "high.mp4"));
		return {url: running.url, playlist: playlist.href, segment: secondSegment(text, playlist), stop};
	} catch (error) {
		await stop();
		throw error;
	}
}

const rate = (url, headers) => async () => ({ rate: await requestsPerSecond(String(url), {headers}) });

// Ratios of requests per second, ours to nginx static in the same run.
export async function measureServing(folder) {
	await synthesise(join(folder, "serve.wav"), 60);
	const nginx = await site("nginx", folder);
	try {
		const lighttpd = await site("lighttpd", folder);
		try {
			const range = which => ({Range: which.segment.range});
			const staticList = rate(`${nginx.url}/playlist.m3u8`), staticSegment = rate(`${nginx.url}/high.mp4`, range(nginx));
			return {
				playlist_nginx: await pair(rate(nginx.playlist), staticList),
				playlist_lighttpd: await pair(rate(lighttpd.playlist), staticList),
				segment_xaccel: await pair(rate(nginx.segment.url, range(nginx)), staticSegment),
				segment_xsendfile: await pair(rate(lighttpd.segment.url, range(lighttpd)), staticSegment),
			};
		} finally {
			await lighttpd.stop();
		}
	} finally {
		await nginx.stop();
	}
}

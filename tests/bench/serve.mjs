// SPDX-License-Identifier: MIT
// Signed playlists and signed segments through the shipped server configurations, against what the same machine does
// without Tonearm: nginx with static files and with secure_link, and PHP-FPM that makes the same check. The servers have one
// core and the load another, so that requests per second are those of one core; what the servers had of it is measured too.
import {createHash} from "node:crypto";
import {copyFile, mkdtemp, readFile, rm, writeFile} from "node:fs/promises";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {cannotServe, start} from "../integration/lib/server.mjs";
import {synthesise} from "./ladder.mjs";
import {pairAll, requestsPerSecond, run} from "./measure.mjs";
import {lacksPhp, lighttpdPhp, nginxPhp, phpQuery, startPhp} from "./php.mjs";

const FILES = {"playlist.m3u8": "application/vnd.apple.mpegurl", "high.mp4": "audio/mp4"};
const ROUNDS = 5, SECONDS = 2, HERTZ = 100, LINK_SECRET = "bench";
const SERVERS_CORE = "0", LOAD_CORE = "1";

// What goes into a server's configuration besides the example: one process, and the peers.
const changes = {
	"nginx": (text, site, web, php) => text.replace("worker_processes auto", "worker_processes 1").replace("index index.html;", `index index.html;
		location /link/ {
			secure_link $arg_md5,$arg_expires;
			secure_link_md5 "$secure_link_expires$uri ${LINK_SECRET}";
			if ($secure_link != "1") {
				return 403;
			}
			alias ${web}/;
		}
		${php ? nginxPhp(php, site, web, FILES) : ""}`),
	"lighttpd": (text, site, web, php) => text + (php ? lighttpdPhp(php, site, web, "playlist.m3u8", FILES["playlist.m3u8"]) : ""),
	"apache-proxy-fcgi": text => text,
};

// The second of a playlist's segments: {url, headers}.
function secondSegment(text, base) {
	const [, length, offset, line] = [...text.matchAll(/#EXT-X-BYTERANGE:(\d+)@(\d+)\n(.+)/g)][1];
	return {url: String(new URL(line, base)), headers: {Range: `bytes=${offset}-${Number(offset) + Number(length) - 1}`}};
}

function linkQuery(path) {
	const expires = Math.floor(Date.now() / 1000) + 3600;
	return `?md5=${createHash("md5").update(`${expires}${path} ${LINK_SECRET}`).digest("base64url")}&expires=${expires}`;
}

const pin = pids => Promise.all(pids.map(pid => run("taskset", ["-a", "-p", "-c", SERVERS_CORE, String(pid)]).catch(() => {})));

// A process and all below it.
async function family(pid) {
	const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
	return [pid, ...(await Promise.all(children.split(" ").filter(Boolean).map(family))).flat()];
}

// Of ROOTS and all below them, with what ended children had.
async function cpuSeconds(roots) {
	const pids = (await Promise.all(roots.map(family))).flat();
	const stats = await Promise.all(pids.map(pid => readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")));
	return stats.filter(Boolean).flatMap(text => text.replace(/^.*\) /, "").split(" ").slice(11, 15))
		.reduce((sum, ticks) => sum + Number(ticks), 0) / HERTZ;
}

// A server, which keeps no access log, as its peers do, with one private track of a minute, and addresses of its playlist and of one segment: as Tonearm signs them, and
// as its peers have them.
async function open(server, folder, {php, ...options} = {}) {
	const web = await mkdtemp(join(tmpdir(), "tonearm-bench-web-"));
	const site = await start({server, runner: true, transport: "event", webRoot: web, conf: {limits: {upload_size: "64M"}, log: {access: "none"}, jobs: {poll_ms: 500}},
		change: (text, of) => changes[server](text, of, web, php), ...options});
	const close = () => site.stop().finally(() => rm(web, {recursive: true, force: true}));
	try {
		const {track: {id}} = await site.publish(join(folder, "serve.wav"), {visibility: "private"});
		const path = `/hls/${id}/master.m3u8`;
		const master = await site.request({path, headers: site.bearer("stream:read")});
		const playlist = new URL(master.text.match(/^high\/.+$/m)[0], site.url + path);
		const {text} = await site.request({path: playlist.pathname + playlist.search});
		const segment = secondSegment(text, playlist), {headers} = segment;
		await writeFile(join(web, "playlist.m3u8"), text);
		await copyFile(join(site.dataDir, "media", id, "high.mp4"), join(web, "high.mp4"));
		const roots = [...site.processes.values(), ...php ? [php] : []].map(one => one.child.pid);
		await pin((await Promise.all(roots.map(family))).flat());
		const of = (url, fields) => () => measure(roots, url, fields);
		const query = php && phpQuery(php, id);
		return {
			close,
			playlist: of(playlist),
			segment: of(segment.url, headers),
			handed: of(site.url + site.streamPath(`${id}_high.mp4`), headers),
			staticPlaylist: of(`${site.url}/playlist.m3u8`),
			staticSegment: of(`${site.url}/high.mp4`, headers),
			linkPlaylist: of(`${site.url}/link/playlist.m3u8${linkQuery("/link/playlist.m3u8")}`),
			linkSegment: of(`${site.url}/link/high.mp4${linkQuery("/link/high.mp4")}`, headers),
			phpPlaylist: query && of(`${site.url}/php/playlist.m3u8${query}`),
			phpSegment: query && of(`${site.url}/php/high.mp4${query}`, headers),
		};
	} catch (error) {
		await close();
		throw error;
	}
}

// {rate, core}: requests a second, and requests a second of what the servers had of a processor.
async function measure(roots, url, headers) {
	const before = await cpuSeconds(roots);
	const rate = await requestsPerSecond(String(url), {headers, seconds: SECONDS, core: LOAD_CORE});
	const cpu = await cpuSeconds(roots) - before;
	return {rate, core: rate * SECONDS / cpu};
}

// Those of what is promised that can be measured here, each with ours and its peer.
function pairs(nginx, lighttpd, apache) {
	return {
		playlist_nginx: [nginx.playlist, nginx.staticPlaylist],
		playlist_lighttpd: [lighttpd.playlist, nginx.staticPlaylist],
		...apache && {playlist_apache: [apache.playlist, nginx.staticPlaylist]},
		playlist_link: [nginx.playlist, nginx.linkPlaylist],
		...nginx.phpPlaylist && {
			playlist_php_nginx: [nginx.playlist, nginx.phpPlaylist],
			playlist_php_lighttpd: [lighttpd.playlist, lighttpd.phpPlaylist],
			segment_php_nginx: [nginx.handed, nginx.phpSegment],
		},
		segment_cached: [nginx.segment, nginx.staticSegment],
		segment_link: [nginx.segment, nginx.linkSegment],
		segment_xaccel: [nginx.handed, nginx.staticSegment],
		segment_xsendfile: [lighttpd.segment, nginx.staticSegment],
		...apache && {segment_apache: [apache.segment, nginx.staticSegment]},
	};
}

// Ratios of requests, {name: result of pair()}.
export async function measureServing(folder) {
	const opened = [], lacking = lacksPhp(), withoutApache = cannotServe("apache-proxy-fcgi");
	const noted = async promise => opened[opened.push(await promise) - 1];
	for (const reason of [lacking, withoutApache].filter(Boolean))
		console.error(`bench: left out, as ${reason}`);
	await synthesise(join(folder, "serve.wav"), 60);
	const php = lacking ? null : await startPhp(folder);
	try {
		const nginx = await noted(open("nginx", folder, {check: true, php}));
		const lighttpd = await noted(open("lighttpd", folder, {php}));
		const apache = withoutApache ? null : await noted(open("apache-proxy-fcgi", folder));
		return await pairAll(pairs(nginx, lighttpd, apache), ROUNDS);
	} finally {
		for (const one of [...opened.map(({close}) => close()), php?.stop()])
			await one;
	}
}

// SPDX-License-Identifier: MIT
// The command tonearm, as a person and as a script use it.

import assert from "node:assert/strict";
import {execFileSync, spawn, spawnSync} from "node:child_process";
import {createHmac} from "node:crypto";
import {once} from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {after, before, test} from "node:test";
import {keep, keepLogs, logged} from "./lib/evidence.mjs";
import {request} from "./lib/http.mjs";
import {until} from "./lib/library.mjs";
import {build, missing, source} from "./lib/tools.mjs";

const program = path.join(build, "tonearm");
const commands = ["init", "serve", "add", "demo", "tracks", "jobs", "sign", "token", "config", "doctor", "install-cgi"];
const noId = "01h00000000000000000000000";
let dir, site, wav, text;

const environment = {...process.env, TONEARM_LIBEXEC: build, TONEARM_SHARE: build, TONEARM_SOURCE: source};
delete environment.TONEARM_CONF;

function tonearm(...words) {
	return spawnSync(program, words, {encoding: "utf8", env: environment, timeout: 120000});
}

function ok(...words) {
	const {status, stdout, stderr} = tonearm(...words);
	assert.equal(status, 0, `${words.join(" ")}: ${stderr}`);
	return stdout;
}

/** A WAV of SECONDS of a rising tone. */
function writeWav(file, seconds) {
	const rate = 44100, frames = Math.round(rate * seconds);
	const bytes = Buffer.alloc(44 + frames * 2);
	bytes.write("RIFF", 0);
	bytes.writeUInt32LE(36 + frames * 2, 4);
	bytes.write("WAVEfmt ", 8);
	bytes.writeUInt32LE(16, 16);
	bytes.writeUInt16LE(1, 20);
	bytes.writeUInt16LE(1, 22);
	bytes.writeUInt32LE(rate, 24);
	bytes.writeUInt32LE(rate * 2, 28);
	bytes.writeUInt16LE(2, 32);
	bytes.writeUInt16LE(16, 34);
	bytes.write("data", 36);
	bytes.writeUInt32LE(frames * 2, 40);
	for (let i = 0; i < frames; i++)
		bytes.writeInt16LE(Math.round(8000 * Math.sin(2 * Math.PI * (220 + i / frames * 220) * i / rate)), 44 + i * 2);
	fs.writeFileSync(file, bytes);
}

/** Whether process PID has a file of that NAME open. */
function opens(pid, name) {
	return fs.readdirSync(`/proc/${pid}/fd`).some(fd => {
		try {
			return path.basename(fs.readlinkSync(`/proc/${pid}/fd/${fd}`)) === name;
		} catch {
			return false; // closed since
		}
	});
}

/** The processes of session SID: what a program started in a session of its own has left behind. */
function session(sid) {
	return fs.readdirSync("/proc").filter(name => /^\d+$/.test(name)).filter(pid => {
		try {
			const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
			const [state, , , owner] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
			return Number(owner) === sid && state !== "Z";
		} catch {
			return false;
		}
	}).map(Number);
}

/** Starts the program in a session of its own; lines() are those of its standard output so far. */
function start(...words) {
	const child = spawn(program, words, {env: environment, detached: true, stdio: ["ignore", "pipe", "pipe"]});
	const run = {child, pid: child.pid, out: "", err: ""};
	child.stdout.on("data", bytes => run.out += bytes);
	child.stderr.on("data", bytes => run.err += bytes);
	run.ended = new Promise(resolve => child.on("close", (code, signal) => resolve({code, signal})));
	run.events = () => run.out.split("\n").filter(line => line).map(line => JSON.parse(line));
	return run;
}

async function serve(folder = site) {
	const run = start("serve", "--json", "-c", folder);
	const ready = await until("serve is ready", () => {
		assert.equal(run.child.exitCode, null, run.err);
		return run.out.includes("\n") && run.events()[0];
	});
	assert.equal(ready.event, "ready");
	return Object.assign(run, {url: ready.url});
}

async function stop(run, signal = "SIGINT") {
	run.child.kill(signal);
	const end = await run.ended;
	logged("serve", run.err);
	assert.deepEqual(session(run.pid), [], "no process is left");
	return end;
}

before(() => {
	dir = fs.mkdtempSync(path.join(os.tmpdir(), "tonearm-cli-"));
	site = path.join(dir, "site");
	wav = path.join(dir, "rising tone.wav");
	text = path.join(dir, "words.txt");
	writeWav(wav, 6);
	fs.writeFileSync(text, "no sound at all\n".repeat(20));
	ok("init", site);
});

after(() => {
	for (const name of ["url_secret", "jwt_secret"])
		keep(`the setting auth.${name}`, secret(name));
	keepLogs(dir);
	fs.rmSync(dir, {recursive: true, force: true});
});

test("help and version", () => {
	assert.match(ok("--version"), /^tonearm \d+\.\d+\.\d+\n$/);
	const all = ok("--help");
	for (const command of commands) {
		const help = ok(command, "--help");
		assert.ok(help.startsWith(`Usage: tonearm ${command}`), command);
		assert.ok(help.split("\n").every(line => line.length < 110), `${command} has short lines`);
		assert.doesNotMatch(help, /\x1b/, "no colour off the terminal");
		assert.match(all, new RegExp(`^  ${command} `, "m"));
	}
});

test("exit codes tell scripts what went wrong", () => {
	const codes = [
		[2, []], [2, ["frobnicate"]], [2, ["tracks", "--wrong"]], [2, ["tracks", "show"]], [2, ["tracks", "list", "extra"]],
		[2, ["tracks", "--limit", "0"]], [2, ["jobs", "--state", "asleep"]], [2, ["token", "--scope", "all"]],
		[2, ["token", "--ttl", "90"]], [2, ["sign", "../x"]], [2, ["sign", noId, "--for", "radio"]], [2, ["sign", noId, "--for", "media"]],
		[2, ["sign", `${noId}.mp4`, "--for", "hls"]], [2, ["sign", noId, "--for", "dash", "--quality", "low"]], [3, ["sign", noId, "--quality", "odd", "-c", site]], [2, ["add", "-c", site]], [2, ["add", "-c", site, text]],
		[2, ["add", "-c", site, "--title", "T", wav, wav]], [2, ["add", "-c", site, "--public", "--private", wav]], [2, ["add", "-c", site, "--formats", "mp3", wav]],
		[2, ["add", "-c", site, "--loudness", "loud", wav]], [2, ["add", "-c", site, "--preset", "nothing", wav]],
		[2, ["add", "-c", site, "--loudness", "off", "--album-mode", "A", wav]],
		[1, ["init", site]], [3, ["tracks", "-c", path.join(dir, "nowhere")]], [3, ["tracks", "show", noId, "-c", site]],
		[3, ["jobs", "retry", noId, "-c", site]], [3, ["add", "-c", site, path.join(dir, "nothing.wav")]],
	];
	for (const [code, words] of codes) {
		const {status, stderr} = tonearm(...words);
		assert.equal(status, code, `tonearm ${words.join(" ")}: ${stderr}`);
		assert.match(stderr, /^(Usage|tonearm)/);
	}
});

test("init keeps the secrets to their owner and never overwrites", () => {
	const mode = file => fs.statSync(path.join(site, file)).mode & 0o777;
	assert.equal(mode("tonearm.conf"), 0o600);
	assert.equal(mode("data"), 0o750);
	assert.equal(mode("run"), 0o750);
	assert.equal(mode("data/tonearm.db"), 0o600);
	const conf = fs.readFileSync(path.join(site, "tonearm.conf"), "utf8");
	assert.equal(tonearm("init", site).status, 1);
	assert.equal(fs.readFileSync(path.join(site, "tonearm.conf"), "utf8"), conf);
	const other = path.join(dir, "other");
	ok("init", other);
	assert.notEqual(fs.readFileSync(path.join(other, "tonearm.conf"), "utf8"), conf);
	fs.chmodSync(path.join(other, "tonearm.conf"), 0o644);
	assert.equal(tonearm("token", "-c", other).status, 4);
});

test("init puts each part where the system has its place, and leaves a library that is there", () => {
	const [etc, data, run] = ["etc", "lib", "volatile"].map(name => path.join(dir, name));
	assert.equal(tonearm("init", "--data", "lib", etc).status, 2, "a relative path could be of two folders");
	ok("init", "--data", data, "--run", run, etc);
	assert.deepEqual(fs.readdirSync(etc), ["tonearm.conf"]);
	assert.deepEqual(fs.readdirSync(data).sort(), ["media", "source", "spool", "tonearm.db"]);
	assert.ok(fs.statSync(run).isDirectory());
	ok("user", "list", "-c", etc);
	const {ino} = fs.statSync(path.join(data, "tonearm.db"));
	fs.rmSync(path.join(etc, "tonearm.conf"));
	ok("init", "--data", data, "--run", run, etc);
	assert.equal(fs.statSync(path.join(data, "tonearm.db")).ino, ino);
});

function secret(name) {
	return fs.readFileSync(path.join(site, "tonearm.conf"), "utf8").match(new RegExp(`${name} = "([^"]+)"`))[1];
}

test("token makes a JWT that the secret verifies", () => {
	const {token, scope} = JSON.parse(ok("token", "--json", "--scope", "track:write jobs:read", "--ttl", "15m", "-u", "ann", "-c", site));
	const [head, body, signature] = token.split(".");
	assert.equal(scope, "track:write jobs:read");
	assert.equal(createHmac("sha256", secret("jwt_secret")).update(`${head}.${body}`).digest("base64url"), signature);
	const claims = JSON.parse(Buffer.from(body, "base64url"));
	assert.equal(JSON.parse(Buffer.from(head, "base64url")).alg, "HS256");
	assert.equal(claims.sub, "ann");
	assert.equal(claims.exp - claims.iat, 900);
});

test("sign makes the address that existing clients make", () => {
	const url = new URL(ok("sign", noId, "--quality", "low", "--expires", "1h", "-c", site).trim(), "http://x");
	const file = `${noId}_low.mp4`, expires = url.searchParams.get("expires");
	assert.equal(url.pathname, `/stream/${file}`);
	assert.equal(url.searchParams.get("sig"), createHmac("sha256", secret("url_secret")).update(`${file}|${expires}`).digest("hex"));
	assert.ok(Math.abs(Number(expires) - Date.now() / 1000 - 3600) < 60);
});

test("sign takes the first of the keys that follow each other", () => {
	const file = path.join(dir, "rotated.conf");
	const keys = ["2026b", "2026a"].map(id => `{ id = "${id}"; secret = "${id.repeat(8)}"; }`).join(", ");
	fs.writeFileSync(file, fs.readFileSync(path.join(site, "tonearm.conf"), "utf8").replace("auth:\n{\n", `auth:\n{\n\turl_keys = (${keys});\n`),
		{mode: 0o600});
	for (const what of ["stream", "hls"])
		assert.equal(new URL(ok("sign", noId, "--for", what, "-c", file).trim(), "http://x").searchParams.get("key"), "2026b");
});

test("sign knows the file of a format, and signs what is more than a file", () => {
	const signed = (...words) => new URL(ok("sign", noId, ...words, "-c", site).trim(), "http://x");
	for (const [quality, extension] of [["mp3-320", "mp3"], ["flac", "mp4"], ["flac-flac", "flac"], ["opus-ogg-96", "opus"], ["wav", "wav"]])
		assert.equal(signed("--quality", quality).pathname, `/stream/${noId}_${quality}.${extension}`);
	for (const [words, address] of [
		[["--for", "hls"], `/hls/${noId}/master.m3u8`], [["--for", "hls", "--quality", "low"], `/hls/${noId}/low/playlist.m3u8`],
		[["--for", "dash"], `/dash/${noId}/manifest.mpd`], [["--for", "media", "--quality", "mp3-128"], `/media/${noId}/mp3-128.mp3`],
	]) {
		const {pathname, searchParams} = signed(...words);
		assert.equal(pathname, address);
		assert.equal(searchParams.get("grant"),
			createHmac("sha256", secret("url_secret")).update(`grant/${noId}|${searchParams.get("expires")}`).digest("hex"));
	}
});

test("config shows values without secrets, and defaults that are read back", () => {
	const values = ok("config", "-c", site);
	assert.doesNotMatch(values, new RegExp(secret("jwt_secret")));
	assert.match(values, /^auth\.jwt_secret = .*set/m);
	assert.match(ok("config", "check", "-c", site), /ok/);
	assert.match(ok("config", "--defaults"), /upload_size/);
	const broken = path.join(dir, "broken.conf");
	fs.writeFileSync(broken, "storage: { data_dri = \"x\"; };\n", {mode: 0o600});
	const {status, stderr} = tonearm("config", "check", "-c", broken);
	assert.equal(status, 2);
	assert.match(stderr, /broken\.conf:1: storage\.data_dri/);
});

test("doctor grades each check", () => {
	const {status, stdout} = tonearm("doctor", "--json", "-c", site);
	const report = JSON.parse(stdout);
	const grade = name => report.checks.find(({check}) => check === name)?.grade;
	assert.equal(status, report.healthy ? 0 : 1);
	for (const name of ["configuration", "secrets", "database", "tonearm-worker", "tonearm-jobrunner", "sandbox"])
		assert.equal(grade(name), "ok", `${name}: ${stdout}`);
	fs.renameSync(path.join(site, "data/media"), path.join(site, "data/elsewhere"));
	const broken = tonearm("doctor", "-c", site);
	fs.renameSync(path.join(site, "data/elsewhere"), path.join(site, "data/media"));
	assert.equal(broken.status, 1);
	assert.match(broken.stdout, /^FAIL +folder +.*data\/media/m);
	assert.match(broken.stdout, /install -d/);
});

test("add without a jobrunner does the work itself, and the library can be looked after", () => {
	const events = ok("add", "--json", "--public", "--title", "Rising", "--formats", "mp3-320,flac", "--loudness", "apply", "--preset", "none", "-c", site, wav).trim().split("\n").map(line => JSON.parse(line));
	assert.equal(events[0].event, "queued");
	assert.equal(events.at(-1).event, "done");
	const {track, job} = events[0];
	const listed = JSON.parse(ok("tracks", "--json", "-c", site)).tracks.find(({id}) => id === track);
	assert.deepEqual([listed.state, listed.title, listed.visibility, listed.duration_ms], ["ready", "Rising", "public", 6000]);
	const shown = JSON.parse(ok("tracks", "show", track, "--json", "-c", site));
	assert.deepEqual(shown.renditions.map(({quality}) => quality), ["high", "mp3-320", "medium", "low", "mobile", "flac"]);
	assert.match(ok("tracks", "show", track, "-c", site), /flac +flac lossless, 44100 Hz/);
	assert.equal(JSON.parse(ok("jobs", "show", job, "--json", "-c", site)).state, "done");
	assert.equal(JSON.parse(ok("jobs", "--state", "done", "--track", track, "--json", "-c", site)).jobs[0].id, job);
	assert.equal(tonearm("jobs", "retry", job, "-c", site).status, 1, "a job that is done is not retried");
	assert.equal(JSON.parse(ok("tracks", "unpublish", track, "--json", "-c", site)).visibility, "private");
	assert.equal(JSON.parse(ok("tracks", "publish", track, "--json", "-c", site)).visibility, "public");
	assert.equal(shown.loudness?.applied, true);
	assert.equal(JSON.parse(ok("jobs", "extras", track, "--json", "-c", site)).state, "queued");
	assert.equal(tonearm("jobs", "extras", track, "-c", site).status, 1, "a job is at work on it");
	ok("tracks", "delete", track, "-c", site);
	assert.equal(tonearm("tracks", "show", track, "-c", site).status, 3);
	assert.ok(!fs.existsSync(path.join(site, "data/media", track)));
	assert.ok(!fs.readdirSync(path.join(site, "data/source")).some(name => name.startsWith(track)));
});

test("what is published is what others have made of the track meanwhile", {skip: missing("sqlite3")}, async () => {
	const track = JSON.parse(ok("add", "--json", "--title", "Before", "-c", site, wav).split("\n")[0]).track;
	const shell = spawn("sqlite3", ["-bail", path.join(site, "data/tonearm.db")]);
	try {
		shell.stdin.write("BEGIN IMMEDIATE; SELECT 'locked';\n");
		await once(shell.stdout, "data");
		const publish = spawn(program, ["tracks", "publish", track, "-c", site], {env: environment, stdio: "ignore"});
		const ended = once(publish, "exit");
		await until("it has the database open", () => opens(publish.pid, "tonearm.db"));
		shell.stdin.end(`UPDATE track SET title = 'After' WHERE id = '${track}'; COMMIT;\n`);
		assert.deepEqual(await ended, [0, null]);
	} finally {
		shell.stdin.end();
	}
	const shown = JSON.parse(ok("tracks", "show", track, "--json", "-c", site));
	assert.deepEqual([shown.title, shown.visibility], ["After", "public"]);
	ok("tracks", "delete", track, "-c", site);
});

test("a file that is refused does not keep the others out", () => {
	const {status, stdout} = tonearm("add", "-c", site, text, wav);
	assert.equal(status, 2);
	assert.match(stdout, /words\.txt: failed: /);
	assert.match(stdout, /rising tone\.wav: done in /);
	assert.deepEqual(fs.readdirSync(path.join(site, "data/spool")), []);
});

test("a job that is queued can be cancelled and tried again", () => {
	const {job} = JSON.parse(ok("add", "--json", "--no-wait", "-c", site, wav).trim());
	assert.equal(JSON.parse(ok("jobs", "cancel", job, "--json", "-c", site)).state, "cancelled");
	assert.equal(JSON.parse(ok("jobs", "retry", job, "--json", "-c", site)).state, "queued");
	assert.equal(JSON.parse(ok("jobs", "cancel", job, "--json", "-c", site)).state, "cancelled");
});

test("Ctrl-C during add leaves the file queued and nothing running", async () => {
	const long = path.join(dir, "long.wav");
	writeWav(long, 600);
	const run = start("add", "--json", "-c", site, long);
	await until("the job runs", () => run.out.includes("\"progress\""));
	assert.equal((await stop(run)).code, 1);
	assert.match(run.err, /queued/);
	assert.deepEqual(fs.readdirSync(path.join(site, "data/spool")), []);
	const {job} = run.events()[0];
	await until("the job is handed back", () => JSON.parse(ok("jobs", "show", job, "--json", "-c", site)).state === "queued");
	ok("jobs", "cancel", job, "-c", site);
});

test("serve: what was added plays over HTTP, and Ctrl-C leaves nothing", {skip: missing("lighttpd")}, async () => {
	const run = await serve();
	const events = ok("add", "--json", "--public", "-c", site, wav).trim().split("\n").map(line => JSON.parse(line));
	assert.equal(events.at(-1).event, "done");
	const master = `${run.url}/hls/${events[0].track}/master.m3u8`;
	assert.equal((await request(run.url, {path: `/hls/${events[0].track}/master.m3u8`})).status, 200);
	if (!missing("ffprobe")) {
		const probe = JSON.parse(execFileSync("ffprobe", ["-v", "error", "-show_format", "-of", "json", master], {encoding: "utf8"}));
		assert.ok(Math.abs(Number(probe.format.duration) - 6) < 0.1);
	}
	const second = tonearm("serve", "-c", site);
	assert.equal(second.status, 1);
	assert.match(second.stderr, /served already/);
	assert.equal((await stop(run)).code, 0);
	assert.deepEqual(fs.readdirSync(path.join(site, "run")).filter(name => name.endsWith(".sock")), []);
});

test("serve: a responder that dies is replaced, and no request is refused", {skip: missing("lighttpd")}, async () => {
	const run = await serve();
	const pids = () => session(run.pid).filter(pid => {
		try {
			return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0].endsWith("api.fcgi");
		} catch {
			return false;
		}
	});
	const [pid] = await until("the responder runs", () => pids().length === 1 && pids());
	process.kill(pid, "SIGKILL");
	await until("it is seen", () => run.err.includes("api.fcgi was ended by signal 9"));
	assert.equal((await request(run.url, {path: "/healthz"})).status, 200);
	assert.notEqual(pids()[0], pid);
	await stop(run, "SIGTERM");
});

test("serve: killed outright, it takes everything along", {skip: missing("lighttpd")}, async () => {
	const run = await serve();
	assert.ok(session(run.pid).length >= 6);
	run.child.kill("SIGKILL");
	await run.ended;
	await until("all are gone", () => session(run.pid).length === 0);
	const again = await serve();
	await stop(again);
});

test("demo --once plays and cleans up", {skip: missing("lighttpd")}, () => {
	const place = path.join(dir, "tmp");
	fs.mkdirSync(place);
	const {status, stdout, stderr} = spawnSync(program, ["demo", "--once"], {encoding: "utf8", timeout: 120000,
		env: {...environment, TMPDIR: place}});
	assert.equal(status, 0, stderr);
	assert.match(stdout, /Three Chords plays: 4 renditions by HLS and DASH/);
	assert.ok(stdout.endsWith("\nok\n"));
	assert.deepEqual(fs.readdirSync(place), []);
});

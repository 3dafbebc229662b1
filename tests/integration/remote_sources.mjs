// SPDX-License-Identifier: MIT
// Sources that a job fetches, from https addresses and from buckets of the store: what is brought becomes a track as an
// upload does, and nobody is led where the configuration does not lead.

import assert from "node:assert/strict";
import {execFile, spawnSync} from "node:child_process";
import fs from "node:fs";
import https from "node:https";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {promisify} from "node:util";
import {bearer, cgi, library} from "./lib/cgi.mjs";
import {startFakeStore} from "./lib/fake_store.mjs";
import {wav} from "./lib/sound.mjs";
import {build, missing} from "./lib/tools.mjs";

const run = promisify(execFile);
const sound = wav(0.3);

describe("sources from elsewhere", {skip: missing("openssl")}, () => {
	let place, host, port, store, conf;

	before(async () => {
		place = library();
		const [key, certificate] = ["key.pem", "ca.pem"].map(name => path.join(place.dir, name));
		const made = spawnSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
			"-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate]);
		assert.equal(made.status, 0, String(made.stderr));
		host = https.createServer({key: fs.readFileSync(key), cert: fs.readFileSync(certificate)}, serve);
		await new Promise(resolve => host.listen(0, "127.0.0.1", resolve));
		port = host.address().port;
		store = await startFakeStore();
		conf = {
			sources: {hosts: `localhost:${port}`, networks: ["127.0.0.0/8"], ca_file: certificate, buckets: "incoming"},
			limits: {upload_size: 1048576},
			jobs: {poll_ms: 20, nice: 0, network_workers: 8},
			store: {endpoint: store.endpoint, bucket: "bucket"},
		};
		place.configure(conf);
	});
	after(async () => {
		host?.closeAllConnections();
		host?.close();
		await store?.stop();
		place?.remove();
	});

	/* What the host answers, by path. */
	function serve(request, answer) {
		const to = location => answer.writeHead(302, {location}).end();
		const {pathname} = new URL(request.url, "https://localhost");
		if (pathname === "/sound.wav")
			answer.end(sound);
		else if (pathname === "/moved")
			to("a/../sound.wav?x=1");
		else if (pathname === "/loop")
			to("/loop");
		else if (pathname === "/plain")
			to("http://localhost/sound.wav");
		else if (pathname === "/file")
			to("file:///etc/passwd");
		else if (pathname === "/store")
			to("s3://incoming/one.wav");
		else if (pathname === "/elsewhere")
			to(`https://127.0.0.1:${port}/sound.wav`);
		else if (pathname === "/text")
			answer.end("this is no sound");
		else if (pathname === "/large")
			answer.end(Buffer.concat([sound, Buffer.alloc(2 ** 20)]));
		else if (pathname === "/short") {
			answer.writeHead(200, {"content-length": sound.length});
			answer.write(sound.subarray(0, 1000), () => answer.destroy());
		} else
			answer.writeHead(pathname === "/secret" ? 403 : 404).end("no");
	}

	const submit = (source, more = {}) => cgi(place, "api", "/internal/jobs/transcode", {method: "POST",
		headers: {...bearer("jobs:write"), "Content-Type": "application/json"}, body: JSON.stringify({source, ...more})});
	const order = async (source, more = {}) => {
		const answer = await submit(source, {renditions: ["low"], ...more});
		assert.equal(answer.status, 202, answer.text);
		return answer.json;
	};
	const environment = {...process.env, ...{AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret", TONEARM_LIBEXEC: build,
		HTTPS_PROXY: "http://127.0.0.1:1", https_proxy: "http://127.0.0.1:1"}};
	const drain = () => run(path.join(build, "jobs", "tonearm-jobrunner"), ["--drain", "-c", place.conf], {env: environment});
	const see = async target => (await cgi(place, "api", target, {headers: bearer("jobs:read track:read stream:read")})).json;
	/* The job, the one that fetched for it, and the track, of an ORDER. */
	async function outcome({track, job}) {
		const whole = (await see(`/internal/jobs/${job.id}`)).job;
		return {job: whole, fetch: (await see(`/internal/jobs/${whole.after[0]}`)).job, track: (await see(`/api/v1/tracks/${track.id}`)).track};
	}

	test("become tracks: an address, one behind a redirect, an object of the store", async () => {
		store.objects["/incoming/in box/a+b.wav"] = {bytes: sound, sha256: ""};
		const orders = [];
		for (const source of [`https://localhost:${port}/sound.wav`, `https://LOCALHOST:${port}/moved`, "s3://incoming/in box/a+b.wav"])
			orders.push(await order(source, {title: "From afar"}));
		assert.equal(orders[0].track.state, "pending");
		assert.equal(orders[0].track.source_name, "sound.wav");
		assert.equal(orders[2].track.source_name, "a+b.wav");
		await drain();
		for (const made of orders) {
			const {job, fetch, track} = await outcome(made);
			assert.equal(fetch.state, "done", fetch.error);
			assert.equal(job.state, "done", job.error);
			assert.equal(fetch.kind, "fetch");
			assert.equal(track.title, "From afar");
			assert.equal(track.state, "ready");
			assert.equal(track.source_bytes, sound.length);
			assert.deepEqual(fs.readFileSync(path.join(place.dir, "data", "source", `${track.id}.fetched`)), sound);
		}
		assert.deepEqual(fs.readdirSync(path.join(place.dir, "data", "spool")), []);
	});

	test("the command adds them too", async () => {
		const {stdout} = await run(path.join(build, "tonearm"), ["-c", place.conf, "add", "--json", `https://localhost:${port}/sound.wav`], {env: environment});
		assert.match(stdout, /"event": ?"done"/);
		await assert.rejects(run(path.join(build, "tonearm"), ["-c", place.conf, "add", "https://other.example/x"], {env: environment}),
			/sources\.hosts does not name other\.example/);
	});

	test("what the configuration does not name is refused at once", async () => {
		for (const source of ["https://other.example/x", "https://localhost/x", `https://localhost:${port + 1}/x`, "s3://bucket/x", "s3://other/x"])
			assert.equal((await submit(source)).status, 403, source);
		for (const source of [`http://localhost:${port}/x`, "file:///etc/passwd", "/etc/passwd", `https://u:p@localhost:${port}/x`, "s3://incoming/", 7])
			assert.equal((await submit(source)).status, 422, source);
		assert.equal((await submit(`https://localhost:${port}/x`, {path: "x"})).status, 422);
	});

	test("what comes is judged, wherever it leads", async () => {
		const cases = {
			"/loop": /more than 5 redirects/,
			"/plain": /https/,
			"/file": /https/,
			"/store": /status 302/,
			"/elsewhere": /sources\.hosts does not name 127\.0\.0\.1/,
			"/text": /not a sound file of a kind we take: upload MP3/,
			"/large": /an upload may have 1048576 bytes/,
			"/secret": /status 403/,
			"/nothing": /no such file/,
		};
		const orders = {};
		for (const target of Object.keys(cases))
			orders[target] = await order(`https://localhost:${port}${target}`);
		const gone = await order("s3://incoming/nothing.wav"), short = await order(`https://localhost:${port}/short`);
		await drain();
		for (const [target, reason] of Object.entries(cases)) {
			const {job, fetch, track} = await outcome(orders[target]);
			assert.equal(fetch.state, "dead", target);
			assert.match(fetch.error, reason);
			assert.equal(job.state, "cancelled", target);
			assert.equal(track.state, "failed", target);
		}
		assert.equal((await outcome(gone)).fetch.state, "dead");
		const broken = await outcome(short);
		assert.equal(broken.fetch.state, "queued", "it is tried again");
		assert.ok(broken.fetch.error);
		assert.equal(broken.track.state, "pending");
		assert.deepEqual(fs.readdirSync(path.join(place.dir, "data", "spool")), []);
	});

	test("no name leads into this machine or its networks", async () => {
		place.configure({...conf, sources: {...conf.sources, hosts: `* localhost:${port} 127.0.0.1:${port}`, networks: []}});
		const orders = [];
		for (const name of [`localhost:${port}`, `127.0.0.1:${port}`, "localhost", "127.1", "2130706433", "0x7f.0.0.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]",
			"[::ffff:169.254.169.254]", "169.254.169.254", "10.0.0.1", "192.168.1.1", "100.64.0.1", "[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]"])
			orders.push([name, await order(`https://${name}/latest/meta-data/`)]);
		let asked = 0;
		const count = () => asked++;
		host.on("connection", count);
		await drain();
		host.off("connection", count);
		for (const [name, made] of orders) {
			const {fetch} = await outcome(made);
			assert.equal(fetch.state, "dead", name);
			assert.match(fetch.error, /address is not one to connect to/, name);
		}
		assert.equal(asked, 0, "nobody was connected to");
		place.configure(conf);
	});
});

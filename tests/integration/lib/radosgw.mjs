// SPDX-License-Identifier: MIT
// A real object store for one test: ceph's radosgw over one monitor and one OSD in memory, in a folder of its own and
// on ports that the kernel chose, with HTTP, HTTPS and a user. As root only, as ceph wants it. stop() ends what start()
// started, by process id, and nothing else.

import {execFile} from "node:child_process";
import {createHash, createHmac, randomBytes, randomUUID} from "node:crypto";
import fs from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import {promisify} from "node:util";
import {keep} from "./evidence.mjs";
import {Process} from "./server.mjs";
import {missing, pause, which} from "./tools.mjs";

const START_MS = 180000;
const run = promisify(execFile);

/** False when a store can be started, else the reason to skip. */
export function storeMissing() {
	if (process.getuid() !== 0)
		return "ceph's daemons want to be started as root";
	return missing("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "openssl");
}

/** Ports that nobody has just now. */
async function freePorts(count) {
	const servers = await Promise.all(Array.from({length: count}, () => new Promise((resolve, reject) => {
		const server = net.createServer();
		server.once("error", reject);
		server.listen(0, "127.0.0.1", () => resolve(server));
	})));
	const ports = servers.map(server => server.address().port);
	await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))));
	return ports;
}

/** {endpoint, hostEndpoint, tlsEndpoint, ca, accessKey, secretKey}; tries again when somebody took a port in between. */
export async function startStore() {
	for (let tries = 1; ; tries++) {
		const store = new Store();
		try {
			await store.start();
			return store;
		} catch (error) {
			await store.stop();
			if (tries === 3)
				throw error;
		}
	}
}

class Store {
	constructor() {
		this.processes = [];
		this.accessKey = randomBytes(10).toString("hex").toUpperCase();
		this.secretKey = keep("the store's secret key", randomBytes(20).toString("base64"));
	}

	async start() {
		this.dir = await fs.mkdtemp(path.join(os.tmpdir(), "tonearm-store-"));
		this.conf = path.join(this.dir, "ceph.conf");
		this.keyring = path.join(this.dir, "keyring");
		const [monitor, plain, tls] = await freePorts(3);
		const fsid = randomUUID();
		this.endpoint = `http://127.0.0.1:${plain}`;
		/* The bucket stands in the host's name there. */
		this.hostEndpoint = `http://localhost:${plain}`;
		this.tlsEndpoint = `https://localhost:${tls}`;
		this.ca = path.join(this.dir, "tls.pem");
		for (const folder of ["mon", "osd", "run"])
			await fs.mkdir(path.join(this.dir, folder));
		await run("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
			"-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", `${this.dir}/tls.key`,
			"-out", this.ca]);
		await fs.writeFile(this.conf, this.#settings(fsid, monitor, plain, tls));
		await this.#keys();
		await run(which("monmaptool"), ["--create", "--addv", "a", `[v2:127.0.0.1:${monitor}]`, "--fsid", fsid,
			`${this.dir}/monmap`]);
		await this.#run("ceph-mon", ["-i", "a", "--mkfs", "--monmap", `${this.dir}/monmap`, "--keyring", this.keyring]);
		this.#spawn("ceph-mon", ["-i", "a", "-f"]);
		const osd = randomUUID();
		await this.#run("ceph", ["--connect-timeout", "120", "osd", "new", osd, "0"]);
		await this.#run("ceph-osd", ["-i", "0", "--mkfs", "--osd-uuid", osd]);
		this.#spawn("ceph-osd", ["-i", "0", "-f"]);
		this.#spawn("radosgw", ["-n", "client.rgw", "-f"]);
		await this.#untilItAnswers();
		await this.#run("radosgw-admin", ["user", "create", "--uid=test", "--display-name=test",
			`--access-key=${this.accessKey}`, `--secret-key=${this.secretKey}`]);
	}

	#settings(fsid, monitor, plain, tls) {
		return `[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${monitor}/0]
ms bind msgr1 = false
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = ${this.keyring}
run dir = ${this.dir}/run
admin socket = ${this.dir}/run/$name.asok
log file = ${this.dir}/$name.log
crash dir = ${this.dir}/run
pid file =
mon data = ${this.dir}/mon
mon data avail warn = 1
mon data avail crit = 1
osd data = ${this.dir}/osd
osd objectstore = memstore
memstore device bytes = 2147483648
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
mon warn on pool no redundancy = false
setuser match path =
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${plain} ssl_endpoint=127.0.0.1:${tls} ssl_certificate=${this.ca} ssl_private_key=${this.dir}/tls.key
rgw dns name = localhost
rgw run sync thread = false
`;
	}

	/** Who may do what: cephx is not to be had without. */
	async #keys() {
		const users = [["mon.", "mon", "allow *"],
			["client.admin", "mon", "allow *", "osd", "allow *", "mgr", "allow *"],
			["osd.0", "mon", "allow profile osd", "osd", "allow *", "mgr", "allow profile osd"],
			["client.rgw", "mon", "allow rw", "osd", "allow rwx", "mgr", "allow rw"]];
		await fs.writeFile(this.keyring, "", {mode: 0o600});
		for (const [name, ...caps] of users) {
			const words = caps.flatMap((word, i) => i % 2 === 0 ? ["--cap", word, caps[i + 1]] : []);
			await run(which("ceph-authtool"), [this.keyring, "--gen-key", "-n", name, ...words]);
		}
	}

	async #run(program, words) {
		await run(which(program), ["-c", this.conf, ...words], {timeout: START_MS});
	}

	#spawn(program, words) {
		this.processes.push(new Process(program, [which(program), "-c", this.conf, ...words],
			{log: path.join(this.dir, `${program}.out`)}));
	}

	async #untilItAnswers() {
		for (const end = Date.now() + START_MS; ;) {
			const stopped = this.processes.find(process => !process.running);
			if (stopped)
				throw new Error(`${stopped.name} has stopped: ${await fs.readFile(stopped.log, "utf8")}`);
			const answer = await fetch(this.endpoint).catch(() => null);
			if (answer?.status === 200)
				return;
			if (Date.now() > end)
				throw new Error(`radosgw does not answer: ${await fs.readFile(`${this.dir}/radosgw.out`, "utf8")}`);
			await pause(100);
		}
	}

	/** Asks the store as its user: QUERY is {name: value}, PATH begins with "/", BODY is text. A signer of the test's own. */
	async request(method, path, query = {}, body = "") {
		const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
		const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
		const payload = createHash("sha256").update(body).digest("hex");
		const headers = {host: new URL(this.endpoint).host, "x-amz-content-sha256": payload, "x-amz-date": date};
		const names = Object.keys(headers).sort().join(";");
		const search = Object.entries(query).map(pair => pair.map(encodeURIComponent).join("=")).sort().join("&");
		const lines = Object.entries(headers).sort().map(([name, value]) => `${name}:${value}\n`).join("");
		const canonical = [method, path, search, lines, names, payload].join("\n");
		const hmac = (key, text) => createHmac("sha256", key).update(text).digest();
		const key = scope.split("/").reduce(hmac, `AWS4${this.secretKey}`);
		const hash = createHash("sha256").update(canonical).digest("hex");
		const signature = hmac(key, ["AWS4-HMAC-SHA256", date, scope, hash].join("\n")).toString("hex");
		return fetch(`${this.endpoint}${path}${search && `?${search}`}`, {method, body: body || undefined, headers: {
			...headers, ...body && {"content-md5": createHash("md5").update(body).digest("base64")}, authorization: `AWS4-HMAC-SHA256 Credential=${this.accessKey}/${scope}, SignedHeaders=${names}, `
				+ `Signature=${signature}`}});
	}

	async stop() {
		for (const process of this.processes.reverse()) {
			process.kill("SIGKILL"); /* nothing of it is kept */
			await process.ended;
		}
		if (this.dir)
			await fs.rm(this.dir, {recursive: true, force: true, maxRetries: 5});
	}
}

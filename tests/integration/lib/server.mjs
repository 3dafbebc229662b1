// SPDX-License-Identifier: MIT
// A complete Tonearm for one test: a folder of its own, the responders on Unix sockets, the jobrunner if wanted, and
// a web server in front with the shipped example (homes.mjs), on a port that the kernel chose. stop() ends what start()
// started, by process id, and nothing else.
//
// TONEARM_TRACE=valgrind or strace runs the responders and the jobrunner under that tool; valgrind's complaints make
// stop() fail, strace's files stay in the folder, which is kept and named.

import {execFile, spawn} from "node:child_process";
import {createHmac, randomBytes} from "node:crypto";
import {createWriteStream} from "node:fs";
import fs from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import {promisify} from "node:util";
import {confText} from "./conf.mjs";
import {keep, keepLogs} from "./evidence.mjs";
import {furnish, isFolder, spawnsItself} from "./homes.mjs";
import {multipart, request} from "./http.mjs";
import {build, pause, which} from "./tools.mjs";

export {cannotServe, isApache} from "./homes.mjs";

const RESPONDERS = ["manifest", "stream", "api", "auth"];
const trace = process.env.TONEARM_TRACE ?? "";
const START_MS = trace ? 90000 : 20000;
const STOP_MS = trace ? 60000 : 15000;
const run = promisify(execFile);

/* A test that dies takes its processes along. */
const alive = new Set();
process.on("exit", () => {
	for (const child of alive)
		child.kill("SIGKILL");
});

export class Process {
	constructor(name, command, {env = {}, cwd, log} = {}) {
		this.name = name;
		this.log = log;
		this.wanted = true; /* until stop() */
		this.child = spawn(command[0], command.slice(1), {
			cwd,
			env: {...process.env, ...env},
			stdio: ["ignore", "pipe", "pipe"],
		});
		alive.add(this.child);
		const file = createWriteStream(log, {flags: "a"});
		this.child.stdout.pipe(file, {end: false});
		this.child.stderr.pipe(file, {end: false});
		this.ended = new Promise(resolve => this.child.on("close", (code, signal) => {
			alive.delete(this.child);
			file.end(() => resolve({code, signal})); // with all of its words in the log
		}));
		this.child.on("error", error => {
			this.failure = error;
		});
	}

	get running() {
		return this.child.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
	}

	kill(signal) {
		this.child.kill(signal);
	}

	/** SIGTERM, then SIGKILL when it does not end in time; {code, signal, forced}. */
	async stop() {
		this.wanted = false;
		if (this.running)
			this.child.kill("SIGTERM");
		const late = setTimeout(() => this.child.kill("SIGKILL"), STOP_MS);
		const end = await this.ended;
		clearTimeout(late);
		return end;
	}
}

/**
 * Starts a site. OPTIONS: server (one of homes.mjs), spawn (lighttpd starts the responders itself), transport
 * (http.transport of the responders; TONEARM_TRANSPORT in the environment else), check (whether the server serves /media/ itself, having
 * asked auth.fcgi), keep (whether nginx keeps its connections
 * to them; as it is right for the transport else),
 * delivery ("" as the example has it, or "direct"), runner (whether a jobrunner works), webRoot (document root instead of
 * the built page), prefix ("/music": the folder of the site, in front of all paths that are asked for), folder (below the
 * document root of a shared host, "" for that itself), elsewhere (its private part lies outside), rewrite (whether that
 * host has mod_rewrite), libexec ({responder: the folder it is started from}), change (what else happens to the text of the server's configuration), conf ({section: {option: value}}
 * over the test's own). The caller calls stop().
 */
export async function start(options = {}) {
	const transport = process.env.TONEARM_TRANSPORT ?? "event";
	const site = new Site({server: "lighttpd", transport, delivery: "", runner: false, conf: {}, folder: "", prefix: "",
		...options});
	try {
		await site.start();
	} catch (error) {
		await site.stop().catch(() => {});
		throw error;
	}
	return site;
}

class Site {
	constructor(options) {
		this.options = options;
		this.processes = new Map();
		this.prefix = options.prefix;
		this.draining = null;
		this.urlSecret = randomBytes(32).toString("hex");
		this.jwtSecret = randomBytes(32).toString("hex");
	}

	/* Of configuration, data and run folder. */
	get home() {
		if (!isFolder(this.options.server))
			return this.dir;
		return this.options.elsewhere ? path.join(this.dir, "elsewhere") : path.join(this.documentRoot, this.options.folder, "private");
	}

	get confFile() {
		return path.join(this.home, "tonearm.conf");
	}

	get dataDir() {
		return path.join(this.home, "data");
	}

	get runDir() {
		return path.join(this.home, "run");
	}

	/** Of a shared host. */
	get documentRoot() {
		return path.join(this.dir, "htdocs");
	}

	async start() {
		this.dir = await fs.mkdtemp(path.join(os.tmpdir(), "tonearm-"));
		await this.#lay();
		await fs.writeFile(this.confFile, this.#conf(), {mode: 0o600});
		await fs.mkdir(this.runDir, {recursive: true});
		/* Who changes the journal has to be alone with the database, and responders start side by side. */
		if (this.options.conf.db?.journal_mode)
			await run(path.join(build, "tonearm"), ["-c", this.confFile, "tracks"]);
		if (!spawnsItself(this.options)) {
			for (const name of RESPONDERS)
				await this.startResponder(name);
		}
		if (this.options.runner && !isFolder(this.options.server))
			this.startRunner();
		await this.#startServer();
	}

	#lay() {
		const {server, folder, elsewhere} = this.options;
		const words = isFolder(server)
			? ["install-cgi", path.join(this.documentRoot, folder), ...elsewhere ? ["--private", this.home] : []]
			: ["init", this.dir];
		return run(path.join(build, "tonearm"), words, {env: {...process.env, TONEARM_LIBEXEC: build, TONEARM_SHARE: build}});
	}

	#conf() {
		const sections = {
			storage: {data_dir: "data", run_dir: "run", disk_floor: 0},
			auth: {url_secret: this.urlSecret, jwt_secret: this.jwtSecret},
			limits: {upload_size: "16M", upload_idle_s: 5},
			media: {},
			jobs: {poll_ms: 50, nice: 0},
			db: {},
			http: {transport: this.options.transport},
			log: {},
		};
		for (const [name, values] of Object.entries(this.options.conf))
			sections[name] = {...sections[name], ...values};
		return confText(sections);
	}

	/** Starts a responder (again) on its socket, as conf-examples tell. */
	async startResponder(name) {
		const socket = path.join(this.runDir, `${name}.sock`);
		await fs.rm(socket, {force: true});
		this.#spawn(name, [which("spawn-fcgi"), "-n", "-s", socket, "--", ...this.#traced(name),
			path.join(this.options.libexec?.[name] ?? path.join(build, "fcgi"), `${name}.fcgi`)]);
		await this.#until(`${name} has its socket`, () => fs.stat(socket).then(() => true, () => false), name);
	}

	startRunner() {
		this.#spawn("jobrunner", [...this.#traced("jobrunner"), path.join(build, "jobs", "tonearm-jobrunner")]);
	}

	#traced(name) {
		if (trace === "valgrind")
			return [which("valgrind"), "--quiet", "--error-exitcode=99", "--leak-check=full", "--trace-children=no"];
		return trace === "strace" ? [which("strace"), "-f", "-o", path.join(this.dir, `strace.${name}`)] : [];
	}

	#spawn(name, command) {
		const started = new Process(name, command, {
			env: {TONEARM_CONF: this.confFile, TONEARM_LIBEXEC: build},
			cwd: this.dir,
			log: path.join(this.dir, `${name}.log`),
		});
		this.processes.set(name, started);
		return started;
	}

	/* The port may be taken between asking the kernel for it and using it: then another is tried. */
	async #startServer() {
		for (let attempt = 1; ; attempt++) {
			const port = await freePort();
			const command = await furnish(this, port);
			this.url = `http://127.0.0.1:${port}`;
			const server = this.#spawn(this.options.server, command);
			try {
				await this.#until("/healthz answers", () => healthy(this), this.options.server);
				return;
			} catch (error) {
				if (server.running || attempt === 5)
					throw error;
			}
		}
	}

	/* Waits for IS_SO; NAME is the process it depends on, besides all that run already. */
	async #until(what, isSo, name) {
		const end = Date.now() + START_MS;
		while (!await isSo()) {
			const over = [...this.processes.values()].find(one => one.wanted && !one.running);
			if (over || Date.now() > end) {
				const log = await fs.readFile((over ?? this.processes.get(name)).log, "utf8").catch(() => "");
				throw new Error(`${over ? `${over.name} ended` : `${name} took too long`} before ${what}: ${log.slice(-2000)}`);
			}
			await pause(25);
		}
	}

	/** An HS256 token with SCOPES ("track:write stream:read"). CLAIMS replace the usual ones; KEY another's secret. */
	token(scopes, claims = {}, key = this.jwtSecret) {
		const now = Math.floor(Date.now() / 1000);
		const encode = value => Buffer.from(JSON.stringify(value)).toString("base64url");
		const text = `${encode({alg: "HS256", typ: "JWT"})}.${encode({sub: "tester", iat: now, exp: now + 600, scope: scopes, ...claims})}`;
		return keep("token", `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`);
	}

	bearer(scopes, claims) {
		return {Authorization: `Bearer ${this.token(scopes, claims)}`};
	}

	/** "/stream/{file}?expires=...&sig=..." as existing clients compute it. */
	streamPath(file, expires = Math.floor(Date.now() / 1000) + 600, secret = this.urlSecret) {
		const sig = createHmac("sha256", secret).update(`${file}|${expires}`).digest("hex");
		return `/stream/${file}?expires=${expires}&sig=${sig}`;
	}

	/** As request() of http.mjs; the path is one below the site. */
	request(options) {
		return request(this.url, {...options, path: this.prefix + (options.path ?? "/")});
	}

	/* As cron would once a minute on a host where no daemon may run. */
	#drain() {
		this.draining ??= run(path.join(this.home, "bin", "tonearm-jobrunner"), ["--drain", "--for", "50s", "-c", this.confFile])
			.finally(() => {
				this.draining = null;
			});
		return this.draining;
	}

	/** Uploads FILE (a path) by a form; FIELDS are those of the form. The 202's {track, job, urls}. */
	async upload(file, {visibility = "public", ...fields} = {}) {
		const {headers, body} = multipart({visibility, ...fields},
			{filename: path.basename(file), type: "application/octet-stream", bytes: await fs.readFile(file)});
		const answer = await this.request({method: "POST", path: "/api/v1/tracks", body,
			headers: {...headers, ...this.bearer("track:write")}});
		if (answer.status !== 202)
			throw new Error(`upload of ${file}: ${answer.status} ${answer.text}`);
		return answer.json;
	}

	/** Waits until JOB (an id) is over; its last state. */
	async jobOver(job, ms = trace ? 300000 : 60000) {
		const end = Date.now() + ms;
		for (;;) {
			if (isFolder(this.options.server) && this.options.runner)
				await this.#drain();
			const answer = await this.request({path: `/internal/jobs/${job}`, headers: this.bearer("jobs:read")});
			if (answer.status !== 200)
				throw new Error(`job ${job}: ${answer.status} ${answer.text}`);
			const state = answer.json.job ?? answer.json;
			if (["done", "failed", "dead", "cancelled"].includes(state.state))
				return state;
			if (Date.now() > end)
				throw new Error(`job ${job} is not over after ${ms} ms: ${answer.text}`);
			await pause(50);
		}
	}

	/** Uploads FILE and waits for its renditions; the 202's {track, job, urls}. */
	async publish(file, fields) {
		const accepted = await this.upload(file, fields);
		const job = await this.jobOver(accepted.job.id);
		if (job.state !== "done")
			throw new Error(`${path.basename(file)}: ${job.state}: ${job.error}`);
		return accepted;
	}

	/** Ends everything this site started; throws when a program did not end well. */
	async stop() {
		const bad = [];
		for (const [name, started] of [...this.processes].reverse()) {
			const wasRunning = started.running;
			const end = await started.stop();
			if (wasRunning && (end.signal === "SIGKILL" || end.code === 99))
				bad.push(`${name} ended with ${end.signal ?? end.code}: ${await fs.readFile(started.log, "utf8").catch(() => "")}`);
		}
		this.processes.clear();
		keepLogs(this.dir);
		if (trace === "strace")
			process.stderr.write(`# traces are in ${this.dir}\n`);
		else if (this.dir)
			await fs.rm(this.dir, {recursive: true, force: true});
		if (bad.length)
			throw new Error(bad.join("\n"));
	}
}

/** A port of 127.0.0.1 that nobody had when it was asked for. */
export async function freePort() {
	const probe = net.createServer();
	await new Promise((resolve, reject) => probe.once("error", reject).listen(0, "127.0.0.1", resolve));
	const {port} = probe.address();
	await new Promise(resolve => probe.close(resolve));
	return port;
}

async function healthy(site) {
	try {
		return (await site.request({path: "/healthz"})).status === 200;
	} catch {
		return false;
	}
}

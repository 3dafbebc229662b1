// SPDX-License-Identifier: MIT
// Sending a library to an object store: `tonearm storage migrate` against rclone and s3cmd, of the same files to the
// same radosgw; and how many requests that write a track takes, against a file for each segment.
import {createHash, randomBytes} from "node:crypto";
import {mkdir, readdir, readFile, rm, writeFile} from "node:fs/promises";
import {join} from "node:path";
import {FAKE_WORKER, Library, until} from "../integration/lib/library.mjs";
import {startStore, storeMissing} from "../integration/lib/radosgw.mjs";
import {build, which} from "../integration/lib/tools.mjs";
import {pairAll, run} from "./measure.mjs";

const BUCKET = "library";
/* A send of large files is over soon, so that the noise of one is a larger part of it. */
const KINDS = [{kind: "large", count: 4, size: 10e6, each: 10, unit: " MB/s", rounds: 9},
	{kind: "small", count: 1000, size: 16384, each: 1, unit: "/s", rounds: 5}];
const TRACK_S = 240, RATE = 44100;

const keys = store => ({AWS_ACCESS_KEY_ID: store.accessKey, AWS_SECRET_ACCESS_KEY: store.secretKey});
const settings = (store, prefix) => ({store: {endpoint: store.endpoint, bucket: BUCKET, prefix, sync: false}});

function migrate(library, store) {
	return run(join(build, "tonearm"), ["storage", "migrate", "--json"],
		{env: {...process.env, ...keys(store), TONEARM_CONF: library.path("tonearm.conf")}});
}

// COUNT tracks of which there is only a source, of SIZE bytes each.
async function sources(store, count, size) {
	const library = await Library.make(settings(store, "")), rows = [];
	await mkdir(library.path("data", "source"), {recursive: true});
	for (let i = 0; i < count; i++) {
		const id = String(i).padStart(26, "0"), bytes = randomBytes(size);
		await writeFile(library.path("data", "source", `${id}.wav`), bytes);
		rows.push(`('${id}', 'private', 'ready', 'bench', 0, 0, 0, ${RATE}, 2, '${id}.wav', `
			+ `'${createHash("sha256").update(bytes).digest("hex")}', ${size}, 0, 0)`);
	}
	while (rows.length > 0)
		await library.sql(`INSERT INTO track (id, visibility, state, owner, number, year, duration_ms, sample_rate,
			channels, source_file, source_etag, source_bytes, created_ms, updated_ms) VALUES ${rows.splice(0, 100).join()}`);
	return library;
}

// Runs SEND with a name that nothing in the store has yet: {rate}, in UNITS a second.
function sender(name, units, send) {
	let round = 0;
	return async () => {
		const began = performance.now();
		await send(`${name}-${round++}/`);
		return {rate: units / (performance.now() - began) * 1000};
	};
}

// {rclone, s3cmd}: functions that send FOLDER below PREFIX; without those that are not here.
async function peers(store, folder) {
	const {host} = new URL(store.endpoint), s3cmd = join(folder, "s3cmd.conf");
	await writeFile(s3cmd, `[default]\naccess_key = ${store.accessKey}\nsecret_key = ${store.secretKey}\nuse_https = False\n`
		+ `host_base = ${host}\nhost_bucket = ${host}\n`, {mode: 0o600});
	const remote = `:s3,provider=Ceph,env_auth,endpoint="${store.endpoint}":${BUCKET}/`;
	const env = {PATH: process.env.PATH, HOME: folder, ...keys(store)};
	const all = {
		rclone: (from, prefix) => run("rclone", ["copy", "--config", "", from, remote + prefix], {env}),
		s3cmd: (from, prefix) => run("s3cmd", ["-c", s3cmd, "--no-progress", "-q", "put", "--recursive", `${from}/`,
			`s3://${BUCKET}/${prefix}`], {env}),
	};
	for (const name of Object.keys(all).filter(name => !which(name))) {
		console.error(`bench: left out, as ${name} is missing`);
		delete all[name];
	}
	return all;
}

// {KIND_PEER: [ours, peer]} for COUNT files of SIZE bytes, in UNITS of which there are EACH in a file.
async function pairsOf(kind, store, others, count, size, each) {
	const library = await sources(store, count, size), from = library.path("data", "source");
	const ours = sender(`ours-${kind}`, count * each, async prefix => {
		await library.configure(settings(store, prefix));
		const {sent} = JSON.parse((await migrate(library, store)).out);
		if (sent !== count)
			throw new Error(`${sent} of ${count} files were sent`);
	});
	const pairs = Object.entries(others).map(([name, send]) => [`sync_${kind}_${name}`,
		[ours, sender(`${name}-${kind}`, count * each, prefix => send(from, prefix))]]);
	return {library, pairs: Object.fromEntries(pairs)};
}

// {puts} of a track of four minutes in four qualities: its requests that write, against a file for each segment, each
// beginning and each playlist.
async function measurePuts(store) {
	const library = await Library.make(settings(store, "puts/"));
	try {
		await library.add(["source", `make ${RATE * TRACK_S}`, `done ${RATE * TRACK_S}`]);
		const runner = library.runner([], FAKE_WORKER);
		await until("the track is there", () => library.sql("SELECT 1 FROM track WHERE state = 'ready'"));
		await runner.stop();
		const media = library.path("data", "media"), [track] = await readdir(media);
		const renditions = (await readdir(join(media, track))).filter(name => name.endsWith(".mp4"));
		let segments = 0;
		for (const name of renditions)
			segments += (await readFile(join(media, track, name))).toString("latin1").split("moof").length - 1;
		const {sent} = JSON.parse((await migrate(library, store)).out);
		const ours = Number(await library.sql("SELECT sum(writes) FROM spending"));
		const peer = sent - renditions.length + segments + 2 * renditions.length + 1;
		return {ours: {puts: ours}, peer: {puts: peer}, ratio: {puts: ours / peer}};
	} finally {
		await library.stop();
	}
}

// {name: [result, key, unit]}; nothing where no store can be started.
export async function measureStore(folder) {
	const lacking = storeMissing(), libraries = [];
	if (lacking) {
		console.error(`bench: left out, as ${lacking}`);
		return {};
	}
	const store = await startStore(), place = join(folder, "store");
	try {
		await store.request("PUT", `/${BUCKET}`);
		await mkdir(place);
		const others = await peers(store, place), figures = {};
		for (const {kind, count, size, each, unit, rounds} of KINDS) {
			const {library, pairs} = await pairsOf(kind, store, others, count, size, each);
			libraries.push(library);
			for (const [name, result] of Object.entries(await pairAll(pairs, rounds)))
				figures[name] = [result, "rate", unit];
		}
		return {...figures, sync_puts: [await measurePuts(store), "puts", ""]};
	} finally {
		for (const library of libraries)
			await library.stop();
		await store.stop();
		await rm(place, {recursive: true, force: true});
	}
}

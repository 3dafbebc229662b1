// SPDX-License-Identifier: MIT
// What a test needs from the machine: programs, npm packages, vectors; and a reason to skip when one is not there. And what
// any test may need.

import {createHash} from "node:crypto";
import {existsSync, readFileSync, statSync} from "node:fs";
import {createRequire} from "node:module";
import path from "node:path";
import {fileURLToPath} from "node:url";

export const source = process.env.TONEARM_SOURCE ?? fileURLToPath(new URL("../../..", import.meta.url));
export const build = process.env.TONEARM_BUILD ?? path.join(source, "build");

export const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
export const sha256 = bytes => createHash("sha256").update(bytes).digest("hex");

const vectorFolders = [process.env.TONEARM_VECTORS, path.join(source, "tests", "vectors")].filter(Boolean);

/** Where the vector NAME (a file or a folder) is: in the folder TONEARM_VECTORS, else in tests/vectors. */
export function vector(name) {
	const places = vectorFolders.map(folder => path.join(folder, name));
	return places.find(existsSync) ?? places[0];
}

/** The path of PROGRAM, looked up as a shell would and where Debian keeps servers; null when it is not installed. */
export function which(program) {
	const folders = [...(process.env.PATH ?? "").split(":"), "/usr/local/sbin", "/usr/sbin", "/sbin"];
	return folders.map(folder => path.join(folder, program)).find(file => {
		try {
			return (statSync(file).mode & 0o111) !== 0;
		} catch {
			return false;
		}
	}) ?? null;
}

const modules = path.join(build, "test-modules", "node_modules");
const require = createRequire(path.join(modules, "x.cjs"));

/** The npm package NAME of tests/package.json. */
export function load(name) {
	return require(name);
}

/** A file inside a package, for pages that load it. */
export function packageFile(name) {
	return path.join(modules, name);
}

/**
 * False when all of WANTED are here ("chromium", "npm:hls.js", "vectors:range/cases.json", "built:www/vendor/hls.mjs"),
 * else the reason to skip.
 */
export function missing(...wanted) {
	for (const what of wanted) {
		const [kind, name] = what.includes(":") ? what.split(/:(.*)/s) : ["program", what];
		if (kind === "program" && !which(name))
			return `${name} is not installed`;
		if (kind === "npm" && !existsSync(path.join(modules, name)))
			return `the npm package ${name} is not in ${modules} (make test-modules/stamp)`;
		if (kind === "vectors" && !existsSync(vector(name)))
			return `${name} is not among the vectors (TONEARM_VECTORS)`;
		if (kind === "built" && !existsSync(path.join(build, name)))
			return `${name} is not in the build tree (configured without it)`;
	}
	return false;
}

export function vectorJson(name) {
	return JSON.parse(readFileSync(vector(name), "utf8"));
}

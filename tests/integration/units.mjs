// SPDX-License-Identifier: MIT
// The units for systemd, and what goes with them: systemd itself finds nothing wrong, and thinks them well locked up. The
// example for nginx goes into a configuration that is there, as README.md says.

import assert from "node:assert/strict";
import {spawnSync} from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {build, missing, source, which} from "./lib/tools.mjs";

/* Of ten, where ten is a service without any protection. The jobrunner's workers cage themselves and need namespaces. */
const EXPOSED = {"tonearm@api.service": 1.5, "tonearm-jobrunner.service": 4.2};
const folder = path.join(source, "conf-examples", "systemd");

describe("units", {skip: missing("systemd-analyze")}, () => {
	let dir;
	const analyze = (...words) => spawnSync("systemd-analyze", words, {cwd: dir, encoding: "utf8"});

	before(() => {
		dir = fs.mkdtempSync(path.join(os.tmpdir(), "tonearm-units-"));
		for (const name of fs.readdirSync(folder).filter(name => /\.(service|socket|target)$/.test(name))) {
			const text = fs.readFileSync(path.join(folder, name), "utf8").replaceAll("@pkglibexecdir@", path.join(build, "fcgi"))
				.replaceAll("@bindir@", path.join(build, "jobs")).replaceAll("@sysconfdir@", "/etc");
			assert.doesNotMatch(text, /@[a-z]+@/);
			fs.writeFileSync(path.join(dir, name), text);
		}
	});
	after(() => fs.rmSync(dir, {recursive: true}));

	for (const unit of ["tonearm@api.service", "tonearm@api.socket", "tonearm-jobrunner.service", "tonearm.target"]) {
		test(`${unit} is right`, () => {
			const {status, stdout, stderr} = analyze("verify", "--man=no", `./${unit}`);
			assert.equal(status, 0, stdout + stderr);
			assert.doesNotMatch(stdout + stderr, /Unknown|Failed|ignoring/i);
		});
	}
	test("what is wrong would be found", () => {
		fs.writeFileSync(path.join(dir, "wrong.service"), "[Service]\nExecStart=/nonexistent/program\n");
		assert.notEqual(analyze("verify", "--man=no", "./wrong.service").status, 0);
	});
	for (const [unit, most] of Object.entries(EXPOSED)) {
		test(`${unit} is exposed by ${most} of 10 at the most`, () => {
			const {stdout, stderr} = analyze("security", "--offline=yes", "--no-pager", `./${unit}`);
			const level = Number(/exposure level for .*: ([\d.]+)/.exec(stdout)?.[1]);
			assert.ok(level <= most, `${level}\n${stderr}`);
		});
	}
});

test("the jobrunner is watched", () =>
	assert.match(fs.readFileSync(path.join(folder, "tonearm-jobrunner.service"), "utf8"), /^Type=notify$[^]*^WatchdogSec=/m));

test("each responder has its socket in the target", () => {
	const text = fs.readFileSync(path.join(folder, "tonearm.target"), "utf8");
	for (const name of fs.readdirSync(path.join(build, "fcgi")).filter(name => name.endsWith(".fcgi")))
		assert.ok(text.includes(`tonearm@${name.replace(".fcgi", "")}.socket`), name);
});

test("logrotate turns the log over", {skip: missing("logrotate")}, () => {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tonearm-logrotate-"));
	try {
		const group = spawnSync("id", ["-gn"], {encoding: "utf8"}).stdout.trim();
		const conf = path.join(dir, "tonearm"), log = path.join(dir, "tonearm.log");
		const text = fs.readFileSync(path.join(folder, "tonearm.logrotate"), "utf8");
		fs.writeFileSync(conf, text.replaceAll("/var/log/tonearm", dir).replace("su tonearm tonearm", `su ${os.userInfo().username} ${group}`),
			{mode: 0o644});
		fs.writeFileSync(log, "a line\n");
		const {status, stderr} = spawnSync(which("logrotate"), ["--force", "--state", path.join(dir, "state"), conf], {encoding: "utf8"});
		assert.equal(status, 0, stderr);
		assert.equal(fs.readFileSync(log, "utf8"), "");
		/* With a date: numbers are those of the jobrunner. */
		const [old, ...more] = fs.readdirSync(dir).filter(name => /^tonearm\.log-\d{8}$/.test(name));
		assert.deepEqual(more, []);
		assert.equal(fs.readFileSync(path.join(dir, old), "utf8"), "a line\n");
	} finally {
		fs.rmSync(dir, {recursive: true});
	}
});

test("the folders can be made", {skip: missing("systemd-tmpfiles") || process.getuid() !== 0 && "it takes root"}, () => {
	const root = fs.mkdtempSync(path.join(os.tmpdir(), "tonearm-tmpfiles-"));
	try {
		fs.mkdirSync(path.join(root, "etc"));
		fs.writeFileSync(path.join(root, "etc", "passwd"), "root:x:0:0::/:/bin/sh\ntonearm:x:900:900::/:/bin/false\n");
		fs.writeFileSync(path.join(root, "etc", "group"), "root:x:0:\ntonearm:x:900:\n");
		const {status, stderr} = spawnSync("systemd-tmpfiles", [`--root=${root}`, "--create", path.join(folder, "tonearm.tmpfiles")],
			{encoding: "utf8"});
		assert.equal(status, 0, stderr);
		assert.equal(fs.statSync(path.join(root, "var/lib/tonearm/media")).uid, 900);
		assert.equal(fs.statSync(path.join(root, "run/tonearm")).mode & 0o777, 0o750);
	} finally {
		fs.rmSync(root, {recursive: true});
	}
});

/* What Debian's nginx.conf has already, and what it would write to where only root may. */
const nginxOf = dir => `events {}
http {
	sendfile on;
	tcp_nopush on;
	default_type application/octet-stream;
	access_log ${dir}/access.log;
	gzip on;
${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(name => `\t${name}_temp_path ${dir}/${name};`).join("\n")}
	include ${dir}/tonearm.conf;
}
`;

test("README.md puts Tonearm into an nginx that is there", {skip: missing("nginx")}, () => {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tonearm-nginx-"));
	try {
		const [, command] = /^ {4}(sed -n [^>]*) > \/etc\/nginx\/conf\.d\/tonearm\.conf$/m.exec(fs.readFileSync(path.join(source, "README.md"), "utf8"));
		const {stdout, stderr} = spawnSync("sh", ["-c", command.replace("/usr/share/tonearm", source)], {encoding: "utf8"});
		assert.match(stdout, /^\tserver \{$/m, stderr);
		fs.writeFileSync(path.join(dir, "tonearm.conf"), stdout.replace("listen 0.0.0.0:80;", `listen unix:${dir}/sock;`));
		fs.writeFileSync(path.join(dir, "nginx.conf"), nginxOf(dir));
		const nginx = spawnSync(which("nginx"), ["-t", "-p", dir, "-e", path.join(dir, "error.log"), "-g", `pid ${dir}/pid;`,
			"-c", path.join(dir, "nginx.conf")], {encoding: "utf8"});
		assert.equal(nginx.status, 0, nginx.stderr);
	} finally {
		fs.rmSync(dir, {recursive: true});
	}
});

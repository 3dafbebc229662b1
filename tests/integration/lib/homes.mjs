// SPDX-License-Identifier: MIT
// The homes that Tonearm has: for each web server its shipped example with the places filled in, and its command.

import {spawnSync} from "node:child_process";
import {existsSync} from "node:fs";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import {build, source, which} from "./tools.mjs";

/* The page as built; without it (--without-page) its sources, as a server wants a folder. */
const pages = [build, source].map(tree => path.join(tree, "www")).find(folder => existsSync(folder));

const APACHE_MODULES = "/usr/lib/apache2/modules";

/*
 * Apache and VLC refuse to run as root. In a user namespace where root has another number it is an ordinary user, which may
 * open what is root's here and has none of root's powers.
 */
const DISGUISE = ["--user", "--map-user=1000", "--map-group=1000", "--"];
/** COMMAND as an ordinary user runs it. */
export const asOrdinaryUser = command => process.getuid() === 0 ? [which("unshare"), ...DISGUISE, ...command] : command;

/** Why PROGRAM cannot be run as an ordinary user here, or false. */
export function cannotBeOrdinary(program) {
	if (process.getuid() !== 0 || spawnSync(which("unshare"), [...DISGUISE, "true"]).status === 0)
		return false;
	return `${program} does not run as root, and no user namespace is to be had`;
}

function lacksModule(...names) {
	return spawnSync("test", names.flatMap(name => ["-a", "-r", path.join(APACHE_MODULES, `mod_${name}.so`)]).slice(1)).status === 0
		? false : `Apache has not all of the modules ${names.join(", ")}`;
}

const apache = (...modules) => ({
	programs: ["apache2"],
	cannot: () => cannotBeOrdinary("Apache") || lacksModule(...modules),
	command: file => asOrdinaryUser([which("apache2"), "-f", file, "-D", "FOREGROUND"]),
	users: /^(User|Group) .*\n/gm,
});

const servers = {
	lighttpd: {
		programs: ["lighttpd", "spawn-fcgi"],
		command: file => [which("lighttpd"), "-D", "-f", file],
		// lighttpd does not switch to the user that it already is when that is root.
		users: /^server\.(username|groupname).*\n/gm,
	},
	nginx: {
		programs: ["nginx", "spawn-fcgi"],
		command: (file, site) => [which("nginx"), "-p", site.dir, "-e", path.join(site.runDir, "nginx-error.log"), "-c", file,
			"-g", "daemon off;"],
	},
	"apache-proxy-fcgi": {...apache("proxy_fcgi", "xsendfile"), programs: ["apache2", "spawn-fcgi"]},
	"apache-fcgid": {...apache("fcgid", "xsendfile"), spawns: true},
	"apache-cgi": {...apache("cgid"), spawns: true, file: path.join(source, "tests", "integration", "lib", "shared-host.conf")},
};

/** Whether all of SERVER is a folder that `tonearm install-cgi` made. */
export const isFolder = server => server === "apache-cgi";

export const isApache = server => server.startsWith("apache");

/** Whether SERVER, by OPTIONS of start(), starts the responders itself. */
export const spawnsItself = ({server, spawn}) => spawn ?? servers[server].spawns ?? false;

/** Why no site can be started with SERVER here, or false; for the skip option of a test. */
export function cannotServe(server) {
	const {programs, cannot} = servers[server];
	const lacking = programs.find(program => !which(program));
	return lacking ? `${lacking} is not installed` : cannot?.() ?? false;
}

function withDelivery(text, {server, delivery}) {
	const set = /(TONEARM_DELIVERY"?\s*(?:=>)?\s*"?)(xsendfile|xaccel|lighttpd)/;
	if (!set.test(text.replace(/^#.*$/gm, "")))
		throw new Error(`${server}.conf does not set TONEARM_DELIVERY`);
	return text.replace(/^[^#\n].*$/gm, line => line.replace(set, `$1${delivery}`));
}

/** Writes the configuration of SITE's server for PORT from conf-examples, and gives the command that starts it. */
export async function furnish(site, port) {
	const {server, spawn, keep, check, transport, delivery, webRoot, prefix, rewrite = true} = site.options;
	const {file: example = path.join(source, "conf-examples", `${server}.conf`)} = servers[server];
	const places = {
		ADDRESS: "127.0.0.1",
		PORT: String(port),
		USER: os.userInfo().username,
		CONF: site.confFile,
		DATA: site.dataDir,
		RUN: site.runDir,
		WWW: webRoot ?? pages,
		LIBEXEC: path.join(build, "fcgi"),
		MODULES: APACHE_MODULES,
		PREFIX: prefix ?? "",
		ROOT: site.documentRoot,
	};
	let text = await fs.readFile(example, "utf8");
	if (!(keep ?? transport === "event"))
		text = text.replace(/^.* # keep\n/gm, "");
	if (rewrite)
		text = text.replaceAll("#rewrite ", "");
	if (check)
		text = text.replaceAll("#check ", "");
	if (spawn)
		text = text.replaceAll("#spawn", "");
	if (servers[server].users)
		text = text.replace(servers[server].users, "");
	text = text.replace(/^[^#\n].*$/gm, line => line.replace(/@([A-Z]+)@/g, (_, name) => places[name]));
	if (delivery)
		text = withDelivery(text, site.options);
	if (site.options.change)
		text = site.options.change(text, site);
	const file = path.join(site.dir, `${server}.conf`);
	await fs.writeFile(file, text);
	return servers[server].command(file, site);
}

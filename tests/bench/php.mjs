// SPDX-License-Identifier: MIT
// PHP-FPM as a peer of bench: check.php behind nginx and behind lighttpd, which serve the file that it names.
import {createHmac, randomBytes} from "node:crypto";
import {copyFile, stat, writeFile} from "node:fs/promises";
import {join} from "node:path";
import {fileURLToPath} from "node:url";
import {Process} from "../integration/lib/server.mjs";
import {which} from "../integration/lib/tools.mjs";

const WORKERS = 4;
const script = fileURLToPath(new URL("check.php", import.meta.url));
const program = () => ["php-fpm", "php-fpm8.2", "php-fpm8.3", "php-fpm8.4"].map(which).find(Boolean);

export const lacksPhp = () => program() ? false : "php-fpm is not installed";

const settings = ({socket, folder}) => `[global]
error_log = ${join(folder, "php-fpm.log")}
daemonize = no
[www]
listen = ${socket}
listen.mode = 0666
listen.backlog = 1024
pm = static
pm.max_children = ${WORKERS}
`;

// The master of PHP-FPM in FOLDER, as a Process of server.mjs, with {socket}: its folder must be one that it may run in.
export async function startPhp(folder) {
	const place = {folder, socket: join(folder, "php.sock")};
	const file = join(folder, "php-fpm.conf");
	await writeFile(file, settings(place) + (process.getuid() === 0 ? "user = root\ngroup = root\n" : ""));
	await copyFile(script, join(folder, "check.php"));
	const fpm = new Process("php-fpm", [program(), "-F", ...process.getuid() === 0 ? ["-R"] : [], "-y", file],
		{cwd: folder, log: join(folder, "php-fpm.out")});
	for (const end = Date.now() + 10000; !await stat(place.socket).catch(() => null);) {
		if (!fpm.running || Date.now() > end)
			throw new Error("php-fpm does not start");
		await new Promise(resolve => setTimeout(resolve, 25));
	}
	return Object.assign(fpm, place, {secret: randomBytes(32).toString("hex")});
}

// "?track=...&expires=...&sig=..." as check.php wants it.
export function phpQuery(php, track) {
	const expires = Math.floor(Date.now() / 1000) + 3600;
	const sig = createHmac("sha256", php.secret).update(`${track}|${expires}`).digest("hex");
	return `?track=${track}&expires=${expires}&sig=${sig}`;
}

const parameters = (php, site, what) => ({
	SCRIPT_FILENAME: join(php.folder, "check.php"), CHECK_SECRET: php.secret, CHECK_DB: join(site.dataDir, "tonearm.db"),
	...what,
});

// Locations of nginx: "/php/NAME" for FILES of the folder WEB, {name: type}.
export const nginxPhp = (php, site, web, files) => `
		location /_php/ {
			internal;
			alias ${web}/;
		}${Object.entries(files).map(([name, type]) => `
		location = /php/${name} {
			fastcgi_pass unix:${php.socket};
${Object.entries(parameters(php, site, {CHECK_FIELD: "X-Accel-Redirect", CHECK_FILE: `/_php/${name}`, CHECK_TYPE: type}))
		.map(([key, value]) => `			fastcgi_param ${key} "${value}";`).join("\n")}
			fastcgi_param REQUEST_METHOD $request_method;
			fastcgi_param QUERY_STRING   $query_string;
		}`).join("")}`;

// The same of lighttpd for the file NAME.
export const lighttpdPhp = (php, site, web, name, type) => `
$HTTP["url"] == "/php/${name}" {
	setenv.set-environment = ( ${Object.entries(parameters(php, site,
		{CHECK_FIELD: "X-Sendfile", CHECK_FILE: join(web, name), CHECK_TYPE: type}))
		.filter(([key]) => key !== "SCRIPT_FILENAME").map(([key, value]) => `"${key}" => "${value}"`).join(", ")} )
	alias.url = ( "/php/${name}" => "${join(php.folder, "check.php")}" )
	fastcgi.server = ( "/php/" => (( "socket" => "${php.socket}", "x-sendfile" => "enable", "x-sendfile-docroot" => ( "${web}" ) )))
}
`;

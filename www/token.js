// SPDX-License-Identifier: MIT
// The token of this tab. It arrives in the fragment (#token=...), which never leaves the browser, or is typed in.

const KEY = "tonearm.token";
const watchers = new Set();

export function token() {
	return sessionStorage.getItem(KEY) ?? "";
}

export function setToken(text) {
	const clean = text.trim();
	if (clean)
		sessionStorage.setItem(KEY, clean);
	else
		sessionStorage.removeItem(KEY);
	for (const watcher of watchers)
		watcher(clean);
}

export function onToken(watcher) {
	watchers.add(watcher);
}

/** Takes the token out of the address bar, so that it is not bookmarked or shown to somebody looking over. */
export function takeTokenFromAddress() {
	const fragment = new URLSearchParams(location.hash.slice(1));
	const found = fragment.get("token");
	if (found === null)
		return;
	fragment.delete("token");
	const rest = fragment.toString();
	history.replaceState(null, "", location.pathname + location.search + (rest ? `#${rest}` : ""));
	setToken(found);
}

// SPDX-License-Identifier: MIT
// The page as a person uses it, in a real browser behind each web server with the shipped example's policy.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {launch, openPage} from "./lib/browser.mjs";
import {cannotServe, start} from "./lib/server.mjs";
import {output} from "./lib/pcm.mjs";
import {wav} from "./lib/sound.mjs";
import {missing} from "./lib/tools.mjs";

const SCOPES = "stream:read track:read track:write jobs:read";
/* In which the page sends a file. */
const PIECE = 8 << 20;
const NASTY = '<img src=x onerror="document.title=1">';
const row = title => `.track:has(.track-title:text-is(${JSON.stringify(title)}))`;

/* A refused request shows up in the console too; what else is there is the page's fault. */
const unexpected = complaints => complaints.filter(text => !text.startsWith("Failed to load resource: the server responded"));

const open = (scene, scopes, options) => openPage(scene.browser.context,
	`${scene.site.url}/${scopes ? `#token=${scene.site.token(scopes, options)}` : ""}`);

const currentTime = page => page.$eval("#audio", audio => audio.currentTime);

async function playsOn(page, seconds) {
	const from = await currentTime(page);
	await page.waitForFunction(to => document.getElementById("audio").currentTime > to, from + seconds);
}

async function tokenLeavesTheAddress(scene) {
	const {page, complaints} = await open(scene, SCOPES);
	assert.equal(new URL(page.url()).hash, "");
	await page.waitForSelector("text=Token in use");
	await page.reload();
	await page.waitForSelector("text=Token in use");
	await page.click("#token-open");
	await page.click("text=Forget it");
	await page.waitForSelector("text=Enter a token");
	assert.equal(await page.evaluate(() => sessionStorage.length), 0);
	assert.deepEqual(complaints, []);
	await page.close();
}

/* Every state the two bars go through, noted in the page. */
const noteProgress = page => page.evaluate(() => {
	window.seen = {transfer: new Set(), job: new Set(), words: new Set()};
	const note = () => {
		seen.transfer.add(document.getElementById("transfer").value);
		seen.job.add(document.getElementById("job").value);
		seen.words.add(document.getElementById("job-text").textContent);
	};
	new MutationObserver(note).observe(document.getElementById("work"),
		{subtree: true, childList: true, attributes: true, characterData: true});
});

async function upload(scene) {
	const {page, complaints} = await open(scene, SCOPES);
	const asked = [];
	page.on("request", request => asked.push(new URL(request.url()).pathname));
	await noteProgress(page);
	await page.setInputFiles("#file", scene.file);
	assert.match(await page.textContent("#file-name"), /tone\.wav \([\d.]+ MB\)/);
	await page.fill("#title", "Tone in a form");
	await page.fill("#artist", NASTY);
	await page.click("#upload-go");
	await page.waitForSelector("#upload-done:text('Ready to play.')", {timeout: 60000});
	const seen = await page.evaluate(() => ({transfer: [...window.seen.transfer], job: [...window.seen.job], words: [...window.seen.words]}));
	assert.ok(seen.transfer.includes(1));
	assert.ok(seen.job.includes(1));
	assert.ok(seen.words.length >= 2, `the job's stages are told: ${seen.words}`);
	assert.ok(asked.some(path => /^\/internal\/jobs\/[^/]+\/events$/.test(path)), "by its events");
	assert.ok(!asked.some(path => /^\/internal\/jobs\/[^/]+$/.test(path)), "and not by asking again and again");
	await page.waitForSelector(`${row("Tone in a form")}:enabled`);
	assert.equal(await page.textContent(`${row("Tone in a form")} .track-artist`), NASTY);
	assert.equal(await page.$(".tracks img"), null);
	await page.click(row("Tone in a form"));
	await playsOn(page, 0.5);
	assert.deepEqual(complaints, []);
	await page.close();
}

/* By keys alone, as far as the options go. */
async function uploadWithOptions(scene) {
	const {page, complaints} = await open(scene, SCOPES);
	await page.setInputFiles("#file", scene.file);
	await page.fill("#title", "Tone with options");
	assert.equal(await page.isVisible("#loudness"), false);
	await tabTo(page, "#upload-options summary");
	await page.keyboard.press("Enter");
	await page.waitForSelector("#preset-field:visible");
	await tabTo(page, "[value='mp3-320']");
	await page.keyboard.press("Space");
	await tabTo(page, "#loudness");
	await page.keyboard.type("Even");
	await tabTo(page, "#preset");
	assert.deepEqual(await page.$$eval("#preset option", options => options.map(option => option.textContent)),
		["As usual here", "None", "voice"]);
	await page.keyboard.type("voice");
	assert.deepEqual(await page.$$eval("#loudness, #preset", selects => selects.map(select => select.value)), ["apply", "voice"]);
	await page.click("#upload-go");
	await page.waitForSelector("#upload-done:text('Ready to play.')", {timeout: 60000});
	const {json: {tracks}} = await scene.site.request({path: "/api/v1/tracks", headers: scene.site.bearer("track:read")});
	const {id} = tracks.find(({title}) => title === "Tone with options");
	const {json: {track}} = await scene.site.request({path: `/api/v1/tracks/${id}`, headers: scene.site.bearer("track:read")});
	assert.ok(track.renditions.some(({quality}) => quality === "mp3-320"));
	assert.equal(track.loudness.applied, true);
	assert.deepEqual(await page.$$eval("#loudness, #preset", selects => selects.map(select => select.value)), ["", ""]);
	assert.deepEqual(complaints, []);
	await page.close();
}

async function uploadWithoutEvents(scene) {
	const {page, complaints} = await open(scene, SCOPES);
	await page.route("**/events", route => route.fulfill({status: 503, contentType: "application/problem+json", body: "{}"}));
	await page.setInputFiles("#file", scene.file);
	await page.fill("#title", "Tone that was asked after");
	await page.click("#upload-go");
	await page.waitForSelector("#upload-done:text('Ready to play.')", {timeout: 60000});
	assert.deepEqual(unexpected(complaints), []);
	await page.close();
}

/* A second of sound in a file of two pieces. */
function large() {
	const sound = wav(1), junk = Buffer.alloc(PIECE + (1 << 20));
	junk.write("JUNK");
	junk.writeUInt32LE(junk.length - 8, 4);
	const file = Buffer.concat([sound.subarray(0, 12), junk, sound.subarray(12)]);
	file.writeUInt32LE(file.length - 8, 4);
	return file;
}

/* Notes what the page asks of uploads; with broken() true the network takes the request and gives no answer. */
async function watchUploads(page, broken) {
	const seen = [];
	await page.route(/\/uploads(\/|$)/, async route => {
		const request = route.request(), offset = request.headers()["upload-offset"];
		seen.push(offset ? `${request.method()} ${offset}` : request.method());
		await (broken(seen) ? route.abort("connectionreset") : route.continue());
	});
	return seen;
}

/* The track called TITLE has the very bytes of the large file. */
async function isStored(scene, title) {
	const {json: {tracks}} = await scene.site.request({path: "/api/v1/tracks", headers: scene.site.bearer("track:read")});
	const {id} = tracks.find(track => track.title === title);
	const stored = await fs.readFile(path.join(scene.site.dataDir, "source", `${id}.wav`));
	assert.equal(Buffer.compare(stored, await fs.readFile(scene.large)), 0);
}

async function uploadOverABadLine(scene) {
	const {page, complaints} = await open(scene, SCOPES);
	let broken = true;
	const seen = await watchUploads(page, sent => broken && sent.includes(`PATCH ${PIECE}`));
	await page.setInputFiles("#file", scene.large);
	await page.fill("#title", "Tone over a bad line");
	await page.click("#upload-go");
	await page.waitForSelector("#upload-message:text('The connection was lost.')");
	assert.equal(await page.textContent("#transfer-text"), "8.4 MB of 9.6 MB");
	await page.click("#upload-pause");
	await page.waitForSelector("#transfer-text:text(', paused')");
	broken = false;
	const before = seen.length;
	assert.equal(await page.textContent("#upload-pause"), "Resume");
	await page.click("#upload-pause");
	await page.waitForSelector("#transfer-text:text-is('done')");
	assert.equal(await page.isVisible("#upload-message"), false);
	assert.deepEqual(seen.slice(before), ["HEAD", `PATCH ${PIECE}`]);
	assert.deepEqual(seen.slice(0, 3), ["POST", "PATCH 0", `PATCH ${PIECE}`]);
	assert.ok(seen.slice(3, before).every(method => method === "HEAD"), seen.join(", "));
	await isStored(scene, "Tone over a bad line");
	assert.equal(await page.evaluate(() => sessionStorage.getItem("tonearm.upload")), null);
	assert.deepEqual(complaints.filter(text => !text.includes("ERR_CONNECTION_RESET")), []);
	await page.close();
}

async function uploadOverAReload(scene) {
	const {page} = await open(scene, SCOPES);
	let broken = true;
	const seen = await watchUploads(page, sent => broken && sent.includes(`PATCH ${PIECE}`));
	const begin = async () => {
		await page.setInputFiles("#file", scene.large);
		await page.fill("#title", "Tone before and after");
		await page.click("#upload-go");
	};
	await begin();
	await page.waitForSelector("#upload-message:text('The connection was lost.')");
	await page.reload();
	broken = false;
	const before = seen.length;
	await begin();
	await page.waitForSelector("#transfer-text:text-is('done')");
	assert.deepEqual(seen.slice(before), ["HEAD", `PATCH ${PIECE}`]);
	await isStored(scene, "Tone before and after");
	await page.close();
}

async function uploadGivenUp(scene) {
	const {page} = await open(scene, SCOPES);
	const seen = await watchUploads(page, sent => sent.at(-1) === `PATCH ${PIECE}`);
	await page.setInputFiles("#file", scene.large);
	await page.click("#upload-go");
	await page.waitForSelector("#upload-message:text('The connection was lost.')");
	const deleted = page.waitForResponse(answer => answer.request().method() === "DELETE");
	await page.click("#upload-stop");
	assert.equal((await deleted).status(), 204);
	await page.waitForSelector("#work", {state: "hidden"});
	assert.equal(await page.isVisible("#upload-pause"), false);
	assert.equal(seen.at(-1), "DELETE");
	assert.deepEqual((await fs.readdir(path.join(scene.site.dataDir, "spool"))).filter(name => !name.startsWith("job-")), []);
	await page.close();
}

async function listening(scene) {
	const {page, complaints} = await open(scene);
	await page.click(row("Open tone"));
	await playsOn(page, 1);
	assert.equal(await page.textContent("#now-title"), "Open tone");
	assert.equal(await page.textContent("#total"), "0:30");
	assert.match(await page.textContent("#elapsed"), /^0:0[1-9]$/);
	assert.equal(await page.getAttribute(row("Open tone"), "aria-current"), "true");
	await page.waitForSelector("#quality:enabled");
	const offered = await page.$$eval("#quality option", options => options.map(option => option.value));
	assert.deepEqual(offered, ["auto", "high", "medium", "low", "mobile"]);
	await page.selectOption("#quality", "mobile");
	await page.waitForFunction(() => document.getElementById("in-use").textContent.startsWith("Now Mobile"));
	await playsOn(page, 2);
	await page.selectOption("#quality", "high");
	await page.waitForFunction(() => document.getElementById("in-use").textContent.startsWith("Now High"));
	await playsOn(page, 1);
	assert.equal(await page.$("#player-message:visible"), null);
	assert.deepEqual(complaints, []);
	await page.close();
}

/* The list is looked at again after one answer was lost, and sound that stopped goes on by the button. */
async function overABadLine(scene) {
	const {page} = await open(scene);
	let asked = 0;
	await page.route("**/api/v1/tracks?*", async route => {
		asked++;
		if (asked === 2) {
			await route.abort();
			return;
		}
		const response = await route.fetch(), list = await response.json();
		for (const track of asked === 1 ? list.tracks : [])
			track.state = "pending";
		await route.fulfill({response, json: list});
	});
	await page.reload();
	await page.waitForSelector(`${row("Open tone")}[data-state=pending]`);
	await page.waitForSelector("#tracks-message:visible");
	await page.waitForSelector(`${row("Open tone")}[data-state=ready]`);
	await page.waitForSelector("#tracks-message", {state: "hidden"});

	await page.route("**/master.m3u8", route => route.fulfill({status: 403}));
	await page.click(row("Open tone"));
	await page.waitForSelector("#player-message:visible");
	await page.unroute("**/master.m3u8");
	await page.click("#play");
	await playsOn(page, 1);
	assert.equal(await page.$("#player-message:visible"), null);
	await page.close();
}

async function waveformAndCover(scene) {
	const {page, complaints} = await open(scene);
	await page.click(row("Open tone"));
	await page.waitForSelector("#seek-area.has-wave");
	const [rest, done] = await page.$$eval("#wave path", paths => paths.map(path => path.getAttribute("d")));
	assert.equal(rest, done);
	assert.match(rest, /^M0 128(V[\d.]+H\d+){600,800}Z$/);
	await playsOn(page, 0.5);
	const bar = await page.$eval("#seek", input => input.getBoundingClientRect().toJSON());
	await page.mouse.click(bar.x + bar.width / 3, bar.y + bar.height / 2);
	await page.waitForFunction(() => Math.abs(document.getElementById("audio").currentTime - 10) < 2);
	assert.equal(await page.$("#cover:visible"), null);
	await page.click(row("Covered tone"));
	await page.waitForFunction(() => document.getElementById("cover").naturalWidth === 200);
	assert.equal(await page.evaluate(() => navigator.mediaSession.metadata.artwork.length), 1);
	await page.click(row("Open tone"));
	await page.waitForSelector("#cover", {state: "hidden"});
	assert.deepEqual(complaints, []);
	await page.close();
}

async function tabTo(page, selector) {
	for (let i = 0; i < 60; i++) {
		if (await page.$eval(selector, element => element === document.activeElement))
			return;
		await page.keyboard.press("Tab");
	}
	assert.fail(`${selector} cannot be reached by Tab`);
}

async function byKeyboard(scene) {
	const {page, complaints} = await open(scene);
	await page.waitForSelector(row("Open tone"));
	await tabTo(page, row("Open tone"));
	await page.keyboard.press("Enter");
	await playsOn(page, 0.3);
	await page.focus("body");
	await tabTo(page, "#play");
	assert.equal(await page.getAttribute("#play", "aria-label"), "Pause");
	assert.notEqual(await page.$eval("#play", button => getComputedStyle(button).outlineStyle), "none");
	await page.keyboard.press("Space");
	await page.waitForSelector('#play[aria-label="Play"]');
	await tabTo(page, "#seek");
	const before = await currentTime(page);
	await page.keyboard.press("ArrowRight");
	await page.keyboard.press("ArrowRight");
	const after = await currentTime(page);
	assert.ok(after > before + 0.9 && after < before + 3.1, `two steps from ${before} to ${after}`);
	assert.match(await page.getAttribute("#seek", "aria-valuetext"), /^\d+ seconds? of 30 seconds$/);
	await page.keyboard.press("Home");
	assert.equal(await currentTime(page), 0);
	await tabTo(page, "#volume");
	await page.keyboard.press("Home");
	assert.equal(await page.$eval("#audio", audio => audio.volume), 0);
	assert.deepEqual(complaints, []);
	await page.close();
}

async function privateTrack(scene) {
	const {page, complaints} = await open(scene, SCOPES);
	assert.equal(await page.textContent(`${row("Secret tone")} .track-state`), "Private");
	await page.click(row("Secret tone"));
	await playsOn(page, 1);
	assert.deepEqual(complaints, []);
	await page.click("#token-open");
	await page.click("text=Forget it");
	await page.waitForSelector(row("Secret tone"), {state: "detached"});
	await page.waitForSelector(row("Open tone"));
	await page.close();
}

async function refusals(scene) {
	const {page, complaints} = await open(scene, "track:read track:write");
	await page.click(row("Closed tone"));
	await page.waitForSelector("#player-message:text('Your token does not reach this track.')");
	await page.setInputFiles("#file", {name: "letter.mp3", mimeType: "audio/mpeg", buffer: Buffer.from("Dear listener, ".repeat(20))});
	await page.click("#upload-go");
	await page.waitForSelector("#upload-message:visible");
	assert.match(await page.textContent("#upload-message"), /^[A-Z].{10,}\.$/);
	assert.deepEqual(unexpected(complaints), []);
	await page.close();
}

async function withoutToken(scene) {
	const {page, complaints} = await open(scene);
	await page.setInputFiles("#file", scene.file);
	await page.click("#upload-go");
	await page.waitForSelector("#upload-message:text('This needs a token.')");
	assert.deepEqual(unexpected(complaints), []);
	await page.close();
}

async function narrow(scene) {
	const {page, complaints} = await open(scene, SCOPES);
	await page.setViewportSize({width: 320, height: 640});
	await page.waitForSelector(row("Open tone"));
	assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
	assert.deepEqual(complaints, []);
	await page.close();
}

/* The tone with a picture of 200 x 200 pixels. */
async function covered(scene) {
	const picture = path.join(scene.site.dir, "cover.png"), file = path.join(scene.site.dir, "covered.flac");
	await output("ffmpeg", ["-v", "error", "-nostdin", "-f", "lavfi", "-i", "color=teal:s=200x200", "-frames:v", "1", picture]);
	await output("ffmpeg", ["-v", "error", "-nostdin", "-i", scene.file, "-i", picture, "-map", "0", "-map", "1", "-c:v", "copy",
		"-disposition:v", "attached_pic", file]);
	return file;
}

const lacking = missing("ffmpeg", "chromium", "npm:playwright-core", "built:www/vendor/hls.mjs");

for (const server of ["lighttpd", "nginx"]) {
	describe(server, {skip: lacking || cannotServe(server), timeout: 300000}, () => {
		const scene = {};

		before(async () => {
			scene.site = await start({server, runner: true, conf: {media: {presets: [{name: "voice", filter: "highpass=f=80"}]}}});
			scene.file = path.join(scene.site.dir, "tone.wav");
			scene.large = path.join(scene.site.dir, "large.wav");
			await fs.writeFile(scene.file, wav(30));
			await fs.writeFile(scene.large, large());
			await Promise.all([scene.site.publish(scene.file, {title: "Open tone"}),
				scene.site.publish(scene.file, {title: "Secret tone", visibility: "private"}),
				scene.site.publish(scene.file, {title: "Closed tone", visibility: "private"})]);
			await scene.site.publish(await covered(scene), {title: "Covered tone"});
			scene.browser = await launch();
		});
		after(async () => {
			await scene.browser?.close();
			await scene.site?.stop();
		});

		test("a token leaves the address and is kept in the tab", () => tokenLeavesTheAddress(scene));
		test("a file goes from the form to playing, strangers' words stay words", () => upload(scene));
		test("formats, loudness and an effect, by keyboard", () => uploadWithOptions(scene));
		test("an upload is followed by asking where events are not to be had", () => uploadWithoutEvents(scene));
		test("an upload goes on where the connection was lost, or its user stopped it", () => uploadOverABadLine(scene));
		test("an upload goes on where the page was when it was loaded anew", () => uploadOverAReload(scene));
		test("an upload that is given up leaves nothing", () => uploadGivenUp(scene));
		test("a track plays, in the quality chosen", () => listening(scene));
		test("what was lost on a bad line comes again", () => overABadLine(scene));
		test("the seek bar is the waveform, the record has the cover", () => waveformAndCover(scene));
		test("the keyboard is enough", () => byKeyboard(scene));
		test("a private track plays by its token, and goes with it", () => privateTrack(scene));
		test("refusals are told in words", () => refusals(scene));
		test("an upload without a token is refused in words", () => withoutToken(scene));
		test("320 pixels are enough", () => narrow(scene));
	});
}

// SPDX-License-Identifier: MIT
// Headless Chromium for a test, and a page that notes every complaint.

import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import {load, which} from "./tools.mjs";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync",
	"--autoplay-policy=no-user-gesture-required"];

/** Starts Chromium with a fresh profile; close() ends it and removes the profile. */
export async function launch() {
	const {chromium} = load("playwright-core");
	const profile = await fs.mkdtemp(path.join(os.tmpdir(), "tonearm-chromium-"));
	const context = await chromium.launchPersistentContext(profile, {
		executablePath: which("chromium"),
		args: FLAGS,
		viewport: {width: 1280, height: 900},
		timeout: 60000,
	});
	context.setDefaultTimeout(20000);
	return {
		context,
		async close() {
			await context.close();
			await fs.rm(profile, {recursive: true, force: true, maxRetries: 5});
		},
	};
}

/**
 * A new page. COMPLAINTS collects errors of the console, uncaught exceptions and violations of the
 * Content-Security-Policy (the console has these too, as errors).
 */
export async function openPage(context, url) {
	const page = await context.newPage();
	const complaints = [];
	page.on("console", message => {
		if (message.type() === "error")
			complaints.push(`${message.text()} (${message.location().url})`);
	});
	page.on("pageerror", error => complaints.push(error.stack ?? String(error)));
	await page.goto(url);
	return {page, complaints};
}

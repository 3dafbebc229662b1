// SPDX-License-Identifier: MIT
// How long an idle jobrunner takes to begin a job that somebody queues, when by polling alone it would take a minute.
import {Library} from "../integration/lib/library.mjs";
import {median} from "./measure.mjs";

// Milliseconds that may pass, as the project has promised.
const PROMISED = 50;
const JOBS = 50;

/** {ours, peer, ratio} with `wake`: milliseconds, those promised, and their ratio. */
export async function measureWake() {
	const library = await Library.make({jobs: {poll_ms: 60000}});
	const found = [];
	try {
		library.runner();
		for (let i = 0; i <= JOBS; i++) {
			const {job} = await library.add(["failed unprocessable No more is wanted."], "low");
			await library.jobIn(job, "dead");
			found.push(Number(await library.sql(`SELECT min(at_ms) - created_ms FROM job_event
				JOIN job ON job.id = job WHERE job = '${job}' AND event = 'claimed'`)));
		}
		const wake = median(found.slice(1)); // the first came while the runner was starting
		return {ours: {wake}, peer: {wake: PROMISED}, ratio: {wake: wake / PROMISED}};
	} finally {
		await library.stop();
	}
}

-- SPDX-License-Identifier: MIT
-- Who may ask for tokens, what was handed out that can be used again, and what is not good any more. No secret is stored,
-- only what recognises it: of a password its scrypt, of random keys their SHA-256.

-- scope: words separated by spaces. tracks: a JSON array of ids, NULL for all.
CREATE TABLE account (
	name TEXT NOT NULL PRIMARY KEY,
	password TEXT NOT NULL,
	scope TEXT NOT NULL,
	tracks TEXT,
	created_ms BIGINT NOT NULL
);

-- expires_s: 0 for never.
CREATE TABLE api_key (
	id TEXT NOT NULL PRIMARY KEY,
	hash TEXT NOT NULL,
	subject TEXT NOT NULL,
	scope TEXT NOT NULL,
	tracks TEXT,
	expires_s BIGINT NOT NULL,
	created_ms BIGINT NOT NULL
);

-- One login has a family of tokens, of which one is good at a time: each is used once, for the next.
CREATE TABLE refresh_token (
	hash TEXT NOT NULL PRIMARY KEY,
	family TEXT NOT NULL,
	subject TEXT NOT NULL,
	scope TEXT NOT NULL,
	tracks TEXT,
	used BIGINT NOT NULL DEFAULT 0,
	expires_s BIGINT NOT NULL
);
CREATE INDEX refresh_token_by_family ON refresh_token (family);
CREATE INDEX refresh_token_by_subject ON refresh_token (subject);
CREATE INDEX refresh_token_by_end ON refresh_token (expires_s);

-- kind: 'token' (value: jti), 'subject', 'track', or 'all' (value: ''). Of what was issued at or before before_s.
CREATE TABLE revocation (
	kind TEXT NOT NULL CHECK (kind IN ('token', 'subject', 'track', 'all')),
	value TEXT NOT NULL,
	before_s BIGINT NOT NULL,
	expires_s BIGINT NOT NULL,
	PRIMARY KEY (kind, value)
);
CREATE INDEX revocation_by_end ON revocation (expires_s);

-- Attempts at a password since the first of them; about: 'subject' or 'address'.
CREATE TABLE login_attempt (
	about TEXT NOT NULL,
	value TEXT NOT NULL,
	since_s BIGINT NOT NULL,
	count BIGINT NOT NULL,
	PRIMARY KEY (about, value)
);

PRAGMA user_version = 9;

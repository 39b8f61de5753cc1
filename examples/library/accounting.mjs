#!/usr/bin/env node
/**
 * The gateway inside a program of your own: what an AI client starts in place of `mcp-anywhere`. Each tool call is written
 * to a file as one line of JSON: when, which tool, how long, how many bytes came back.
 *
 *     node accounting.mjs HOSTS_FILE CALLS_FILE
 */
import { appendFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { serveStdio } from 'mcp-anywhere';

const [config, callsFile] = process.argv.slice(2);

/** Around every call, as in any web framework: what stands before `next` sees the request, what stands after it the answer. */
const accounting = (next) => async (call) => {
  const began = performance.now();
  const result = await next(call);
  const line = {
    at: new Date().toISOString(),
    tool: call.route.publicKey,
    ms: Math.round(performance.now() - began),
    bytes: result.length,
  };
  appendFileSync(callsFile, `${JSON.stringify(line)}\n`, { mode: 0o600 });
  return result;
};

// stdout belongs to MCP: what this program has to say goes to stderr.
await serveStdio({
  config,
  env: process.env,
  cwd: process.cwd(),
  homeDir: homedir(),
  input: process.stdin,
  output: process.stdout,
  middleware: [accounting],
});

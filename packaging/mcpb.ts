/**
 * Packs mcp-anywhere.mcpb, which Claude Desktop installs with one click: `npm run mcpb`, after a build.
 *
 * Pure JavaScript, because one bundle serves all platforms: ssh2 comes without its native parts, which it does not need. The
 * same sources give the same bytes.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { zipSync } from 'fflate';
import manifest from '../package.json' with { type: 'json' };
import { bundleManifest, rootPath } from './entry.ts';

/** dist/ may hold chunks of an earlier build: only what bin.js leads to is packed. */
function programFiles(): string[] {
  const found = new Set(['dist/bin.js', manifest.imports['#demo/client'].slice('./'.length)]);
  for (const file of found) {
    const text = readFileSync(path.join(rootPath, file), 'utf8');
    for (const [, name = ''] of text.matchAll(/["'](\.{1,2}\/[\w./-]+\.js)["']/g)) {
      const target = path.posix.join(path.posix.dirname(file), name);
      if (target.startsWith('dist/') && isThere(target)) found.add(target);
    }
  }
  return [...found, 'dist/THIRD-PARTY-LICENSES.txt', 'dist/schema.json', 'LICENSE'];
}

function isThere(file: string): boolean {
  return readdirSync(path.join(rootPath, path.dirname(file))).includes(path.basename(file));
}

/** The packages that are not bundled, and what they need; optional dependencies are native parts. */
function packageFolders(): string[] {
  const folders = new Set<string>();
  const visit = (name: string, from: string): void => {
    const file = createRequire(from).resolve(`${name}/package.json`);
    if (folders.has(path.dirname(file))) return;
    folders.add(path.dirname(file));
    const { dependencies = {} } = JSON.parse(readFileSync(file, 'utf8')) as { dependencies?: Record<string, string> };
    for (const needed of Object.keys(dependencies)) visit(needed, file);
  };
  for (const name of Object.keys(manifest.dependencies)) visit(name, path.join(rootPath, 'package.json'));
  return [...folders];
}

const UNNEEDED = /(^|\/)(test|tests|examples|util|build|node_modules|\.[^/]+)\//;

function packageFiles(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  return files
    .filter((file) => !UNNEEDED.test(file) && /(\.(js|cjs|json)|(^|\/)LICEN[CS]E[^/]*)$/.test(file))
    .map((file) => path.relative(rootPath, path.join(folder, file)).replaceAll('\\', '/'));
}

/** node reads `type` and `imports`. */
const { name, version, type, imports, license } = manifest;
const written = {
  'manifest.json': `${JSON.stringify(bundleManifest, null, 2)}\n`,
  'package.json': `${JSON.stringify({ name, version, type, license, imports }, null, 2)}\n`,
};

/** A zip has local times without a zone: the same everywhere. */
const SAME_TIME = new Date(1980, 0, 1);

export function pack(): Uint8Array {
  const copied = [...programFiles(), ...packageFolders().flatMap(packageFiles)];
  const files = {
    ...Object.fromEntries(Object.entries(written).map(([file, text]) => [file, Buffer.from(text)])),
    ...Object.fromEntries(copied.map((file) => [file, readFileSync(path.join(rootPath, file))])),
  };
  const sorted = Object.fromEntries(Object.entries(files).sort(([one], [other]) => (one < other ? -1 : 1)));
  return zipSync(sorted, { level: 9, mtime: SAME_TIME });
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === path.join(rootPath, 'packaging/mcpb.ts')) {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'mcp-anywhere.mcpb' } } });
  const bytes = pack();
  writeFileSync(values.out, bytes);
  process.stdout.write(`wrote ${values.out} (${Math.ceil(bytes.length / 1024)} KiB)\n`);
}

/**
 * Builds dist/: bundles with esbuild, declarations with tsc, and the hosts file's JSON Schema.
 *
 *   node build.mjs                bundles, declarations, schema
 *   node build.mjs --if-changed   nothing when dist/ is newer than its sources
 *   node build.mjs --prune        also removes from dist/ what this build did not make (before packing)
 *   node build.mjs --no-types     without declarations, which only users of the library need
 *   node build.mjs --if-possible  nothing where devDependencies are not installed (`npm ci --omit=dev`)
 *
 * All packages but those in package.json's `dependencies` are bundled. dist/ names them twice: with their licenses
 * (THIRD-PARTY-LICENSES.txt), and as an SBOM for scanners (sbom.cdx.json, https://cyclonedx.org).
 *
 * Every file is replaced atomically, and chunks have content hashes in their names: a running
 * program never sees half a build, and finds the chunks it was built with.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(root, 'dist');
/** Its time is when the last build began: what was written during a build counts as changed. */
const stamp = path.join(root, '.cache/build.stamp');
const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));

/**
 * What is bundled together, by its name in dist/. The demo's programs stand on the MCP SDK, which needs all of
 * zod; bundled with the program they would make it share that, and its start-up would pay for parsing it.
 */
async function bundles() {
  const folder = path.join(root, 'src/demo/servers');
  const servers = existsSync(folder) ? (await readdir(folder)).filter((name) => name.endsWith('.ts')) : [];
  const program = { bin: 'src/bin.ts', index: 'src/index.ts' };
  const demo = {
    'demo/host': 'src/demo/host.ts',
    'demo/client': DEMO_CLIENT,
    ...Object.fromEntries(servers.map((name) => [`demo/${path.basename(name, '.ts')}`, `src/demo/servers/${name}`])),
  };
  return [options(present(program)), { ...options(present(demo)), plugins: [switchedOff] }];
}

function present(entries) {
  return Object.fromEntries(Object.entries(entries).filter(([, source]) => existsSync(path.join(root, source))));
}

/** The one part of the demo that the program itself loads; package.json's `imports` says where it is. */
const DEMO_CLIENT = 'src/demo/client.ts';
const demoClientApart = {
  name: 'demo-client-apart',
  setup: (build) => {
    build.onResolve({ filter: /\/client\.ts$/ }, ({ path: name, resolveDir, kind }) => {
      if (kind === 'entry-point' || path.resolve(resolveDir, name) !== path.join(root, DEMO_CLIENT)) return undefined;
      return { path: '#demo/client', external: true };
    });
  },
};

/**
 * Debugging aids of bundled libraries that a variable of the user's own environment would switch on: `DEV=true` is
 * usual among web developers. Each is removed here; a library that no longer has the text fails the build.
 */
const SWITCHES = [
  // React DevTools, which are not installed here.
  { file: 'ink/build/(reconciler|ink).js', text: 'isDev()', becomes: 'false' },
  // Ink does not draw before it ends, and leaves resizes alone.
  { file: 'is-in-ci/index.js', text: "check('CI') || check('CONTINUOUS_INTEGRATION')", becomes: 'false' },
  // Tokens of the hosts file on standard output, where an AI client reads MCP.
  { file: 'yaml/dist/compose/composer.js', text: 'node_process.env.LOG_STREAM', becomes: 'false' },
  { file: 'yaml/dist/parse/parser.js', text: 'node_process.env.LOG_TOKENS', becomes: 'false' },
  // Commands and their output, which may be a secret, on standard error.
  { file: 'execa/lib/arguments/specific.js', text: "debuglog('execa').enabled", becomes: 'false' },
];
const switchedOff = {
  name: 'switched-off',
  setup: (build) => {
    for (const { file, text, becomes } of SWITCHES) {
      const filter = new RegExp(`[\\\\/]${file.replaceAll('.', '\\.').replaceAll('/', '[\\\\/]')}$`);
      build.onLoad({ filter }, async ({ path: source }) => {
        const contents = await readFile(source, 'utf8');
        if (!contents.includes(text)) return { errors: [{ text: `${source} has changed: no ${text} to switch off` }] };
        return { contents: contents.replaceAll(text, becomes) };
      });
    }
  },
};

/** @returns {import('esbuild').BuildOptions} */
function options(entries) {
  return {
    absWorkingDir: root,
    entryPoints: entries,
    outdir: dist,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    jsx: 'automatic',
    chunkNames: 'chunks/[name]-[hash]',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    write: false,
    logLevel: 'warning',
    plugins: [demoClientApart, switchedOff],
    // Its CommonJS form hides its parts from a bundler.
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
    // ssh2 has a native addon that it finds beside itself. Never reached: the compiler with which cosmiconfig
    // would read a config file that is TypeScript.
    external: [...Object.keys(manifest.dependencies), 'typescript'],
    define: {
      __VERSION__: JSON.stringify(manifest.version),
      'process.env.NODE_ENV': '"production"',
      'process.env["NODE_ENV"]': '"production"',
    },
    // CommonJS packages inside an ES module bundle still call `require` for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
    },
  };
}

async function writeAtomically(file, contents) {
  const current = await readFile(file).catch(() => undefined);
  if (current?.equals(contents)) return;
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, contents);
  await rename(draft, file);
}

async function bundle() {
  const results = await Promise.all((await bundles()).map((one) => build({ ...one, metafile: true })));
  const bundled = await bundledPackages(results.map((result) => result.metafile));
  const outputs = [
    ...results.flatMap((result) => result.outputFiles),
    { path: path.join(dist, 'THIRD-PARTY-LICENSES.txt'), contents: licenses(bundled) },
    { path: path.join(dist, 'sbom.cdx.json'), contents: `${JSON.stringify(sbom(bundled), null, 2)}\n` },
  ];
  for (const output of outputs) await writeAtomically(output.path, Buffer.from(output.contents));
  const bin = path.join(dist, 'bin.js');
  if (existsSync(bin)) await chmod(bin, 0o755);
  return outputs.map((output) => output.path);
}

/** The packages whose code stands in the outputs, by name and version. */
async function bundledPackages(metafiles) {
  const outputs = metafiles.flatMap(({ outputs }) => Object.values(outputs));
  const inputs = outputs.flatMap((output) =>
    Object.keys(output.inputs).filter((input) => output.inputs[input].bytesInOutput > 0),
  );
  const folders = inputs.map((input) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(input)?.[0]);
  const packages = [...new Set(folders.filter((folder) => folder !== undefined))].map(async (name) => {
    const folder = path.join(root, name);
    const {
      name: id,
      version,
      license,
      repository,
    } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const where = `The package has no license file; its source is at ${repository?.url ?? repository}`;
    const text = file === undefined ? where : await readFile(path.join(folder, file), 'utf8');
    return { name: id, version, license, text: text.trim() };
  });
  const byPurl = new Map((await Promise.all(packages)).map((one) => [purl(one), one]));
  return [...byPurl.keys()].sort().map((key) => byPurl.get(key));
}

/** Packages whose code is in the bundle ask to be shipped with their license. */
function licenses(packages) {
  return packages
    .map(({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}\n`)
    .join(`\n${'-'.repeat(80)}\n\n`);
}

/** The same for the same sources: without a serial number and a time, which CycloneDX leaves to us. */
function sbom(packages) {
  const component = (type, one) => ({
    type,
    'bom-ref': purl(one),
    name: one.name,
    version: one.version,
    licenses: [{ expression: one.license }],
    purl: purl(one),
  });
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: component('application', manifest) },
    components: packages.map((one) => component('library', one)),
    dependencies: [{ ref: purl(manifest), dependsOn: packages.map(purl) }],
  };
}

/** The name of a package for all package managers (https://github.com/package-url/purl-spec). */
function purl({ name, version }) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** The schema is computed by the program's own code, so that it cannot differ from what is checked. */
async function schema() {
  const source = path.join(root, 'src/config/schema.ts');
  if (!existsSync(source)) return [];
  const result = await build({ ...options({ 'schema-maker': source }), splitting: false });
  const maker = path.join(dist, `schema-maker.${process.pid}.mjs`);
  try {
    await writeFile(maker, result.outputFiles[0].contents);
    const { hostsFileJsonSchema } = await import(pathToFileURL(maker).href);
    const file = path.join(dist, 'schema.json');
    await writeAtomically(file, Buffer.from(`${JSON.stringify(hostsFileJsonSchema(), null, 2)}\n`));
    return [file];
  } finally {
    await rm(maker, { force: true });
  }
}

/** Declarations of the library's public face and of what it reaches. */
async function declarations() {
  if (!existsSync(path.join(root, 'src/index.ts'))) return [];
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const child = spawn(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  const isEmitted = (line) => line.startsWith('TSFILE: ');
  const said = output.trim().split('\n');
  if (code !== 0)
    throw new Error(['The declarations are not complete:', ...said.filter((line) => !isEmitted(line))].join('\n'));
  const files = said.filter(isEmitted).map((line) => path.normalize(line.slice('TSFILE: '.length).trim()));
  const texts = new Map(
    await Promise.all(files.map(async (file) => [file, nameJavaScript(await readFile(file, 'utf8'))])),
  );
  const published = reachable(path.join(dist, 'index.d.ts'), texts);
  checkImports([...published].map((file) => [file, texts.get(file) ?? '']));
  await Promise.all(files.map((file) => (published.has(file) ? writeFile(file, texts.get(file)) : rm(file))));
  return [...published];
}

const IMPORTS = /(from |import\()(['"])(\.[^'"]*)\.tsx?\2/g;

/** tsc leaves the sources' `.ts` endings in declarations; beside them in dist/ lies JavaScript. */
function nameJavaScript(text) {
  return text.replaceAll(IMPORTS, '$1$2$3.js$2');
}

/** The declarations that the public face refers to; the rest describes what the package does not export. */
function reachable(face, texts) {
  const found = new Set([face]);
  for (const file of found) {
    for (const [, name] of (texts.get(file) ?? '').matchAll(/['"](\.[^'"]*)\.js['"]/g)) {
      found.add(path.resolve(path.dirname(file), `${name}.d.ts`));
    }
  }
  return found;
}

/** Users of the library have the types of Node, and none of the packages that are bundled. */
function checkImports(declarations) {
  for (const [file, text] of declarations) {
    for (const [, name] of text.matchAll(/(?:from |import\()['"]([^.'"][^'"]*)['"]/g)) {
      if (!name.startsWith('node:')) throw new Error(`${path.relative(root, file)} imports types of ${name}`);
    }
  }
}

async function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

async function prune(made) {
  const keep = new Set(made);
  for (const file of await filesUnder(dist)) {
    if (!keep.has(file)) await rm(file, { force: true });
  }
}

async function changed() {
  const built = await stat(stamp).catch(() => undefined);
  if (built === undefined || !existsSync(path.join(dist, 'bin.js'))) return true;
  const others = ['build.mjs', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
  const sources = [...(await filesUnder(path.join(root, 'src'))), ...others.map((name) => path.join(root, name))];
  const times = await Promise.all(sources.map(async (file) => (await stat(file)).mtimeMs));
  return Math.max(...times) > built.mtimeMs;
}

const { values: flags } = parseArgs({
  options: {
    'if-changed': { type: 'boolean', default: false },
    prune: { type: 'boolean', default: false },
    'no-types': { type: 'boolean', default: false },
    'if-possible': { type: 'boolean', default: false },
  },
});

const { build } = await import('esbuild').catch((error) => {
  if (!flags['if-possible'] || error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  process.stderr.write('dist/ is left as it is: to build it, install devDependencies too.\n');
  process.exit(0);
});

async function main() {
  const began = new Date();
  await Promise.all([mkdir(dist, { recursive: true }), mkdir(path.dirname(stamp), { recursive: true })]);
  const parts = await Promise.allSettled([bundle(), schema(), flags['no-types'] ? [] : declarations()]);
  const failures = parts.filter((part) => part.status === 'rejected').map((part) => part.reason);
  if (failures.length > 0) throw new Error(failures.map((failure) => failure.message).join('\n'));
  if (flags.prune) await prune(parts.flatMap((part) => part.value));
  await writeFile(stamp, '');
  await utimes(stamp, began, began);
}

if (!flags['if-changed'] || (await changed())) {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

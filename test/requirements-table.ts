/**
 * npm run requirements                       the requirements and the tests that prove each
 * npm run requirements -- --mutate [id…]     takes each row of the method table out, in a copy of the tree, and says
 *                                            which are not missed by the tests that claim to prove them
 */
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { findProofs, type Proof } from './proofs.ts';
import { REQUIREMENTS, type Requirement } from './requirements.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const METHODS = 'src/protocol/methods.ts';
/** What stays behind: a copy needs the sources and the packages alone. */
const LEFT_OUT = ['.git', 'node_modules', 'dist', '.cache'];

const proofs = findProofs();

function table(): string {
  return REQUIREMENTS.map(({ id, text }) => {
    const own = proofs.filter((proof) => proof.id === id);
    const lines = own.map(({ file, test }) => `    ${file}: ${test}`);
    return [`${own.length === 0 ? '✗' : '✓'} ${id}: ${text}`, ...lines].join('\n');
  }).join('\n');
}

/** Readable by whoever the tests log in as. */
function copyOfTree(): string {
  const copy = mkdtempSync(join(tmpdir(), 'requirements-'));
  cpSync(ROOT, copy, {
    recursive: true,
    filter: (source) => !LEFT_OUT.some((name) => source.slice(ROOT.length).split('/').includes(name)),
  });
  for (const folder of ['node_modules', 'test/tools/node_modules']) symlinkSync(join(ROOT, folder), join(copy, folder));
  return copy;
}

async function isMissed(copy: string, row: Requirement, own: readonly Proof[]): Promise<boolean> {
  const path = join(copy, METHODS);
  const before = readFileSync(path);
  appendFileSync(path, `\n${row.disable ?? ''}\n`);
  const escaped = row.id.replaceAll(/[.*+?^${}()|[\]\\/]/gu, String.raw`\$&`);
  const files = [...new Set(own.map(({ file }) => file))];
  try {
    const run = await execa('npx', ['vitest', 'run', ...files, '-t', String.raw`proves [^\]]*${escaped}[\] ]`], {
      cwd: copy,
      reject: false,
      all: true,
      env: { CI: '' },
    });
    if (!/Tests .*\d+ (?:passed|failed)/u.test(run.all.replaceAll(/\u001b\[\d+m/gu, '')))
      throw new Error(`${row.id}: no test ran\n${run.all}`);
    return run.exitCode !== 0;
  } finally {
    writeFileSync(path, before);
  }
}

async function mutate(only: readonly string[]): Promise<void> {
  const copy = copyOfTree();
  try {
    for (const row of REQUIREMENTS.filter(
      ({ id, disable }) => disable !== undefined && (only.length === 0 || only.includes(id)),
    )) {
      const missed = await isMissed(
        copy,
        row,
        proofs.filter(({ id }) => id === row.id),
      );
      if (!missed) process.exitCode = 1;
      console.log(`${missed ? '✓ missed by its tests' : '✗ NOT MISSED          '} ${row.id}`);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const [mode, ...only] = process.argv.slice(2);
if (mode === '--mutate') await mutate(only);
else console.log(table());

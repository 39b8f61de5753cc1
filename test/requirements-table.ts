/**
 * npm run requirements                       the requirements and the tests that prove each
 * npm run requirements -- --mutate [id…]     takes each row of the method table and each promise away, one at a time, in
 *                                            a copy of the tree, and says which are not missed by the tests that claim
 *                                            to prove them
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { holders, MUTATIONS, type Mutation, sources } from './mutations.ts';
import { findProofs, type Proof } from './proofs.ts';
import { REQUIREMENTS } from './requirements.ts';

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

/** One change of one file of the copy. */
interface Change {
  readonly id: string;
  readonly file: string;
  readonly what: string;
  readonly changed: (text: string) => string;
}

function changes(): Change[] {
  const all = sources(ROOT);
  const ofPromise = (id: string, { from, to }: Mutation): Change => {
    const [file, ...more] = holders(from, all);
    if (file === undefined || more.length > 0)
      throw new Error(
        `${id}: src/ holds the text to change ${file === undefined ? 'nowhere' : 'more than once'}: ${from}`,
      );
    return { id, file, what: `${file}: ${from}`, changed: (text) => text.replace(from, () => to) };
  };
  return REQUIREMENTS.flatMap(({ id, disable }) => [
    ...(disable === undefined
      ? []
      : [{ id, file: METHODS, what: disable, changed: (text: string) => `${text}\n${disable}\n` }]),
    ...(MUTATIONS[id] ?? []).map((mutation) => ofPromise(id, mutation)),
  ]);
}

/** Whether the tests that claim to prove it pass in the copy as it is now. */
async function pass(copy: string, id: string, own: readonly Proof[]): Promise<boolean> {
  const escaped = id.replaceAll(/[.*+?^${}()|[\]\\/]/gu, String.raw`\$&`);
  const files = [...new Set(own.map(({ file }) => file))];
  const run = await execa('npx', ['vitest', 'run', ...files, '-t', String.raw`proves [^\]]*${escaped}[\] ]`], {
    cwd: copy,
    reject: false,
    all: true,
    env: { CI: '' },
  });
  if (!/Tests .*\d+ (?:passed|failed)/u.test(run.all.replaceAll(/\u001b\[\d+m/gu, '')))
    throw new Error(`${id}: no test ran\n${run.all}`);
  return run.exitCode === 0;
}

async function isMissed(copy: string, change: Change, own: readonly Proof[]): Promise<boolean> {
  const path = join(copy, change.file);
  const before = readFileSync(path, 'utf8');
  writeFileSync(path, change.changed(before));
  try {
    return !(await pass(copy, change.id, own));
  } finally {
    writeFileSync(path, before);
  }
}

function say({ id, what }: Change, missed: boolean): void {
  if (!missed) process.exitCode = 1;
  console.log(`${missed ? '✓ missed by its tests' : '✗ NOT MISSED          '} ${id} (${what})`);
}

async function mutate(only: readonly string[]): Promise<void> {
  const all = changes().filter(({ id }) => only.length === 0 || only.includes(id));
  const copy = copyOfTree();
  try {
    for (const id of new Set(all.map((change) => change.id))) {
      const own = proofs.filter((proof) => proof.id === id);
      // Tests that fail anyway would seem to notice every change.
      if (!(await pass(copy, id, own))) throw new Error(`${id}: its tests fail with nothing taken away`);
      const ofThis = all.filter((change) => change.id === id);
      for (const change of ofThis) say(change, await isMissed(copy, change, own));
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const [mode, ...only] = process.argv.slice(2);
if (mode === '--mutate') await mutate(only);
else console.log(table());

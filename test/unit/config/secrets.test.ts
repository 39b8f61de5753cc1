import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { AnywhereError } from '../../../src/base/errors.ts';
import { loadPlan } from '../../../src/config/load.ts';
import { resolvePaths } from '../../../src/config/paths.ts';
import { createCommandRunner } from '../../../src/config/secret-command.ts';
import { SecretStore } from '../../../src/config/secret-store.ts';
import { createSecrets } from '../../../src/config/secrets.ts';
import { parseTemplate } from '../../../src/config/template.ts';
import { filesBelow } from '../../harness/files.ts';
import { isAlive } from '../../harness/processes.ts';
import { scratch } from '../../harness/scratch.ts';

const PLACE = { host: 'gpu1', server: 'files' };
const never = (): AbortSignal => new AbortController().signal;
const PATH = process.env['PATH'];

function resolve(
  text: string,
  options: { env?: Record<string, string>; homeDir?: string; signal?: AbortSignal } = {},
): Promise<string> {
  const parsed = parseTemplate(text);
  if ('fault' in parsed) throw new Error(parsed.fault.found);
  const secrets = createSecrets({ env: { PATH, ...options.env }, homeDir: options.homeDir ?? '/nowhere' });
  return secrets.resolve(parsed.template, PLACE, options.signal ?? never());
}

async function failure(work: Promise<unknown>): Promise<AnywhereError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AnywhereError)) throw new Error(`expected an AnywhereError, got ${String(error)}`);
  return error;
}

describe('variables', () => {
  it.each([
    ['${env:A}', { A: 'x' }, 'x'],
    ['${env:A}', { A: '' }, ''],
    ['${env:A:-d}', {}, 'd'],
    ['${env:A:-d}', { A: '' }, 'd'],
    ['${env:A:-d}', { A: 'x' }, 'x'],
    ['${env:A:-}', {}, ''],
    ['<${env:A}|${env:B}>', { A: '1', B: '${env:A}' }, '<1|${env:A}>'],
    ['$${env:A}', { A: 'x' }, '${env:A}'],
  ])('%s of %j is %j', async (text, env, value) => {
    expect(await resolve(text, { env })).toBe(value);
  });

  it('that are not set are named, with their server', async () => {
    const error = await failure(resolve('Bearer ${env:ABSENT}'));
    expect(error).toMatchObject({ code: 'SECRET_UNRESOLVED', host: 'gpu1', server: 'files' });
    expect(error.message).toContain('${env:ABSENT}');
    expect(error.message).not.toContain('Bearer');
    expect(error.hint).toContain('set ABSENT');
  });

  it('are told each by itself, so that logs can be kept free of what stands in a longer text', async () => {
    const parsed = parseTemplate('Bearer ${env:A}-${env:B:-d}');
    if ('fault' in parsed) throw new Error(parsed.fault.found);
    const told: string[] = [];
    const secrets = createSecrets({ env: { A: 's3cret' }, homeDir: '/nowhere' });
    const text = await secrets.resolve(parsed.template, PLACE, never(), { onValue: (value) => told.push(value) });
    expect([text, told]).toEqual(['Bearer s3cret-d', ['s3cret', 'd']]);
  });

  it('are not those that every object has', async () => {
    expect((await failure(resolve('${env:constructor}'))).code).toBe('SECRET_UNRESOLVED');
  });
});

describe('files', () => {
  it('are read without their final newlines, from the home folder too', async () => {
    const homeDir = scratch();
    writeFileSync(join(homeDir, 'token'), ' s p\u00e4ce\nsecond \r\n\n');
    expect(await resolve('<${file:~/token}>', { homeDir })).toBe('< s p\u00e4ce\nsecond >');
    expect(await resolve(`\${file:${homeDir}/token}`)).toBe(' s p\u00e4ce\nsecond ');
  });

  it.each([
    ['missing', 'ENOENT'],
    ['folder', 'not a file'],
    ['huge', '128 KiB'],
  ])('%s: %s', async (name, why) => {
    const homeDir = scratch();
    mkdirSync(join(homeDir, 'folder'));
    writeFileSync(join(homeDir, 'huge'), 'x'.repeat(200_000));
    const error = await failure(resolve(`\${file:~/${name}}`, { homeDir }));
    expect(error.code).toBe('SECRET_UNRESOLVED');
    expect(error.message).toContain(`\${file:~/${name}}`);
    expect(error.message).toContain(why);
  });

  it('with a NUL cannot be handed to a process', async () => {
    const homeDir = scratch();
    writeFileSync(join(homeDir, 'nul'), 'hunter2\0');
    const error = await failure(resolve('${file:~/nul}', { homeDir }));
    expect(error.message).toContain('NUL');
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });
});

describe('stored secrets', () => {
  const OFF = { MCP_ANYWHERE_KEYCHAIN: 'off' };

  function stored(): { readonly store: SecretStore; readonly env: Record<string, string>; readonly homeDir: string } {
    const homeDir = scratch();
    const env = { ...OFF, XDG_STATE_HOME: join(homeDir, 'state') };
    return { store: new SecretStore(env, join(homeDir, 'state', 'mcp-anywhere')), env, homeDir };
  }

  it('are files of their own for the user alone, where there is no keychain', async () => {
    const { store, env, homeDir } = stored();
    expect(await store.set('git.hub', ' s p\u00e4ce\nsecond\n')).toBe('file');
    expect(await resolve('<${keychain:git.hub}>', { env, homeDir })).toBe('< s p\u00e4ce\nsecond\n>');
    expect(filesBelow(store.folder).map(({ mode }) => mode)).toEqual([0o600]);
    expect(statSync(store.folder).mode & 0o777).toBe(0o700);
    expect([...(await store.list())]).toEqual([['git.hub', 'file']]);
    expect([await store.remove('git.hub'), await store.remove('git.hub')]).toEqual([true, false]);
    expect([...(await store.list())]).toEqual([]);
  });

  it('that are missing are named, with the command that stores them', async () => {
    const error = await failure(resolve('Bearer ${keychain:github}', { env: OFF, homeDir: scratch() }));
    expect(error).toMatchObject({ code: 'SECRET_UNRESOLVED', host: 'gpu1', server: 'files' });
    expect(error.message).toContain('${keychain:github}');
    expect(error.hint).toBe('mcp-anywhere secret set github');
  });

  it.each([
    ['readable by others', (path: string): void => chmodSync(path, 0o640), 'Other users can open'],
    ['a link', (path: string): void => (rmSync(path), symlinkSync('/etc/hostname', path)), 'ELOOP'],
    ['a folder', (path: string): void => (rmSync(path), mkdirSync(path)), 'not a regular file'],
  ])('in a file that is %s are not used', async (_what, spoil, why) => {
    const { store, env, homeDir } = stored();
    await store.set('github', 'hunter2');
    spoil(join(store.folder, 'github.secret'));
    const error = await failure(resolve('${keychain:github}', { env, homeDir }));
    expect(error).toMatchObject({ code: 'SECRET_STORE', host: 'gpu1', server: 'files' });
    expect(error.message).toContain(why);
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });

  it('of a folder that others can open are closed to them', async () => {
    const { store } = stored();
    await store.set('github', 'hunter2');
    chmodSync(store.folder, 0o755);
    expect(await store.get('github')).toBe('hunter2');
    expect(statSync(store.folder).mode & 0o777).toBe(0o700);
  });

  it('have another revision in the plan once they have changed since a server got them', async () => {
    const { store, env, homeDir } = stored();
    const file = join(homeDir, 'config.yaml');
    const entry = { command: 'x', env: { A: '${keychain:a}', B: '${keychain:b}' } };
    writeFileSync(file, JSON.stringify({ version: 1, hosts: { gpu1: { servers: { files: entry } } } }));
    const paths = resolvePaths(env, process.platform, homeDir);
    const plan = await loadPlan({ explicit: file, env, cwd: homeDir, homeDir, paths });
    const secrets = createSecrets({ env, homeDir });
    await store.set('a', 'one');
    await store.set('b', 'one');
    const [a] = [...(plan.hosts[0]?.servers[0]?.env.values() ?? [])];
    if (a === undefined) throw new Error('no variable');
    expect(await secrets.resolve(a, PLACE, never())).toBe('one');
    expect(await secrets.revised(plan)).toBe(plan);
    await store.set('a', 'two');
    await store.set('b', 'two');
    const revised = await secrets.revised(plan);
    expect([...(revised.hosts[0]?.servers[0]?.env.values() ?? [])].map(({ pieces }) => pieces)).toEqual([
      [{ kind: 'keychain', name: 'a', revision: 1 }],
      [{ kind: 'keychain', name: 'b' }],
    ]);
    await store.remove('a');
    expect(await secrets.revised(plan)).toEqual(revised);
    expect(JSON.stringify(revised)).not.toContain('two');
  });
});

describe('commands', () => {
  it('run in a shell, in the given environment, without their final newlines', async () => {
    expect(await resolve('<${cmd:printf "%s\\n\\n" "$LANG" | tr a-z A-Z}>', { env: { LANG: 'it works' } })).toBe(
      '<IT WORKS>',
    );
  });

  it('get nothing to read', async () => {
    expect(await resolve('${cmd:cat; echo end}')).toBe('end');
  });

  it('that fail are named with their exit code, and nothing they printed', async () => {
    const error = await failure(resolve('${cmd:printf hunter%s 2; printf hunter%s 2 >&2; exit 7}'));
    expect(error).toMatchObject({ code: 'SECRET_UNRESOLVED', host: 'gpu1', server: 'files' });
    expect(error.message).toContain('exit code 7');
    expect(JSON.stringify({ error, cause: error.cause, stack: error.stack })).not.toContain('hunter2');
  });

  it('keep braces in the advice', async () => {
    const error = await failure(resolve('${cmd:awk "BEGIN { exit 1 }"}'));
    expect(error.hint).toBe('run the command in a terminal: awk "BEGIN { exit 1 }"');
  });

  it('that print without end are ended', async () => {
    expect((await failure(resolve('${cmd:yes}'))).message).toContain('more than 128 KiB');
  });

  it('that name the same command share one run, and a later one runs again', async () => {
    const folder = scratch();
    const signal = never();
    const secrets = createSecrets({ env: { PATH }, homeDir: folder });
    const template = {
      pieces: [{ kind: 'cmd' as const, command: `echo x >> ${folder}/runs; sleep 0.2; wc -l < ${folder}/runs` }],
    };
    const together = await Promise.all([1, 2, 3].map(() => secrets.resolve(template, PLACE, signal)));
    expect(together.map(Number)).toEqual([1, 1, 1]);
    expect(Number(await secrets.resolve(template, PLACE, signal))).toBe(2);
  });
});

it('a relative command and a relative path mean the folder of the hosts file itself, not that of a link to it', async () => {
  const [mine, clone] = [scratch(), scratch()];
  for (const folder of [mine, clone]) {
    writeFileSync(join(folder, 'which'), folder);
    writeFileSync(join(folder, 'say.sh'), 'cat which\n');
  }
  const env = '{ A: "${cmd:sh ./say.sh}", B: "${file:./which}" }';
  writeFileSync(join(mine, 'hosts.yaml'), `hosts: { m: { local: true, servers: { s: { command: x, env: ${env} } } } }`);
  symlinkSync(join(mine, 'hosts.yaml'), join(clone, 'hosts.yaml'));
  const paths = { configDir: mine, cacheDir: mine, stateDir: mine, runtimeDir: mine };
  const plan = await loadPlan({ explicit: join(clone, 'hosts.yaml'), env: {}, cwd: clone, homeDir: mine, paths });
  const templates = [...(plan.hosts[0]?.servers[0]?.env.values() ?? [])];
  const secrets = createSecrets({ env: { PATH }, homeDir: mine });
  expect(await Promise.all(templates.map((template) => secrets.resolve(template, PLACE, never())))).toEqual([
    mine,
    mine,
  ]);
});

describe('commands that hang', () => {
  const hanging = (folder: string): string => `sleep 987 & echo $! > ${folder}/child; wait`;
  const childOf = (folder: string): number => Number(readPid(folder));

  it('end with the limit, and what they started with them', async () => {
    const folder = scratch();
    const runner = createCommandRunner({ limitMs: 500, clock: systemClock() });
    const error = await failure(runner.run({ kind: 'cmd', command: hanging(folder) }, { PATH }, never()));
    expect(error.code).toBe('SECRET_UNRESOLVED');
    expect(error.message).toContain('within 0.5 s');
    await expect.poll(() => isAlive(childOf(folder))).toBe(false);
  });

  it('end when the last who waits gives up, and not before', async () => {
    const folder = scratch();
    const runner = createCommandRunner();
    const [first, second] = [new AbortController(), new AbortController()];
    const reason = new Error('given up');
    const waits = [first, second].map((controller) =>
      runner.run({ kind: 'cmd', command: hanging(folder) }, { PATH }, controller.signal),
    );
    const outcomes = waits.map((wait) => expect(wait).rejects.toBe(reason));
    await expect.poll(() => readPid(folder)).not.toBe('');
    first.abort(reason);
    await outcomes[0];
    expect(isAlive(childOf(folder))).toBe(true);
    second.abort(reason);
    await outcomes[1];
    await expect.poll(() => isAlive(childOf(folder))).toBe(false);
  });

  it('do not hold up one that asks again after the last gave up', async () => {
    const folder = scratch();
    const runner = createCommandRunner();
    const command = `if [ -e ${folder}/again ]; then echo done; else sleep 987; fi`;
    const first = new AbortController();
    const given = expect(runner.run({ kind: 'cmd', command }, { PATH }, first.signal)).rejects.toThrow('given up');
    first.abort(new Error('given up'));
    writeFileSync(join(folder, 'again'), '');
    const second = runner.run({ kind: 'cmd', command }, { PATH }, never());
    await given;
    expect(await second).toBe('done\n');
  });
});

it('an aborted signal is heeded before anything runs', async () => {
  const folder = scratch();
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(resolve(`\${cmd:touch ${folder}/ran}`, { signal })).rejects.toThrow('stopped');
});

function readPid(folder: string): string {
  return existsSync(join(folder, 'child')) ? readFileSync(join(folder, 'child'), 'utf8').trim() : '';
}

describe('what takes longer than the server may take to start', () => {
  it('is named', async () => {
    const late = new AbortController();
    const work = failure(resolve('x ${cmd:sleep 300}', { signal: late.signal }));
    late.abort(new AnywhereError('SERVER_START_TIMEOUT', 'did not answer initialize within 1 s'));
    const error = await work;
    expect(error).toMatchObject({ code: 'SECRET_UNRESOLVED', host: 'gpu1', server: 'files' });
    expect(error.message).toContain('${cmd:sleep 300}');
    expect(error.hint).toContain('startTimeoutMs');
  });
});

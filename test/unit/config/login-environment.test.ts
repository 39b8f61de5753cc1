import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loginEnvironment } from '../../../src/config/environment.ts';
import { scratch } from '../../harness/scratch.ts';

const uid = process.getuid?.() ?? 0;

/** Where the folders of all logins are, with ours in it. */
function logins(mode = 0o700): string {
  const folder = scratch();
  mkdirSync(join(folder, String(uid)));
  chmodSync(join(folder, String(uid)), mode);
  return folder;
}

describe('loginEnvironment', () => {
  it("names the login's runtime folder where the variable was dropped", () => {
    const folder = logins();
    const expected = { HOME: '/h', XDG_RUNTIME_DIR: `${folder}/${uid}` };
    expect(loginEnvironment({ HOME: '/h' }, 'linux', uid, folder)).toEqual(expected);
    expect(loginEnvironment({ HOME: '/h', XDG_RUNTIME_DIR: '' }, 'linux', uid, folder)).toEqual(expected);
  });

  it('leaves the variable alone where it is set', () => {
    const env = { XDG_RUNTIME_DIR: '/elsewhere' };
    expect(loginEnvironment(env, 'linux', uid, logins())).toBe(env);
  });

  it('names no folder that is not there, is another user’s, is open to others, or only a link', () => {
    const env = { HOME: '/h' };
    const linked = scratch();
    symlinkSync(logins(), join(linked, String(uid)));
    expect(loginEnvironment(env, 'linux', uid, scratch())).toBe(env);
    expect(loginEnvironment(env, 'linux', uid, logins(0o755))).toBe(env);
    expect(loginEnvironment(env, 'linux', uid, linked)).toBe(env);
    const strangers = scratch();
    mkdirSync(join(strangers, String(uid + 1)), { mode: 0o700 });
    expect(loginEnvironment(env, 'linux', uid + 1, strangers)).toBe(env);
  });

  it('has nothing to say elsewhere', () => {
    const env = {};
    expect(loginEnvironment(env, 'darwin', uid, logins())).toBe(env);
    expect(loginEnvironment(env, 'win32', undefined, logins())).toBe(env);
  });
});

import { describe, expect, it } from 'vitest';
import { daemonArguments, parseStartMessage } from '../../../src/daemon/spawn-daemon.ts';

describe('the words a daemon is started with', () => {
  it('name the hosts file', () => {
    expect(daemonArguments({ file: '/h.yaml', source: 'user' })).toEqual(['daemon', '--config', '/h.yaml']);
  });

  it('say that a file of a working folder is one, so that naming it does not make it trusted', () => {
    expect(daemonArguments({ file: '/h.yaml', source: 'folder', logLevel: 'debug', idleExitMs: 0 })).toEqual([
      ...['daemon', '--config', '/h.yaml', '--from-folder', '--log-level', 'debug', '--idle-exit', '0'],
    ]);
  });
});

describe('its first word', () => {
  const error = { code: 'CONFIG_INVALID', message: 'm', hint: 'h' };

  it.each([[{ ok: true, pid: 3 }], [{ ok: false, error }]])('%j is read as it was said', (said) => {
    expect(parseStartMessage(JSON.parse(JSON.stringify(said)))).toEqual(said);
  });

  it.each([[undefined], ['ok'], [{ ok: true }], [{ ok: false }], [{ pid: 3 }]])('%j is none', (said) => {
    expect(parseStartMessage(said)).toBeUndefined();
  });
});

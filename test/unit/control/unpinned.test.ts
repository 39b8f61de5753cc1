import { describe, expect, it } from 'vitest';
import type { HostPlan, ServerPlan } from '../../../src/config/plan.ts';
import { unpinnedSteps } from '../../../src/control/unpinned.ts';

function hostWith(line: string, name = 'gpu1'): HostPlan {
  const [command = '', ...args] = line.split(' ');
  const server: ServerPlan = {
    name: 'files',
    host: name,
    namedAs: [name, 'files'],
    enabled: true,
    command,
    args: args.map((word) => ({ pieces: word === '$REF' ? [{ kind: 'env', name: 'REF' }] : [word] })),
    env: new Map(),
    inheritEnv: [],
    cwd: undefined,
    sharing: 'session',
    tools: { allow: [], deny: [], rename: new Map() },
    timeoutMs: 1,
    totalTimeoutMs: 1,
    pingMs: 0,
    startTimeoutMs: 1,
    idleMs: 1,
  };
  return { name, tags: [], ssh: undefined, servers: [server] };
}

describe('a server without a fixed version', () => {
  it.each([
    ['npx -y @scope/files /data', '@scope/files@VERSION'],
    ['npx -y @scope/files@latest', '@scope/files@VERSION'],
    ['npx files@^1.2.0', 'files@VERSION'],
    ['npx files@1', 'files@VERSION'],
    ['/usr/bin/npx --yes --registry https://r.example files', 'files@VERSION'],
    ['npx --package=@scope/files -- files', '@scope/files@VERSION'],
    ['npx.cmd -p files files-mcp', 'files@VERSION'],
    ['npm exec -y files', 'files@VERSION'],
    ['bunx files', 'files@VERSION'],
    ['pnpm dlx files', 'files@VERSION'],
    ['uvx mcp-server-git', 'mcp-server-git@VERSION'],
    ['uvx mcp-server-git@latest', 'mcp-server-git@VERSION'],
    ['uvx --python 3.12 mcp[cli]', 'mcp[cli]@VERSION'],
    ['uvx --from mcp-git serve', 'mcp-git==VERSION'],
    ['uv tool run mcp-git>=1.0', 'mcp-git==VERSION'],
    ['pipx run mcp-git', 'mcp-git==VERSION'],
  ])('%s becomes %s', (line, pinned) => {
    const [found, ...others] = unpinnedSteps([hostWith(line)]);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ check: 'package', outcome: 'warning', cause: { code: 'PACKAGE_UNPINNED' } });
    expect(found?.cause?.hint).toContain(`write ${pinned} in the hosts file`);
  });

  it.each([
    'npx -y @scope/files@1.2.3 /data',
    'npx files@1.2.3-beta.1',
    'npx --no-install files',
    'npx ./local',
    'npx github:owner/repo#0123abc',
    'npx owner/repo',
    'npx $REF',
    'npx',
    'uvx mcp-git@1.2',
    'uvx --from mcp-git==1.2.3 serve',
    'uvx --from git+https://host.example/repo serve',
    'uv run server.py',
    'node server.js',
    'docker run npx',
  ])('is not %s', (line) => {
    expect(unpinnedSteps([hostWith(line)])).toEqual([]);
  });

  it('is one finding for all that start it', () => {
    const [found, ...others] = unpinnedSteps([hostWith('npx -y files', 'a'), hostWith('npx -y files', 'b')]);
    expect(others).toEqual([]);
    expect(found?.cause?.evidence).toEqual(['started by a/files, b/files']);
  });
});

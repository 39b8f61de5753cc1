import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseTarget } from '../../../src/cli/context.ts';
import { clientSnippet, welcomeText } from '../../../src/cli/start.ts';
import { table } from '../../../src/cli/style.ts';

describe('a table', () => {
  it('aligns columns and cuts only the last', () => {
    expect(
      table(
        [
          ['a', 'bbbb', 'first'],
          ['aaa', 'b', 'second column'],
        ],
        17,
      ),
    ).toBe('a    bbbb  first\naaa  b     secon…\n');
  });

  it('does not count colours', () => {
    expect(
      table([
        ['\u001B[31ma\u001B[39m', 'x'],
        ['bb', 'y'],
      ]),
    ).toBe('\u001B[31ma\u001B[39m   x\nbb  y\n');
  });
});

describe('host or host/server', () => {
  it('is taken apart', () => {
    expect(parseTarget('gpu1')).toEqual({ host: 'gpu1' });
    expect(parseTarget('gpu1/files')).toEqual({ host: 'gpu1', server: 'files' });
  });

  it.each(['', '/', 'gpu1/', '/files', 'a/b/c'])('%j is refused', (text) => {
    expect(() => parseTarget(text)).toThrow('is not a host or host/server');
  });
});

describe('the welcome', () => {
  const program = { node: '/opt/node/bin/node', file: '/opt/mcp/dist/bin.js', version: '1.0.0' };
  const text = welcomeText({ env: {}, platform: 'linux', homeDir: '/home/me', program });

  it('names the file to write, absolutely, and the command for AI clients', () => {
    expect(text).toContain('/home/me/.config/mcp-anywhere/config.yaml');
    expect(text).toContain('mcp-anywhere install\n');
  });

  it('gives a hosts file that parses, and a snippet that starts this very program', () => {
    const start = text.indexOf('    version: 1');
    const starter: unknown = parse(text.slice(start, text.indexOf('2. Check')));
    expect(starter).toMatchObject({ version: 1, hosts: { gpu1: { servers: { files: { command: 'npx' } } } } });
    expect(JSON.parse(clientSnippet(program.node, program.file))).toEqual({
      mcpServers: { anywhere: { command: '/opt/node/bin/node', args: ['/opt/mcp/dist/bin.js'] } },
    });
  });
});

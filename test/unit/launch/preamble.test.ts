import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Preamble, PreambleReader } from '../../../src/launch/preamble.ts';

const NONCE = '0123456789abcdef0123456789abcdef';
const PROBED = `\n${NONCE} machine\nLinux x86_64\n/bin/zsh\noutput\n${NONCE} variables\n_MHOW=-ilc\nPATH=/a:/b=c\nSECRET=x\nHTTP_PROXY=http://me:pw@proxy:1\nhttps_proxy=http://proxy:1\n${NONCE} end\n`;
const READY = `\n${NONCE} ready 12 34\n`;

function read(...chunks: readonly (string | Buffer)[]): Preamble | undefined {
  const reader = new PreambleReader(NONCE);
  let found: Preamble | undefined;
  for (const chunk of chunks) found ??= reader.push(Buffer.from(chunk));
  return found;
}

describe('PreambleReader', () => {
  it('finds the ids, and leaves the program its bytes', () => {
    const found = read(`${READY}{"a":1}\nrest`);
    expect(found?.end).toEqual({ kind: 'ready', pid: 12, sshdPid: 34 });
    expect(found?.rest.toString()).toBe('{"a":1}\nrest');
    expect(found).toMatchObject({ noise: [], environment: undefined });
  });

  it('keeps what start files print as lines', () => {
    const found = read(`Welcome\r\n\nno newline at the end${READY}\n`);
    expect(found?.noise).toEqual(['Welcome', 'no newline at the end']);
    expect(found?.rest.toString()).toBe('\n');
  });

  it('learns the machine from a probe: allowed variables, without credentials', () => {
    const found = read(`noise${PROBED}${READY}`);
    expect(found?.environment).toEqual({
      system: 'Linux x86_64',
      shell: '/bin/zsh',
      asked: '-ilc',
      variables: new Map([
        ['PATH', '/a:/b=c'],
        ['https_proxy', 'http://proxy:1'],
      ]),
    });
    expect(found).toMatchObject({ outputWatch: true, noise: ['noise'] });
  });

  it('knows a probe that was not answered', () => {
    const found = read(`\n${NONCE} machine\nLinux x86_64\n/bin/zsh\ninput\n\n${READY}`);
    expect(found?.environment).toEqual({ system: 'Linux x86_64', shell: '/bin/zsh', asked: '', variables: new Map() });
    expect(found?.outputWatch).toBe(false);
  });

  it.each([
    ['no-folder', 'no-folder'],
    ['no-command', 'no-command'],
  ])('knows the end %s', (mark, kind) => {
    expect(read(`\n${NONCE} ${mark}\n`)?.end).toEqual({ kind });
  });

  it('is not deceived by another nonce', () => {
    const reader = new PreambleReader(NONCE);
    expect(reader.push(Buffer.from(`\nfedcba98 ready 1 2\nx ${NONCE} ready 1 2\n`))).toBeUndefined();
    expect(reader.noise()).toHaveLength(2);
  });

  it.each([
    ['an endless line', () => Buffer.alloc(64 * 1024, 'x')],
    ['lines without end', () => Buffer.from('x\n'.repeat(5_000))],
    ['a probe that never ends', (at: number) => Buffer.from(at === 0 ? `${NONCE} machine\n` : 'A=b\n'.repeat(5_000))],
  ])('gives up on %s, and keeps little of it', (_what, block) => {
    const reader = new PreambleReader(NONCE);
    for (let at = 0; at < 100; at += 1) expect(reader.push(block(at))).toBeUndefined();
    expect(reader.isOver).toBe(true);
    expect(reader.push(Buffer.from(READY))).toBeUndefined();
    expect(reader.noise().join('').length).toBeLessThanOrEqual(512 * 1024);
  });

  it('says the same however the bytes are cut', () => {
    const whole = Buffer.from(`né${PROBED}more${READY}é{"id":1}\n`);
    const expected = read(whole);
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 30 }), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), whole.length];
        const chunks = places.slice(1).map((end, index) => whole.subarray(places[index], end));
        const reader = new PreambleReader(NONCE);
        let found: Preamble | undefined;
        const program: Buffer[] = [];
        for (const chunk of chunks) {
          if (found !== undefined) program.push(chunk);
          else {
            found = reader.push(chunk);
            if (found !== undefined) program.push(found.rest);
          }
        }
        expect({ ...found, rest: undefined }).toEqual({ ...expected, rest: undefined });
        expect(Buffer.concat(program).toString()).toBe('é{"id":1}\n');
      }),
    );
  });
});

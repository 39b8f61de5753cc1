import { expect, it } from 'vitest';
import { nearTools } from '../../../src/config/near-miss.ts';

const KNOWN = ['gpu1__every__echo', 'gpu1__files__read_file', 'nas__files__read_file', 'nas__media__search'];

it.each([
  ['gpu1_every_echo', ['gpu1__every__echo']],
  ['every__echo', ['gpu1__every__echo']],
  ['echo', ['gpu1__every__echo']],
  ['mcp__anywhere__gpu1__every__echo', ['gpu1__every__echo']],
  ['anywhere:gpu1__every__echo', ['gpu1__every__echo']],
  ['gpu1.every.echo', ['gpu1__every__echo']],
  ['GPU1__Every__Echo', ['gpu1__every__echo']],
  ['read_file', ['gpu1__files__read_file', 'nas__files__read_file']],
  ['nas__files__raed_file', ['nas__files__read_file']],
  ['serach', ['nas__media__search']],
  ['write_everything_anew', []],
  ['', []],
  ['mcp__anywhere__', []],
])('%j may mean %j', (written, meant) => {
  expect(nearTools(written, KNOWN)).toEqual(meant);
});

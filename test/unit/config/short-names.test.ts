import { expect, it } from 'vitest';
import { planOf, problemsIn, serverOf } from './helpers.ts';

it('stand for host and server in public names; left out, their own names do', () => {
  expect(serverOf('hosts: { h: { as: x, servers: { s: { command: c, as: "1" } } } }').namedAs).toEqual(['x', '1']);
  expect(serverOf('hosts: { h: { servers: { s: { command: c } } } }').namedAs).toEqual(['h', 's']);
  const inherited = 'defaults: { servers: { s: { command: c, as: d } } }\nhosts: { h: {}, i: { as: j } }';
  expect(planOf(inherited).hosts.map(({ servers }) => servers[0]?.namedAs)).toEqual([
    ['h', 'd'],
    ['j', 'd'],
  ]);
});

it.each([
  ['hosts: { h: { as: a__b } }', 'hosts.h.as'],
  ['hosts: { h: { as: _a } }', 'hosts.h.as'],
  ['hosts: { h: { as: "a b" } }', 'hosts.h.as'],
  ['hosts: { h: { as: "" } }', 'hosts.h.as'],
  ['hosts: { h: { as: i }, i: {} }', 'hosts.h.as'],
  ['hosts: { i: {}, h: { as: i } }', 'hosts.h.as'],
  ['hosts: { h: { as: x }, i: { as: x } }', 'hosts.i.as'],
  ['hosts: { h: { as: p, servers: { s: { command: c } } } }\npools: { p: { members: [h/s] } }', 'hosts.h.as'],
  ['hosts: { h: { servers: { s: { command: c, as: t }, t: { command: c } } } }', 'hosts.h.servers.s.as'],
  [
    'defaults: { servers: { t: { command: c } } }\nhosts: { h: { servers: { s: { command: c, as: t } } } }',
    'hosts.h.servers.s.as',
  ],
])('must be legal and their own: %s', (text, key) => {
  expect(problemsIn(text).map((problem) => problem.key)).toEqual([key]);
});

it('may be the same on servers of different hosts', () => {
  const server = '{ servers: { s: { command: c, as: x } } }';
  expect(problemsIn(`hosts: { h: ${server}, i: ${server} }`)).toEqual([]);
});

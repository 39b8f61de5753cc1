import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UriAliases } from '../../../src/catalog/alias.ts';
import { proves } from '../../requirements.ts';
import { planOf, serverPlan } from './kit.ts';

const files = serverPlan('box', 'files');
const other = serverPlan('box', 'other');
const far = serverPlan('far', 'files');
const several = new UriAliases(planOf([files, other, far]));

const uri = fc.oneof(
  fc.webUrl(),
  fc.string({ minLength: 1 }),
  fc.constantFrom(
    'file:///a b',
    'ui://app/x',
    'ui://',
    'ui:///',
    'UI://x',
    'mcpa://box/files/x',
    'ui://box__files/x',
    'file:///{path}{?a*}',
    '{+whole}',
    'urn:x:y',
    '/',
    'é😀',
  ),
  fc.string().map((rest) => `ui://${rest}`),
);

describe('UriAliases', () => {
  it('leads back to the server and its own URI', () => {
    fc.assert(
      fc.property(fc.constantFrom(files, other, far), uri, (server, own) => {
        expect(several.toOriginal(several.toPublic(server, own))).toEqual({ server, uri: own });
      }),
    );
  });

  it('gives different servers different URIs', () => {
    fc.assert(
      fc.property(uri, (own) => {
        expect(new Set([files, other, far].map((server) => several.toPublic(server, own))).size).toBe(3);
      }),
    );
  });

  it(proves('keeps templates as templates and apps as apps', 'resources'), () => {
    expect(several.toPublic(files, 'file:///{path}{?q*}')).toBe('mcpa://box/files/file:///{path}{?q*}');
    expect(several.toPublic(files, 'ui://app/{id}')).toBe('ui://box__files/app/{id}');
  });

  it('finds the owner of what a client made of a template', () => {
    expect(several.toOriginal('mcpa://far/files/file:///etc/hosts?q=1')).toEqual({
      server: far,
      uri: 'file:///etc/hosts?q=1',
    });
  });

  it.each([
    'file:///x',
    'mcpa://',
    'mcpa://box',
    'mcpa://box/files',
    'mcpa://box/none/x',
    'mcpa://none/files/x',
    'mcpa://box__files/x',
    'ui://none/x',
    'ui://box/files/x',
    'MCPA://box/files/x',
    '',
  ])('knows no owner of %j', (strange) => {
    expect(several.toOriginal(strange)).toBeUndefined();
  });

  it('leaves everything as it is with a single server, whatever it looks like', () => {
    const single = new UriAliases(planOf([files]));
    expect([single.isActive, several.isActive]).toEqual([false, true]);
    fc.assert(
      fc.property(uri, (own) => {
        expect(single.toPublic(files, own)).toBe(own);
        expect(single.toOriginal(own)).toEqual({ server: files, uri: own });
      }),
    );
  });

  it('does not depend on what is enabled or offered', () => {
    expect(new UriAliases(planOf([files, { ...other, enabled: false }])).isActive).toBe(true);
  });
});

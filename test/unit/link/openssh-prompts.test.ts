import { describe, expect, it } from 'vitest';
import { parseHop } from '../../../src/link/openssh/jump.ts';
import { taskOf } from '../../../src/link/openssh/prompts.ts';

describe('a prompt of ssh', () => {
  it.each([
    ["Enter passphrase for key '/home/me/.ssh/id': ", 'passphrase'],
    ['Enter PIN for ED25519-SK key /home/me/.ssh/id_sk: ', 'passphrase'],
    ["me@box.example's password: ", 'password'],
    ['(me@box.example) Verification code: ', 'keyboard-interactive'],
    ['(me@box.example) Enter passphrase for your bank: ', 'keyboard-interactive'],
    ['anything else', 'keyboard-interactive'],
  ])('%s is a question for a %s', (text, kind) => {
    expect(taskOf('box', { text, kind: '' })).toEqual({
      kind: 'ask',
      question: { host: 'box', kind, text, echo: false },
    });
  });

  it('about an unknown host key or a consent is never answered', () => {
    expect(
      taskOf('box', { text: 'Are you sure you want to continue connecting (yes/no/[fingerprint])? ', kind: '' }),
    ).toEqual({ kind: 'refuse' });
    expect(taskOf('box', { text: 'Allow use of key id?', kind: 'confirm' })).toEqual({ kind: 'refuse' });
  });

  it('that only tells something is no question', () => {
    expect(taskOf('box', { text: 'Confirm user presence for key ED25519-SK', kind: 'none' })).toEqual({
      kind: 'notice',
    });
  });
});

describe('a jump host', () => {
  it.each([
    ['bastion', { alias: 'bastion', user: undefined, port: undefined }],
    ['me@bastion:2222', { alias: 'bastion', user: 'me', port: 2222 }],
    ['ssh://me@bastion:2222/', { alias: 'bastion', user: 'me', port: 2222 }],
    ['me@corp@bastion', { alias: 'bastion', user: 'me@corp', port: undefined }],
    ['[2001:db8::1]:22', { alias: '2001:db8::1', user: undefined, port: 22 }],
    ['2001:db8::1', { alias: '2001:db8::1', user: undefined, port: undefined }],
  ])('%s is read as ssh reads it', (text, expected) => {
    expect(parseHop(text)).toEqual(expected);
  });
});

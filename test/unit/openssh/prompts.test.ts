import { describe, expect, it } from 'vitest';
import type { Question } from '../../../src/launch/contract.ts';
import { parseHop } from '../../../src/openssh/arguments.ts';
import { taskOf } from '../../../src/openssh/asking.ts';
import { hostPrompt } from '../../../src/ssh/askpass.ts';
import { createAsker, type LoginLimit } from '../../../src/ssh2/questions.ts';

describe('a prompt of ssh', () => {
  it.each([
    ["Enter passphrase for key '/home/me/.ssh/id': ", 'passphrase'],
    ['Enter PIN for ED25519-SK key /home/me/.ssh/id_sk: ', 'passphrase'],
    ["me@box.example's password: ", 'password'],
    ['(me@box.example) Verification code: ', 'keyboard-interactive'],
    ['(me@box.example) Enter passphrase for your bank: ', 'keyboard-interactive'],
    ['anything else', 'keyboard-interactive'],
  ])('%s is a question for a %s', (text, kind) => {
    const shown = text.startsWith('(') ? text.trim() : `(me@box.example) ${text.trim()}`;
    expect(taskOf('box', 'me@box.example', { text, kind: '' })).toEqual({
      kind: 'ask',
      question: { host: 'box', kind, text: shown, echo: false },
    });
  });

  it('about an unknown host key or a consent is never answered', () => {
    expect(
      taskOf('box', 'me@box', {
        text: 'Are you sure you want to continue connecting (yes/no/[fingerprint])? ',
        kind: '',
      }),
    ).toEqual({ kind: 'refuse' });
    expect(taskOf('box', 'me@box', { text: 'Allow use of key id?', kind: 'confirm' })).toEqual({ kind: 'refuse' });
  });

  it('that only tells something is no question', () => {
    expect(taskOf('box', 'me@box', { text: 'Confirm user presence for key ED25519-SK', kind: 'none' })).toEqual({
      kind: 'notice',
    });
  });
});

describe('a prompt of a host', () => {
  it.each([
    ['our own words', 'Passphrase for /home/me/.ssh/id', '(me@box) Passphrase for /home/me/.ssh/id'],
    ['several lines', 'Code\n\n(root@bank) Password: ', '(me@box) Code (root@bank) Password:'],
    ['a terminal sequence', '\u001b[2J\u202eCode', '(me@box) \\u{1b}[2J\\u{202e}Code'],
    ['a text without end', 'x'.repeat(5_000), `(me@box) ${'x'.repeat(990)}…`],
    ['a text that is cut in a letter', `${'x'.repeat(989)}😀😀`, `(me@box) ${'x'.repeat(989)}…`],
    ['the mark itself', '(me@box) Code: ', '(me@box) Code:'],
  ])('in %s is marked as its own', (_name, text, shown) => {
    expect(hostPrompt('me@box', text)).toBe(shown);
  });

  it('reaches every asker so, whichever way the login goes', async () => {
    const asked: Question[] = [];
    const asker = createAsker({
      ...{ host: 'box', login: 'me@box', signal: new AbortController().signal },
      prompter: (question) => Promise.resolve(void asked.push(question)),
      limit: { paused: (work: () => Promise<unknown>) => work() } as unknown as LoginLimit,
    });
    const prompts = [{ prompt: 'Passphrase for /k', echo: false }];
    await new Promise((resolve) => {
      asker.interactive('', 'Hello\r\nyou', '', prompts, resolve);
    });
    expect(asked).toMatchObject([{ text: '(me@box) Hello you Passphrase for /k', kind: 'keyboard-interactive' }]);
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

import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/api/events.ts';
import { AnywhereError } from '../../../src/base/errors.ts';
import { outcomeOf } from '../../../src/calls/call.ts';
import { Message } from '../../../src/protocol/message.ts';

function reply(result: object): Message | undefined {
  return Message.parse(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, result })));
}

const text = (length: number): object[] => [{ type: 'text', text: 'Ex'.repeat(length / 2) }];

/** Short, within one native search, and searched at both ends only. */
const LENGTHS = [2, 180, 2000, 100_000];

describe('outcomeOf', () => {
  it.each(LENGTHS)('sees a failure before and behind %i characters of content', (length) => {
    expect(outcomeOf(reply({ isError: true, content: text(length) }))).toBe('tool-error');
    expect(outcomeOf(reply({ content: text(length), isError: true }))).toBe('tool-error');
    expect(outcomeOf(reply({ content: text(length), isError: false }))).toBe('ok');
    expect(outcomeOf(reply({ content: text(length) }))).toBe('ok');
  });

  it('is not misled by the word in a text, or deeper in the result', () => {
    expect(outcomeOf(reply({ content: [{ type: 'text', text: '"isError":true' }] }))).toBe('ok');
    expect(outcomeOf(reply({ content: [], structuredContent: { isError: true } }))).toBe('ok');
    expect(outcomeOf(reply({ content: [], isErrors: true }))).toBe('ok');
  });

  it.each<[string, unknown, Outcome]>([
    ['an error', Message.parse(Buffer.from('{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}')), 'error'],
    ['a lost link', new AnywhereError('LINK_LOST', 'gone'), 'error'],
    ['a cancellation', new AnywhereError('CANCELLED', 'enough'), 'cancelled'],
    ['anything else', new TypeError('x'), 'error'],
  ])('calls %s by its name', (_, outcome, expected) => {
    expect(outcomeOf(outcome)).toBe(expected);
  });
});

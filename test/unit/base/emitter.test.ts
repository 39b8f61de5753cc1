import { expect, it } from 'vitest';
import { Emitter } from '../../../src/base/emitter.ts';

it('tells those who listened when it began, in order, and nobody who has left', () => {
  const emitter = new Emitter<number>();
  const heard: string[] = [];
  const leave = emitter.on((value) => {
    heard.push(`a${value}`);
    leave();
    emitter.on((next) => heard.push(`c${next}`));
  });
  emitter.on((value) => heard.push(`b${value}`));
  emitter.emit(1);
  emitter.emit(2);
  expect([heard, emitter.size]).toEqual([['a1', 'b1', 'b2', 'c2'], 2]);
});

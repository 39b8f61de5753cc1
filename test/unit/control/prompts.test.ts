import { describe, expect, it } from 'vitest';
import { PromptDesk, type PromptDeskDeps } from '../../../src/control/prompts.ts';
import type { Prompter, Question } from '../../../src/launch/contract.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { control } from '../daemon/kit.ts';
import { server } from '../gateway/kit.ts';

const question: Question = { host: 'box', kind: 'passphrase', text: 'Passphrase for /k', echo: false };
const never: Prompter = () => new Promise(() => undefined);
const nobody: Prompter = () => Promise.resolve(undefined);

function desk(more: Partial<PromptDeskDeps> = {}): { desk: PromptDesk; clock: ManualClock; live: AbortSignal } {
  const clock = new ManualClock();
  return {
    clock,
    live: new AbortController().signal,
    desk: new PromptDesk({ clock, askpass: nobody, waitMs: 1000, onError: () => undefined, ...more }),
  };
}

describe('a question to a person', () => {
  it('waits for whoever comes next', async () => {
    const { desk: prompts, live } = desk();
    const answer = prompts.prompter(question, live);
    expect(prompts.pending).toMatchObject([{ id: 1, host: 'box', kind: 'passphrase', text: 'Passphrase for /k' }]);
    prompts.attach(() => Promise.resolve('open sesame'));
    expect(await answer).toBe('open sesame');
    expect(prompts.pending).toEqual([]);
  });

  it('is taken back from the others when one has answered', async () => {
    const { desk: prompts, live } = desk();
    const withdrawn: string[] = [];
    const slowFace: Prompter = (_, signal) =>
      new Promise(() => {
        signal.addEventListener('abort', () => withdrawn.push('slow'));
      });
    prompts.attach(slowFace);
    const answer = prompts.prompter(question, live);
    expect(prompts.answer(1, 'first')).toBe(true);
    expect(await answer).toBe('first');
    expect(withdrawn).toEqual(['slow']);
    expect(prompts.answer(1, 'second')).toBe(false);
  });

  it('is declined by a person who declines, not by a face that goes', async () => {
    const { desk: prompts, live } = desk();
    const leave = prompts.attach(() => Promise.reject(new Error('gone')));
    const answer = prompts.prompter(question, live);
    await Promise.resolve();
    leave();
    expect(prompts.pending).toHaveLength(1);
    prompts.attach(nobody);
    expect(await answer).toBeUndefined();
  });

  it('is given up after its time', async () => {
    const { desk: prompts, clock, live } = desk();
    const answer = prompts.prompter(question, live);
    clock.advance(1001);
    expect(await answer).toBeUndefined();
    expect(prompts.pending).toEqual([]);
  });

  it('goes with the connection that asked it', async () => {
    const { desk: prompts } = desk({ askpass: never });
    const controller = new AbortController();
    const answer = prompts.prompter(question, controller.signal);
    controller.abort();
    expect(await answer).toBeUndefined();
    expect(prompts.pending).toEqual([]);
  });

  it('is asked by askpass where no face is, and that too is ended by a face that is faster', async () => {
    const { desk: prompts, live } = desk({ askpass: () => Promise.resolve('by askpass') });
    expect(await prompts.prompter(question, live)).toBe('by askpass');
    let ended = false;
    const waiting = desk({
      askpass: (_, signal) =>
        new Promise(() => {
          signal.addEventListener('abort', () => (ended = true));
        }),
    });
    const answer = waiting.desk.prompter(question, waiting.live);
    waiting.desk.attach(() => Promise.resolve('by a face'));
    expect([await answer, ended]).toEqual(['by a face', true]);
  });

  it('is not asked by askpass where a face is', async () => {
    let asked = false;
    const { desk: prompts, live } = desk({
      askpass: () => {
        asked = true;
        return nobody(question, live);
      },
    });
    prompts.attach(() => Promise.resolve('by a face'));
    expect(await prompts.prompter(question, live)).toBe('by a face');
    expect(asked).toBe(false);
  });

  it('does not wait where nobody will come', async () => {
    const { desk: prompts, live } = desk({ waitMs: 0 });
    expect(await prompts.prompter(question, live)).toBeUndefined();
  });
});

describe('faces', () => {
  const echo = server('box/echo', 'echo.mjs');
  const live = new AbortController().signal;

  it('see what waits, are told when it is settled, and can answer it', async () => {
    const { client, prompts } = control([echo], { starts: false });
    const types: string[] = [];
    client.on('event', ({ event }) => types.push(event.type));
    await client.request('events/subscribe', {});
    const answer = prompts.prompter(question, live);
    const [prompt] = (await client.request('snapshot', {})).prompts;
    expect(prompt).toMatchObject({ host: 'box', text: 'Passphrase for /k', echo: false });
    await client.request('prompt/answer', { id: prompt?.id ?? 0, answer: 'xyzzy' });
    expect(await answer).toBe('xyzzy');
    await expect.poll(() => types).toHaveLength(2);
    expect(types).toEqual(['prompt-asked', 'prompt-settled']);
    await expect(client.request('prompt/answer', { id: prompt?.id ?? 0, answer: null })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  it('with a person are asked, one thing at a time', async () => {
    const { client, prompts } = control([echo], { starts: false });
    let open = 0;
    await client.answer(async ({ text }) => {
      open += 1;
      expect(open).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      return text.toUpperCase();
    });
    const answers = ['a', 'b'].map((text) => prompts.prompter({ ...question, text }, live));
    expect(await Promise.all(answers)).toEqual(['A', 'B']);
  });

  it('that leave without an answer leave the question to the next', async () => {
    const { client, face, prompts } = control([echo], { starts: false });
    await client.answer(() => new Promise(() => undefined));
    const answer = prompts.prompter(question, live);
    await client.close();
    expect(prompts.pending).toHaveLength(1);
    const next = face();
    await next.answer(() => Promise.resolve('here'));
    expect(await answer).toBe('here');
  });
});

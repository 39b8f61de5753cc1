import { describe, expect, it } from 'vitest';
import { Scope } from '../../../src/base/scope.ts';

function open(): { scope: Scope; errors: unknown[] } {
  const errors: unknown[] = [];
  return { scope: new Scope((error) => errors.push(error)), errors };
}

describe('Scope', () => {
  it('reports what fails in it, and no rejection is left unhandled', async () => {
    const { scope, errors } = open();
    scope.run(Promise.reject(new Error('a')));
    scope.run(Promise.resolve('b'));
    await new Promise(setImmediate);
    expect(errors.map(String)).toEqual(['Error: a']);
  });

  it('aborts its signal, closes in reverse order and waits for all', async () => {
    const { scope } = open();
    const order: string[] = [];
    const reason = new Error('why');
    scope.onClose(() => {
      order.push('first');
    });
    scope.onClose(async () => {
      await Promise.resolve();
      order.push('second');
    });
    scope.run(
      new Promise<void>((resolve) => {
        scope.signal.addEventListener('abort', () =>
          setTimeout(() => {
            order.push('work');
            resolve();
          }, 5),
        );
      }),
    );
    await scope.close(reason);
    expect([order, scope.signal.reason]).toEqual([['second', 'first', 'work'], reason]);
  });

  it('closes once, and closes the rest where one closer fails', async () => {
    const { scope, errors } = open();
    let closed = 0;
    scope.onClose(() => {
      closed += 1;
    });
    scope.onClose(() => {
      throw new Error('closer');
    });
    await Promise.all([scope.close(), scope.close()]);
    expect([closed, errors.map(String)]).toEqual([1, ['Error: closer']]);
  });

  it('does not report failures that its closing causes', async () => {
    const { scope, errors } = open();
    scope.run(
      new Promise((_resolve, reject) => {
        scope.signal.addEventListener('abort', () => {
          reject(new Error('aborted'));
        });
      }),
    );
    await scope.close();
    expect(errors).toEqual([]);
  });

  it('closes at once what comes after', async () => {
    const { scope } = open();
    await scope.close();
    let closed = false;
    scope.onClose(() => {
      closed = true;
    });
    await Promise.resolve();
    await Promise.resolve();
    expect(closed).toBe(true);
  });

  it('forgets what ended before it', async () => {
    const scope = new Scope(() => undefined);
    const closed: string[] = [];
    scope.onClose(() => {
      closed.push('kept');
    });
    const forget = scope.onClose(() => {
      closed.push('forgotten');
    });
    forget();
    await scope.close();
    expect(closed).toEqual(['kept']);
  });
});

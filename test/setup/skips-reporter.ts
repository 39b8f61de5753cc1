/** Writes one line per skipped test, with the reason given to `context.skip(reason)`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

export class SkipsReporter implements Reporter {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = modules.flatMap((module) =>
      [...module.children.allTests('skipped')].map((test) => {
        const result = test.result();
        const reason = result.state === 'skipped' ? result.note : undefined;
        return `${module.relativeModuleId} > ${test.fullName}: ${reason ?? 'no reason given'}\n`;
      }),
    );
    mkdirSync(path.dirname(this.#file), { recursive: true });
    writeFileSync(this.#file, lines.join(''));
  }
}

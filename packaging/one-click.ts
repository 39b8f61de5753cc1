/** Writes server.json, and the links of README.md and the documentation: `npm run one-click`, after a change of package.json. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pages, rootPath, serverJson, withLinks } from './entry.ts';

function write(name: string, text: string): void {
  const file = path.join(rootPath, name);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  writeFileSync(file, text);
  process.stdout.write(`wrote ${name}\n`);
}

write('server.json', `${JSON.stringify(serverJson, null, 2)}\n`);
for (const page of pages) {
  const file = path.join(rootPath, page);
  if (existsSync(file)) write(page, withLinks(page, readFileSync(file, 'utf8')));
}

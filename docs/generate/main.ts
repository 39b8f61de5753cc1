/** `npm run docs`: writes every file of the documentation that is made from the program. */
import { writeFileSync } from 'node:fs';
import { madeFiles } from './files.ts';

for (const [path, text] of madeFiles()) writeFileSync(new URL(`../../${path}`, import.meta.url), text);

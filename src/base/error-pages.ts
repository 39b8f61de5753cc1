/** The page of each error code, for `explain` and docs/errors.md. Commands stand in backticks, and work as they are written. */

import { HOST_PAGES } from './error-pages-hosts.ts';
import { PROGRAM_PAGES } from './error-pages-program.ts';
import { SERVER_PAGES } from './error-pages-servers.ts';
import type { ErrorCause, ErrorCode } from './errors.ts';
import { FINDING_PAGES } from './finding-codes.ts';

export const ERROR_PAGES: Readonly<Record<ErrorCode, readonly ErrorCause[]>> = {
  ...PROGRAM_PAGES,
  ...HOST_PAGES,
  ...SERVER_PAGES,
  ...FINDING_PAGES,
};

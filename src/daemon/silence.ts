/** What to say of a daemon that runs and does not answer. Loaded only then. */
import { AnywhereError } from '../base/errors.ts';
import { livingRecord } from './daemon-record.ts';
import type { Endpoint } from './endpoint.ts';
import { isHalted } from './process-start.ts';

/** @param waitedMs for its answer, or for one to start */
export async function silentDaemon(
  endpoint: Pick<Endpoint, 'record' | 'log'>,
  hostsFile: string,
  waitedMs: number,
): Promise<AnywhereError> {
  const record = await livingRecord(endpoint);
  const time = `within ${waitedMs / 1000} s`;
  if (record === undefined)
    return new AnywhereError('NO_DAEMON', `No daemon of ${hostsFile} answered ${time}.`, {
      hint: `read ${endpoint.log}`,
    });
  const { pid } = record;
  const why = (await isHalted(pid)) ? 'it was stopped (SIGSTOP)' : 'it hangs';
  return new AnywhereError('NO_DAEMON', `The daemon of ${hostsFile} does not answer ${time}: ${why}.`, {
    evidence: [`process ${pid}, log ${record.log}`],
    hint: await wakeOrEnd(pid),
  });
}

/** What helps against a daemon that does not answer. It takes no other signal while it is stopped, or hangs. */
export async function wakeOrEnd(pid: number): Promise<string> {
  return (await isHalted(pid)) ? `kill -CONT ${pid}` : `kill -9 ${pid}, and the next client starts another`;
}

/** The findings of `doctor` on this machine, from the rooms that know them. */
import { systemClock } from '../base/clock.ts';
import { counted } from '../base/counted.ts';
import { AnywhereError } from '../base/errors.ts';
import { clearLeftover, leftovers, locateDaemon, runningDaemons, socketFolder } from '../daemon/start.ts';
import { type Broken, brokenEntries, repairEntry } from '../setup/client-health.ts';
import type { Surroundings } from '../setup/install.ts';
import { plainSecretsIn } from '../setup/secrets.ts';
import { checkAgent, checkFiles, checkNode, checkSsh, type Finding, finding, fine } from '../setup/self-check.ts';
import type { CliContext } from './context.ts';
import { editPlace } from './hosts-edit.ts';

export async function localFindings(context: CliContext): Promise<readonly Finding[]> {
  const { io, globals } = context;
  const surroundings: Surroundings = { ...io, config: globals.config };
  const { node, version } = io.program;
  const [ssh, agent, files, daemons, entries, secrets] = await Promise.all([
    checkSsh(io),
    checkAgent(io, systemClock(), io.signal),
    checkFiles(io, { sockets: socketFolder(io), hostsFile: await hostsFile(context) }),
    daemonFindings(context),
    brokenEntries(surroundings),
    secretFindings(context),
  ]);
  const broken = entries.map((one) => brokenFinding(one, surroundings));
  return [checkNode(node, process.versions.node, version), ssh, agent, ...files, ...secrets, ...daemons, ...broken];
}

/** Undefined where there is none, and for the user's own: the examination says what is wrong with that. */
async function hostsFile({ io, globals }: CliContext): Promise<string | undefined> {
  const { env, cwd, homeDir, platform, program } = io;
  try {
    const where = { config: globals.config, env, cwd, homeDir, platform, version: program.version };
    const { found } = await locateDaemon(where);
    return found.source === 'user' ? undefined : found.file;
  } catch (error) {
    if (error instanceof AnywhereError) return undefined;
    throw error;
  }
}

async function secretFindings(context: CliContext): Promise<readonly Finding[]> {
  const found = await plainSecretsIn(editPlace(context));
  if (found === undefined) return [];
  const text = `${found.file} holds ${counted(found.places.length, 'secret')} in plain text.`;
  const evidence = [...found.places];
  // `secret move` leaves arguments: process lists show them, whatever they refer to.
  const hint = found.places.every((place) => / argument \d+$/.test(place))
    ? 'pass the secret in a variable (`env`), if the program reads one, and then mcp-anywhere secret move'
    : 'mcp-anywhere secret move';
  return [finding('config', new AnywhereError('SECRET_STORE', text, { evidence, hint }))];
}

async function daemonFindings({ io }: CliContext): Promise<readonly Finding[]> {
  try {
    const [running, left] = await Promise.all([runningDaemons(io), leftovers(io)]);
    const others = running.filter(({ version }) => version !== io.program.version);
    const old = others.map(({ pid, version, file }) => {
      const text = `A daemon of version ${version} (pid ${pid}) still serves clients of ${file}; this is ${io.program.version}.`;
      return finding(
        'daemon',
        new AnywhereError('NO_DAEMON', text, { hint: 'restart those clients: mcp-anywhere ps' }),
      );
    });
    const dead = left.map((one) =>
      finding(
        'daemon',
        new AnywhereError('DAEMON_LEFTOVERS', 'A daemon that was killed left its lock behind.', {
          evidence: [one.lock, ...one.files],
        }),
        {
          says: `cleared what a killed daemon left at ${one.lock}`,
          run: async () => {
            if (!(await clearLeftover(one))) throw new AnywhereError('NO_DAEMON', 'a daemon has started meanwhile');
          },
        },
      ),
    );
    const own = running.length - others.length;
    const text = running.length === 0 ? 'none runs' : `${counted(own, 'daemon')} of this version`;
    return [...old, ...dead, ...(old.length + dead.length === 0 ? [fine('daemon', text)] : [])];
  } catch (error) {
    // The folder of the sockets is not ours alone.
    if (error instanceof AnywhereError && error.code === 'FOLDER_UNUSABLE') return [finding('daemon', error)];
    throw error;
  }
}

function brokenFinding(broken: Broken, surroundings: Surroundings): Finding {
  const { client, file, entry, missing } = broken;
  const text =
    missing === undefined
      ? `${client.title} has lost the entry of MCP-Anywhere.`
      : `${client.title} cannot start MCP-Anywhere: ${missing} does not exist.`;
  const evidence = [`the entry ${entry} of ${file}`];
  const forget = missing === undefined ? `, or to leave it out: mcp-anywhere uninstall ${client.id}` : '';
  const hint = `mcp-anywhere install ${client.id}${forget}`;
  return finding('client', new AnywhereError('CLIENT_CONFIG', text, { evidence, hint }), {
    says: `wrote the entry ${entry} of ${file} again: ${client.reload ?? `restart ${client.title}`}`,
    run: (signal) => repairEntry(broken, surroundings, signal),
  });
}

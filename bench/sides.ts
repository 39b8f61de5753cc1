/** The two sides of a comparison, connected and warm: the same server through this program and through plain ssh. */
import type { LineClient } from './client.ts';
import type { World } from './world.ts';

const HOST = 'box';
const TEXT = 'k'.repeat(1024);

/** A client, and what the tools are called there. */
export interface Side {
  readonly client: LineClient;
  /** Params of a call that sends 1 KB and gets it back. */
  readonly echo: string;
  /** Params of a call that gets so many bytes. */
  readonly big: (bytes: number) => string;
}

export interface Sides {
  readonly ours: Side;
  readonly baseline: Side;
}

export async function bothSides(world: World, port: number): Promise<Sides> {
  const setting = world.setting({ hosts: [HOST], servers: { echo: world.nodeEcho }, port });
  return {
    ours: await side(world.gateway(setting), `${HOST}__echo__`),
    baseline: await side(world.plainSsh(setting, HOST, world.nodeEcho), ''),
  };
}

export async function closeBoth({ ours, baseline }: Sides): Promise<void> {
  await Promise.all([ours.client.close(), baseline.client.close()]);
}

/** @param tool that it has to offer */
export async function side(client: LineClient, prefix: string, tool = 'echo'): Promise<Side> {
  await client.initialize();
  await client.listUntil([`${prefix}${tool}`]);
  return {
    client,
    echo: JSON.stringify({ name: `${prefix}echo`, arguments: { text: TEXT } }),
    big: (bytes) => JSON.stringify({ name: `${prefix}big`, arguments: { bytes } }),
  };
}

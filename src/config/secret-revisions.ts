/** Notices that a stored secret is another one than servers got, without keeping any value. */
import { createHmac, randomBytes } from 'node:crypto';
import type { HostPlan, Plan, ServerPlan, Template } from './plan.ts';

/** A locked keychain may wait for a person who is away. */
const LOOK_MS = 3_000;

interface Seen {
  readonly digest: string;
  readonly revision: number;
}

export class SecretRevisions {
  readonly #key = randomBytes(32);
  readonly #seen = new Map<string, Seen>();

  /** A server gets this value. */
  saw(name: string, value: string): void {
    const digest = createHmac('sha256', this.#key).update(value).digest('base64');
    const before = this.#seen.get(name);
    if (before?.digest === digest) return;
    this.#seen.set(name, { digest, revision: before === undefined ? 0 : before.revision + 1 });
  }

  /** Looks again at the secrets that servers got. One that cannot be read now counts as unchanged. */
  async revised(plan: Plan, get: (name: string, signal: AbortSignal) => Promise<string | undefined>): Promise<Plan> {
    const limit = AbortSignal.timeout(LOOK_MS);
    const looks = [...this.#seen.keys()].map(async (name) => {
      const value = await get(name, limit).catch(() => undefined);
      if (value !== undefined) this.saw(name, value);
    });
    await Promise.all(looks);
    const isFirst = [...this.#seen.values()].every(({ revision }) => revision === 0);
    return isFirst ? plan : { ...plan, hosts: plan.hosts.map((host) => this.#host(host)) };
  }

  #host(host: HostPlan): HostPlan {
    return { ...host, servers: host.servers.map((server) => this.#server(server)) };
  }

  #server(server: ServerPlan): ServerPlan {
    const env = [...server.env].map(([name, template]) => [name, this.#template(template)] as const);
    return { ...server, env: new Map(env), args: server.args.map((template) => this.#template(template)) };
  }

  #template({ pieces }: Template): Template {
    return {
      pieces: pieces.map((piece) => {
        if (typeof piece === 'string' || piece.kind !== 'keychain') return piece;
        const revision = this.#seen.get(piece.name)?.revision ?? 0;
        return revision === 0 ? piece : { ...piece, revision };
      }),
    };
  }
}

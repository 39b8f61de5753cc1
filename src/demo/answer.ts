/** What the demo's servers share: the name of their machine, and the shape of an answer. */

/** The name of the demo host, which its SSH server puts into the environment of every login. */
export const demoHost = process.env['DEMO_HOST'] ?? 'this host';

export function text(content: string): { content: { type: 'text'; text: string }[] } {
  return { content: [{ type: 'text', text: content }] };
}

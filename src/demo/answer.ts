/** What the demo's servers share: who they run on, and the shape of an answer. */

/** The demo host's name, as its SSH server put it into the environment of every login. */
export const demoHost = process.env['DEMO_HOST'] ?? 'this host';

export function text(content: string): { content: { type: 'text'; text: string }[] } {
  return { content: [{ type: 'text', text: content }] };
}

/** The views of the dashboard. */

export type ViewName = 'hosts' | 'servers' | 'tools' | 'live' | 'logs' | 'stats';

/** In the order of the tabs. A new view needs an entry here, in `actions.ts`, `sources.ts` and `columns.ts`. */
export const VIEWS: readonly { readonly name: ViewName; readonly title: string }[] = [
  { name: 'hosts', title: 'Hosts' },
  { name: 'servers', title: 'Servers' },
  { name: 'tools', title: 'Tools' },
  { name: 'live', title: 'Live' },
  { name: 'logs', title: 'Logs' },
  { name: 'stats', title: 'Stats' },
];

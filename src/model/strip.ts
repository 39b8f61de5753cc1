/** Two rows about an item: its facts, and what is wrong with the next command. */
import type { ToolEntry } from '../api/control.ts';
import { counted } from '../base/counted.ts';
import type { ErrorReport } from '../base/errors.ts';
import type { Item, Model } from './model.ts';
import { cut, plain, type SpanLine, span, widthOf } from './text.ts';
import { durationText, hostSign, hostWhy, nextStep, progressText, serverSign, serverWhy } from './words.ts';
import { poolMembers } from './world.ts';

export function stripOf(model: Model, item: Item): readonly [SpanLine, SpanLine] {
  if (item.kind === 'host') {
    const { host } = item;
    const facts = [
      plain(host.name),
      plain(host.backend),
      `${host.connections} conn`,
      ...(host.tags.length === 0 ? [] : [`tags ${plain(host.tags.join(','))}`]),
    ];
    const servers = host.servers.flatMap((server) => [
      span('  '),
      span(`${plain(server.name)} `),
      span(serverSign(server).text, serverSign(server).look),
      span(` ${server.tools}`, 'dim'),
    ]);
    return [
      [span(` ${facts.join(' · ')}`, 'dim'), ...servers],
      reasonOf(hostWhy(host, model.nowMs), host.cause, model),
    ];
  }
  if (item.kind === 'server') {
    const { host, server } = item;
    const facts = ` ${plain(item.key)} · host ${hostSign(host).text} · ${counted(server.tools, 'tool')}${server.cached ? ' as last listed' : ''}`;
    return [[span(facts, 'dim')], reasonOf(serverWhy(host, server), causeOf(item), model)];
  }
  if (item.kind === 'tool')
    return [[span(` ${toolPlace(model, item.tool)}`, 'dim')], [span(` ${plain(item.tool.description ?? '')}`, 'dim')]];
  if (item.kind === 'call') {
    const { call } = item;
    const facts = [call.clientName, `${call.host}/${call.server}`, ...(progressText(call) ?? '').split('\n', 1)];
    return [[span(` ${plain(facts.filter((fact) => fact !== '').join(' · '))}`, 'dim')], []];
  }
  return [[], []];
}

/** What is wrong with a host or a server. The cause of a host is also that of its servers. */
export function causeOf(item: Item): ErrorReport | undefined {
  if (item.kind === 'host') return item.host.cause;
  return item.kind === 'server' ? (item.server.cause ?? item.server.problems[0] ?? item.host.cause) : undefined;
}

function toolPlace({ world, nowMs }: Model, tool: ToolEntry): string {
  const { pool, host, server, original } = tool;
  if (pool === undefined) return plain(`${host}/${server} · ${original}`);
  const members = poolMembers(world, tool, nowMs).map(({ name, share, meanMs }) => {
    const part = share === undefined ? '' : ` ${Math.round(share * 100)} %`;
    return `${plain(name)}${part}${meanMs === undefined ? '' : ` ${durationText(meanMs)}`}`;
  });
  return `pool ${plain(pool.name)} · ${members.join(' · ')}`;
}

/** Shows the next command whole. */
function reasonOf(text: string, cause: ErrorReport | undefined, { columns, program }: Model): SpanLine {
  if (cause === undefined) return [];
  const next = ` → ${nextStep(cause, program)}`;
  return [span(` ${cut(text, Math.max(10, columns - widthOf(next) - 1))}`, 'warn'), span(next, 'accent')];
}

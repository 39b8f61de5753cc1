/** The actions of the selected host, server, tool or call. */
import type { ActionName } from './actions.ts';
import { command } from './commands.ts';
import { formOf } from './form.ts';
import { type Effect, type Item, type Model, pushed, reloading, type Step, selectedItem, step } from './model.ts';
import { placeOf, targetOf } from './place.ts';

/** Undefined: the action is not one of an item. */
export function acted(model: Model, name: ActionName): Step | undefined {
  const item = selectedItem(model);
  if (item === undefined) return undefined;
  switch (name) {
    case 'open':
      return step(pushed(model, { kind: 'details', view: model.view, key: item.key, scroll: 0 }));
    case 'reconnect':
      return reconnecting(model, item);
    case 'restart':
      return restarting(model, item);
    case 'switch':
      return item.kind === 'server' ? switching(model, item) : undefined;
    case 'log':
      return step(withLogsOf(model, item));
    case 'explain':
      return explaining(model, item);
    case 'cancel':
      return item.kind === 'call' ? cancelling(model, item) : undefined;
    case 'call':
      return item.kind === 'tool' ? step(pushed(model, { kind: 'form', form: formOf(item.tool) })) : undefined;
    default:
      return undefined;
  }
}

function reconnecting(model: Model, item: Item): Step {
  const { host } = placeOf(item);
  return step({ ...model, notice: { text: `connecting to ${host} …`, look: 'dim' } }, { do: 'reconnect', host });
}

function asking(model: Model, question: string, effect: Effect, same?: string): Step {
  return step(pushed(model, { kind: 'confirm', question, command: same, effect }));
}

function restarting(model: Model, item: Item): Step {
  const target = targetOf(item);
  const question = `Restart ${target}? Its running calls fail.`;
  return asking(model, question, { do: 'restart', ...placeOf(item) }, command(model, 'restart', target));
}

function switching(model: Model, { host, server }: Extract<Item, { kind: 'server' }>): Step {
  const enabled = server.state === 'disabled';
  const target = `${host.name}/${server.name}`;
  const question = enabled
    ? `Switch ${target} on?`
    : `Switch ${target} off until the daemon ends? Its tools disappear for all clients.`;
  return asking(model, question, { do: 'enable', host: host.name, server: server.name, enabled });
}

function cancelling(model: Model, { call }: Extract<Item, { kind: 'call' }>): Step {
  const question = `Cancel ${call.tool} on ${call.host}/${call.server}? ${call.clientName} is waiting for its result.`;
  return asking(model, question, { do: 'cancel', call: call.call });
}

function withLogsOf(model: Model, item: Item): Model {
  const logs = { ...model.logs, ...placeOf(item), follow: true };
  return reloading({ ...model, view: 'logs', logs, world: { ...model.world, logs: undefined } }, 'logs');
}

function explaining(model: Model, item: Item): Step {
  const subject = targetOf(item);
  return step(pushed(model, { kind: 'explanation', subject, text: undefined, scroll: 0 }), { do: 'explain', subject });
}

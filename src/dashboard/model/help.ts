/** The help overlay: every key. */
import { line, type SpanLine, span } from '../spans.ts';

function keys(key: string, what: string): SpanLine {
  return [span(key.padEnd(12), 'accent'), span(what)];
}

export const HELP: readonly SpanLine[] = [
  line('Everywhere', 'bold'),
  keys('1–6  [ ]', 'views: hosts, servers, tools, live calls, logs, statistics'),
  keys('j k ↑ ↓', 'up and down; g G to the ends, Ctrl-D Ctrl-U by pages'),
  keys('Enter', 'details; Esc back'),
  keys('/', 'filter by words; Enter keeps it, Esc drops it'),
  keys('s', 'next order'),
  keys('c', 'copies the command that does the same'),
  keys('p', 'holds the screen still, and goes on'),
  keys('a', 'answers a question that waits (passphrase, code)'),
  keys('?', 'this help'),
  keys('q', 'leaves; the daemon goes on. Stop it with mcp-anywhere stop'),
  line(''),
  line('On a host, server or tool', 'bold'),
  keys('r', 'reconnects the host now'),
  keys('R', 'restarts the host or server, after a question'),
  keys('l', 'its log'),
  keys('x', 'explains what is wrong'),
  keys('e', 'switches a server off or on, after a question'),
  keys('t', 'calls a tool with a form (in the view of tools)'),
  keys('L', 'starts servers that have not spoken yet, and lists their tools'),
  line(''),
  line('On a live call', 'bold'),
  keys('K x', 'cancels it, after a question'),
  line(''),
  line('In the log', 'bold'),
  keys('f', 'follows'),
  keys('w', 'wraps long lines'),
  keys('v', 'only one stream: stderr, protocol, ssh, …'),
  keys('e', 'only what looks like warnings or errors'),
  keys('l', "everybody's log again"),
  line(''),
  line('In the statistics', 'bold'),
  keys('w', 'hour or day'),
  keys('b', 'by tool, server, host or client'),
  line(''),
  line('In a form', 'bold'),
  keys('Tab ↑ ↓', 'from field to field; Space goes through choices'),
  keys('Ctrl-S', 'calls; so does Enter on the button'),
];

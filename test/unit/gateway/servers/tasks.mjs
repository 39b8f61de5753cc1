// Runs tasks (MCP 2025-11-25) that are done when `tasks/result` is asked for. Argument: the first letter of its task ids.
import { notify, serve, text, tool } from '../../../fixtures/servers/mini.mjs';

const letter = process.argv[2] ?? 't';
const tasks = new Map();
const heard = [];
const task = (taskId) => ({
  taskId,
  status: tasks.get(taskId),
  ttl: null,
  createdAt: '2026-01-01T00:00:00Z',
  lastUpdatedAt: '2026-01-01T00:00:00Z',
  by: letter,
});

serve({
  name: 'tasks',
  capabilities: { tools: {}, tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
  tools: ['start', 'announce', 'progress', 'mention', 'heard'].map((name) =>
    tool(name, {}, { execution: { taskSupport: 'optional' } }),
  ),
  calls: {
    start: (_args, { progressToken }) => {
      const taskId = `${letter}${tasks.size + 1}`;
      tasks.set(taskId, 'working');
      tasks.set(`${taskId} token`, progressToken);
      return { task: task(taskId) };
    },
    // A task that its client learns of by its status.
    announce: ({ taskId }) => {
      tasks.set(taskId, 'working');
      notify('notifications/tasks/status', task(taskId));
      return text('announced');
    },
    progress: ({ taskId, progress }) => {
      notify('notifications/progress', { progressToken: tasks.get(`${taskId} token`), progress });
      return text('told');
    },
    mention: ({ taskId }) => {
      notify('notifications/x', { _meta: { 'io.modelcontextprotocol/related-task': { taskId } } });
      return text('mentioned');
    },
    heard: () => text(JSON.stringify(heard)),
  },
  methods: {
    'tasks/get': ({ taskId }) => task(taskId),
    'tasks/result': ({ taskId }) =>
      text(`${taskId} of ${letter}`, { _meta: { 'io.modelcontextprotocol/related-task': { taskId } } }),
    'tasks/cancel': ({ taskId }) => {
      tasks.set(taskId, 'cancelled');
      return task(taskId);
    },
    'tasks/list': () => ({ tasks: [...tasks.keys()].filter((key) => !key.includes(' ')).map(task) }),
  },
  notified: ({ method, params }) => {
    heard.push({ method, params });
  },
});

/**
 * The floors of the house: a file imports only from rooms below its own, or from its own room.
 *
 * The list is the one place that says which room stands on which floor; everything else is derived from it.
 */
const FLOORS = [
  ['base'],
  ['api'],
  ['protocol', 'config', 'telemetry'],
  ['launch', 'discovery'],
  ['ssh'],
  ['ssh2', 'openssh', 'local'],
  ['link'],
  ['upstream'],
  ['catalog'],
  ['calls'],
  ['policy'],
  ['downstream'],
  ['gateway'],
  ['control', 'setup'],
  ['daemon'],
  ['model'],
  ['dashboard', 'web', 'shim'],
  ['cli'],
];

/** The demo stands beside the house: it may build a gateway, and only its command knows it. */
const everyRoom = [...FLOORS.flat(), 'demo'];
const inRoom = (rooms) => `^src/(${rooms.join('|')})/`;

/** Of each room: the rooms it must not know, which are those above it and its neighbours on the same floor. */
const floorRules = FLOORS.flatMap((rooms, floor) =>
  rooms.map((room) => {
    const reachable = new Set([room, ...FLOORS.slice(0, floor).flat(), ...(room === 'cli' ? ['demo'] : [])]);
    return {
      name: `floor-of-${room}`,
      comment: `src/${room}/ imports only from rooms below its own, or its own room.`,
      severity: 'error',
      from: { path: inRoom([room]) },
      to: { path: [inRoom(everyRoom.filter((other) => !reachable.has(other))), '^src/[^/]+$'] },
    };
  }),
);

/** The packages that are not bundled, because they find files of their own beside themselves. */
const EXTERNAL = ['ssh2', 'cpu-features'];
const packages = (names) => `(^|/)node_modules/(${names.join('|')})/`;

const beyondFaces = everyRoom.filter(
  (room) => !['base', 'api', 'config', 'setup', 'model', 'dashboard', 'web', 'shim', 'cli'].includes(room),
);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...floorRules,
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'known-rooms',
      comment: 'A folder of src/ that is on no floor has no rule that holds it.',
      severity: 'error',
      from: { path: `^src/(?!(${everyRoom.join('|')})/)[^/]+/` },
      to: {},
    },
    {
      name: 'faces',
      comment:
        'A face knows model/, the control client, daemon/start.ts and in-process.ts, setup/, api/, config/ and base/, and nothing else; `cli/serve` may build a gateway.',
      severity: 'error',
      from: { path: inRoom(['cli', 'dashboard', 'web', 'model']), pathNot: ['^src/cli/(serve|demo)\\.ts$'] },
      to: {
        path: inRoom(beyondFaces),
        pathNot: '^src/(control/client|daemon/(start|in-process))\\.ts$',
      },
    },
    {
      name: 'shim-and-daemon',
      comment:
        'The shim finds and starts the daemon through daemon/start.ts, and shares the words of its socket (hello.ts).',
      severity: 'error',
      from: { path: inRoom(['shim']) },
      to: { path: inRoom(['daemon']), pathNot: '^src/daemon/(start|hello)\\.ts$' },
    },
    {
      name: 'model-in-a-browser',
      comment: 'src/model/ runs in a browser too: no module of Node, and of the rooms above base/ only types.',
      severity: 'error',
      from: { path: inRoom(['model']) },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'model-knows-only-types',
      severity: 'error',
      from: { path: inRoom(['model']) },
      to: { path: '^src/(?!(model|base)/)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'demo-command',
      severity: 'error',
      from: { path: '^src/cli/demo\\.ts$' },
      to: { path: inRoom(beyondFaces.filter((room) => room !== 'demo')) },
    },
    {
      name: 'demo-beside-the-house',
      severity: 'error',
      from: { path: inRoom(['demo']) },
      to: { path: inRoom(['cli']) },
    },
    {
      name: 'index-is-the-library',
      comment: 'Only users of the library import src/index.ts, and only bin starts the program.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/(index|bin)\\.ts$' },
    },
    {
      name: 'ssh2-in-its-links',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/ssh2/', '^src/demo/'] },
      to: { path: '(^|/)node_modules/(@types/)?ssh2/' },
    },
    {
      name: 'ink-in-the-dashboard',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/dashboard/' },
      to: { path: '(^|/)node_modules/(@types/)?(ink|react)/' },
    },
    {
      name: 'no-test-code',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench)/' },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'external-packages',
      comment: 'Users install only the packages that dist/ loads at run time. All others are bundled: devDependencies.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm', 'npm-optional', 'npm-peer'], pathNot: packages(EXTERNAL) },
    },
    {
      name: 'external-packages-are-installed',
      comment: 'The build leaves these packages out of dist/: they stand in dependencies.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], path: packages(EXTERNAL) },
    },
    {
      name: 'declared-packages',
      comment: 'What another package happens to bring along may be gone tomorrow.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-test-tools',
      comment: 'Everything that src/ imports is bundled.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        path: packages([
          'vitest',
          'fast-check',
          'tsx',
          'esbuild',
          'typescript',
          '@lydell/.+',
          '@xterm/.+',
          'ink-testing-library',
        ]),
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};

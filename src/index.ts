/** The library: what the command does, for programs that want to do it themselves. */
export { AnywhereError, type ErrorCode, type ErrorReport, EXIT } from './base/errors.ts';
export type { CallHandler, ToolCall } from './calls/call.ts';
export { loadPlan } from './config/load.ts';
export { resolvePaths } from './config/paths.ts';
export type { HostPlan, Plan, ServerPlan } from './config/plan.ts';
export { Gateway, type GatewayDeps } from './gateway/gateway.ts';
export { type OpenOptions, openGateway } from './gateway/open.ts';
export { type ServeOptions, serveStdio } from './gateway/serve.ts';
export type { Middleware } from './policy/middleware.ts';

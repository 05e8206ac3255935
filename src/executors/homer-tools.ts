// How agents are handed Homer's own tools: each starts `homer mcp` itself, which asks the daemon with the token of the run. On a
// pipe of the agent's, and not over HTTP, since it waits out a restart of the daemon without the agent seeing it.

import type { ExecutorSettings } from './executor.ts';

/** What a run is given to ask Homer with; the token is a secret, so it goes by name wherever it would be seen. */
export const accessVariables = ['HOMER_URL', 'HOMER_TOKEN', 'HOMER_JOB_ID'] as const;

/**
 * Tools that an agent may use unasked: they look, or speak to the person whose conversation it is. Whatever starts work, ends it or
 * puts something up is asked for like a command.
 */
export const unaskedTools = [
  'list_jobs',
  'get_job',
  'wait_for_jobs',
  'schedule_list',
  'remind',
  'reminder_list',
  'ask_person',
  'send_message',
  'canvas_list',
] as const;

/** Persons are slow; the tool itself gives up before this and says so. */
const longestToolSeconds = 3_600;

/**
 * For Claude Code. `=`, since both options take a list and would swallow what follows. Its own allow rules and a `homer` that a
 * project names do not count here: a server of the command line goes before them.
 */
export function claudeToolArguments({ mcp, permissions }: ExecutorSettings): readonly string[] {
  if (mcp === undefined || permissions === 'none') return [];
  // It puts the values in itself, so that they are in no argument.
  const env = Object.fromEntries(accessVariables.map((name) => [name, `\${${name}}`]));
  const servers = { mcpServers: { homer: { type: 'stdio', ...mcp, env } } };
  const allowed = unaskedTools.map((tool) => `mcp__homer__${tool}`).join();
  return [`--mcp-config=${JSON.stringify(servers)}`, `--allowedTools=${allowed}`];
}

/** For Codex, which can ask nobody: without `all` it has the tools that need no asking. */
export function codexToolArguments({ mcp, permissions }: ExecutorSettings): readonly string[] {
  if (mcp === undefined || permissions === 'none') return [];
  const settings = {
    command: mcp.command,
    args: mcp.args,
    env_vars: accessVariables,
    tool_timeout_sec: longestToolSeconds,
    default_tools_approval_mode: 'approve',
    ...(permissions === 'all' ? {} : { enabled_tools: unaskedTools }),
  };
  // JSON of such values is TOML, too.
  return Object.entries(settings).flatMap(([name, value]) => [
    '-c',
    `mcp_servers.homer.${name}=${JSON.stringify(value)}`,
  ]);
}

/** For agents of the Agent Client Protocol: said on their standard input, which is read by nobody else. */
export function acpToolServers(
  { mcp, permissions }: ExecutorSettings,
  env: Readonly<Record<string, string>>,
): readonly AcpServer[] {
  const isGiven = accessVariables.every((name) => env[name] !== undefined);
  if (mcp === undefined || permissions === 'none' || !isGiven) return [];
  const variables = accessVariables.map((name) => ({ name, value: env[name] ?? '' }));
  return [{ name: 'homer', command: mcp.command, args: [...mcp.args], env: variables }];
}

interface AcpServer {
  readonly name: string;
  readonly command: string;
  readonly args: string[];
  readonly env: { name: string; value: string }[];
}

// An approval is an agent's question whether it may use a tool, and what a person said to it.

/**
 * `pending`: nobody has answered; `answering`: a person has, and the run is yet to be told; then how it ended. `void`: the
 * run ended, or the agent took the question back, before an answer reached it.
 */
export type ApprovalState = 'pending' | 'answering' | 'allowed' | 'denied' | 'expired' | 'void';

export const approvalStates: readonly ApprovalState[] = [
  'pending',
  'answering',
  'allowed',
  'denied',
  'expired',
  'void',
];

export type ApprovalDecision = 'allow' | 'deny';

/** `session`: the same is allowed without a question for as long as the session lasts. */
export type ApprovalScope = 'once' | 'session';

/** Who settled a question: a person, time, what a person allowed before, `permissions`, or the agent itself. */
export type AnsweredBy = 'person' | 'expired' | 'session' | 'policy' | 'withdrawn';

/** What a person allowed for a session: a tool, and exactly this command where its input has one. */
export interface SessionGrant {
  readonly tool: string;
  readonly command: string | null;
}

/** What allowing a request for the session covers: the same tool with the same command, or the same tool if it has none. */
export function grantOf(tool: string, input: unknown): SessionGrant {
  return { tool, command: commandOf(input) };
}

/** Whether a person allowed this for the session. */
export function isGranted(granted: readonly SessionGrant[], { tool, command }: SessionGrant): boolean {
  return granted.some((grant) => grant.tool === tool && grant.command === command);
}

/** The command of a tool's input: text, or anything else as JSON; never an empty text. */
function commandOf(input: unknown): string | null {
  if (typeof input !== 'object' || input === null || !('command' in input)) return null;
  const { command } = input;
  return typeof command === 'string' && command !== '' ? command : JSON.stringify(command);
}

/** How many runs of a lane may wait for persons without their slots; the next ones keep theirs. Pure. */
export function mostWithoutSlot(concurrency: number): number {
  return 4 * concurrency + 4;
}

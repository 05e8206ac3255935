// Buttons: answers to agents, and what to do with a job. One that comes too late is told what happened instead.

import { sayError, shortId } from './asking.ts';
import type { Desk } from './desk.ts';

/** What the presser is told, and what stands under the message from now on (null: it stays as it is). */
export interface Pressed {
  readonly told: string;
  readonly mark: string | null;
}

interface SeenApproval {
  readonly id: string;
  readonly jobId: string;
  readonly tool: string;
  readonly state: string;
  readonly scope: string | null;
}

interface SeenQuestion {
  readonly state: string;
  readonly answer: string | null;
}

/** Never rejects for what was refused; rejects when the ledger cannot be written. */
export async function press(desk: Desk, action: string): Promise<Pressed> {
  const [verb = '', id = '', choice = ''] = action.split(':', 3);
  const quiet = (told: string): Pressed => ({ told, mark: null });
  switch (verb) {
    case 'once':
    case 'session':
    case 'deny':
      return answer(desk, verb, id);
    case 'pick':
      return pick(desk, id, Number(choice));
    case 'stop':
      await desk.ask('jobs.cancel', { id });
      return quiet(`Job ${shortId(id)} is told to end.`);
    case 'retry':
      await desk.ask('jobs.retry', { id });
      return quiet(`Job ${shortId(id)} runs again.`);
    default:
      return quiet('This button is of another time.');
  }
}

async function answer(desk: Desk, verb: 'once' | 'session' | 'deny', id: string): Promise<Pressed> {
  const [operation, input] =
    verb === 'deny'
      ? (['approvals.deny', { id }] as const)
      : (['approvals.allow', { id, scope: verb }] as const);
  try {
    const { approval } = await desk.ask<{ approval: SeenApproval }>(operation, input);
    const told = { once: '✅ Allowed once', session: '✅ Allowed for the session', deny: '🚫 Denied' }[verb];
    return { told: `${told}: ${approval.tool}`, mark: told };
  } catch (error) {
    const { approval } = await desk.ask<{ approval: SeenApproval }>('approvals.get', { id });
    if (approval.state === 'pending') throw error;
    return { told: sayError(error), mark: stateMark(approval) };
  }
}

/** One of the answers that a question offers. */
async function pick(desk: Desk, id: string, choice: number): Promise<Pressed> {
  const { question } = await desk.ask<{ question: { choices: readonly string[] } }>('questions.get', { id });
  const answer = question.choices[choice];
  if (answer === undefined) return { told: 'This button is of another time.', mark: null };
  try {
    await desk.ask('questions.answer', { id, answer });
    return { told: `💬 ${answer}`, mark: `💬 ${answer}` };
  } catch (error) {
    const { question: now } = await desk.ask<{ question: SeenQuestion }>('questions.get', { id });
    if (now.state === 'pending') throw error;
    const mark =
      now.state === 'void' ? '– The job has ended; nothing waits for an answer' : `💬 ${now.answer ?? ''}`;
    return { told: sayError(error), mark };
  }
}

/** null: it is being told to the agent; the words for the presser say what. */
function stateMark({ state, scope }: SeenApproval): string | null {
  if (state === 'answering') return null;
  const marks: Readonly<Record<string, string>> = {
    denied: '🚫 Denied',
    expired: '⌛ Nobody answered in time; it was denied',
    void: '– The run has ended; nothing waits for an answer',
  };
  return marks[state] ?? `✅ Allowed${scope === 'session' ? ' for the session' : ''}`;
}

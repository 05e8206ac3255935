// What the commands of a chat work with: the operations they may ask for, and the jobs they may speak of.

import type { Button } from '../channel.ts';
import type { SeenJob } from './asking.ts';
import type { Choices } from './conversation.ts';

/** What a command may do. */
export interface Desk {
  readonly ask: <Answer>(name: string, input?: Readonly<Record<string, unknown>>) => Promise<Answer>;
  readonly session: string;
  readonly choices: Choices;
  readonly choose: (choices: Choices) => Promise<void>;
  /** Gives the rest of the message to an agent, as if it had been said in that lane. */
  readonly say: (text: string, choices: Choices) => Promise<void>;
  /** `telegram:CHAT` */
  readonly source: string;
  /** `telegram:CHAT[:TOPIC]` */
  readonly target: string;
  /** Of what was said: the same again is the same. */
  readonly key: string;
  /** In a group only the jobs of the group are told. */
  readonly isPrivate: boolean;
}

/** null: the command has answered by what it did. */
export type Reply = { readonly text: string; readonly buttons?: readonly (readonly Button[])[] } | null;

export type Act = (desk: Desk, rest: string) => Promise<Reply>;

export interface Command {
  readonly summary: string;
  readonly act: Act;
}

export const say = (text: string): Reply => ({ text });

export async function jobsOf(desk: Desk, limit: number): Promise<readonly SeenJob[]> {
  const { jobs } = await desk.ask<{ jobs: readonly SeenJob[] }>('jobs.list', { limit });
  return desk.isPrivate ? jobs : jobs.filter(({ source }) => source === desk.source);
}

/** By id, its last characters, or the last one of the chat; throws a sentence. */
export async function findJob(
  desk: Desk,
  text: string,
  fits: (job: SeenJob) => boolean = () => true,
): Promise<SeenJob> {
  const jobs = await jobsOf(desk, 200);
  const wanted = text.trim().toLowerCase();
  const found =
    wanted === '' || wanted === 'last'
      ? jobs.find((job) => fits(job) && job.source === desk.source)
      : jobs.find(({ id }) => id === wanted || (wanted.length >= 4 && id.endsWith(wanted)));
  if (found !== undefined) return found;
  throw new Error(wanted === '' ? 'There is no such job in this chat.' : `There is no job ${wanted}.`);
}

// What was asked and answered in a session, as its jobs have it: the stuff of Homer's own record of a conversation.

import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { JobId } from '../core/ids.ts';
import { transcriptBytes, type PastTurn } from '../core/transcript.ts';

/** Only reads. */
export class Conversation {
  readonly #job: StatementSync;
  readonly #session: StatementSync;
  readonly #turns: StatementSync;

  constructor(database: DatabaseSync) {
    this.#job = database.prepare(
      `SELECT session_id, state, result_text, prompts.prompt FROM jobs JOIN prompts USING (seq) WHERE id = ?`,
    );
    this.#session = database.prepare('SELECT since_seq, forked_from, forked_seq FROM sessions WHERE id = ?');
    // A turn that never came to a run said nothing to anybody.
    this.#turns = database.prepare(`SELECT prompts.prompt, result_text FROM jobs JOIN prompts USING (seq)
      WHERE session_id = ? AND seq > ? AND seq <= ? AND id <> ? AND fence > 0
      AND state IN ('succeeded', 'failed', 'cancelled') ORDER BY seq DESC`);
  }

  /**
   * The turns that ended before this job in the present conversation of its session, those of the session it was forked
   * from included, and what the job itself said in a run that came to no end. Oldest first; no more than a record can
   * hold. A job without a session has at most its own.
   */
  before(jobId: JobId): PastTurn[] {
    const job = this.#job.get(jobId);
    if (job === undefined) return [];
    const turns: PastTurn[] = [];
    const isUnfinished = job['state'] !== 'succeeded' && typeof job['result_text'] === 'string';
    if (isUnfinished)
      turns.push({ prompt: String(job['prompt']), answer: String(job['result_text']), isCutOff: true });
    if (typeof job['session_id'] === 'string') this.#collect(job['session_id'], jobId, turns);
    return turns.toReversed();
  }

  /** Newest first, from the session back to those it was forked from. */
  #collect(sessionId: string, butNot: JobId, turns: PastTurn[]): void {
    let size = 0;
    let since: number | null = null;
    let upTo = Number.MAX_SAFE_INTEGER;
    for (let from: string | null = sessionId; from !== null && size <= transcriptBytes;) {
      const session: Record<string, SQLOutputValue> | undefined = this.#session.get(from);
      if (session === undefined) return;
      // A fork took its beginning over as it then was: what became of the other session later is nothing to it.
      since ??= Number(session['since_seq']);
      for (const row of this.#turns.iterate(from, since, upTo, butNot)) {
        const turn = {
          prompt: String(row['prompt']),
          answer: row['result_text'] === null ? null : String(row['result_text']),
        };
        turns.push(turn);
        size += turn.prompt.length + (turn.answer?.length ?? 0);
        if (size > transcriptBytes) break;
      }
      from = session['forked_from'] === null ? null : String(session['forked_from']);
      upTo = Math.min(upTo, Number(session['forked_seq'] ?? 0));
    }
  }
}

// What the agent of a job asks, shown to whoever waits for the job: in full, with the commands that answer, and on a
// terminal with keys. Enter is no answer, nor is what was typed before a question stood there.

import { messageOf } from '../core/errors.ts';
import type { AnswerKeys } from './answer-keys.ts';
import type { Approval } from './answers.ts';
import type { Connection } from './connection.ts';
import { isPassing } from './follow.ts';
import { plain, sentence } from './format.ts';
import type { Progress } from './progress.ts';
import { coverage, questionBlock, questionLine } from './question-screen.ts';
import type { Terminal } from './terminal.ts';

export interface Asking {
  /** All that is open now, the oldest first. */
  show(questions: readonly Approval[]): void;
  /** Whether anything is open. */
  readonly isOpen: boolean;
  /** Gives the keys back to the terminal. */
  close(): void;
}

export interface AskingOptions {
  readonly terminal: Pick<Terminal, 'errorPalette' | 'isInteractive'>;
  readonly connection: Pick<Connection, 'client'>;
  readonly progress: Pick<Progress, 'note' | 'prompt'>;
  /** Null: nobody can press a key. */
  readonly openKeys: () => AnswerKeys | null;
}

/** A question is read before it is answered: keys that come sooner were meant for something else. */
const readingMs = 600;
const mostLines = 30;

interface Choice {
  readonly operation: 'approvals.allow' | 'approvals.deny';
  readonly scope: 'once' | 'session';
}

const choices: Readonly<Record<string, Choice>> = {
  a: { operation: 'approvals.allow', scope: 'once' },
  s: { operation: 'approvals.allow', scope: 'session' },
  d: { operation: 'approvals.deny', scope: 'once' },
};

export function createAsking({ terminal, connection, progress, openKeys }: AskingOptions): Asking {
  const shown = new Map<string, { readonly isWhole: boolean }>();
  const answered = new Set<string>();
  let open: readonly Approval[] = [];
  let current: Approval | null = null;
  let keys: AnswerKeys | null = null;
  let reading: NodeJS.Timeout | undefined;

  const show = (question: Approval): void => {
    const paper = {
      palette: terminal.errorPalette,
      columns: terminal.isInteractive ? process.stderr.columns || 80 : null,
      now: Date.now(),
    };
    const { lines, isWhole } = questionBlock(question, paper, mostLines);
    shown.set(question.id, { isWhole });
    for (const line of lines) progress.note(line);
    if (isWhole) return;
    keys ??= openKeys();
    if (keys !== null)
      progress.note('    It is too long to be answered with a key; answer with one of these commands.');
  };

  const rest = (): void => {
    clearTimeout(reading);
    current = null;
    keys?.stop();
    progress.prompt(null);
  };

  const send = async (question: Approval, { operation, scope }: Choice): Promise<void> => {
    try {
      await connection.client.call(operation, { params: { id: question.id }, body: { scope } });
    } catch (error) {
      // The daemon is away: it is asked again when it is back, and the question is as open as before.
      if (isPassing(error)) answered.delete(question.id);
      progress.note(sentence(plain(messageOf(error))));
    }
    next();
  };

  const ask = (question: Approval): void => {
    keys ??= openKeys();
    if (keys === null) return;
    current = question;
    clearTimeout(reading);
    let isRead = false;
    keys.listen((key) => {
      const choice = isRead ? choices[key] : undefined;
      if (choice === undefined) return;
      answered.add(question.id);
      rest();
      void send(question, choice);
    });
    reading = setTimeout(() => {
      isRead = true;
      progress.prompt(
        `a allow once · s ${coverage(question)} · d deny · Ctrl-C leaves   ${questionLine(question)}`,
      );
    }, readingMs);
  };

  /** Asks for the oldest that can be answered with a key; what was not shown whole is not decided by one. */
  const next = (): void => {
    const wanted = open.find(({ id }) => !answered.has(id) && shown.get(id)?.isWhole === true);
    if (wanted === undefined) rest();
    else if (wanted.id !== current?.id) ask(wanted);
  };

  return {
    show(questions) {
      open = questions;
      for (const question of questions) if (!shown.has(question.id)) show(question);
      next();
    },
    get isOpen() {
      return open.some(({ id }) => !answered.has(id));
    },
    close() {
      open = [];
      rest();
    },
  };
}

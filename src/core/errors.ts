// The one catalogue of errors. Every code a person or a script can meet is named in one of its tables, with what
// it means and what to do; docs/errors.md is held to them both ways by a test.

import { alertErrors } from './alert-errors.ts';
import { canvasErrors } from './canvas-errors.ts';
import { backupErrors } from './backup-errors.ts';
import { boardErrors } from './board-errors.ts';
import { hookErrors } from './hook-errors.ts';
import { deliveryErrors } from './delivery-errors.ts';
import { instanceErrors } from './instance-errors.ts';
import { jobErrors } from './job-errors.ts';
import { questionErrors } from './question-errors.ts';
import { requestErrors } from './request-errors.ts';
import { scheduleErrors } from './schedule-errors.ts';
import { serviceErrors } from './service-errors.ts';
import { sessionErrors } from './session-errors.ts';
import { skillErrors } from './skill-errors.ts';
import { tokenErrors } from './token-errors.ts';
import { updateErrors } from './update-errors.ts';
import { workerErrors } from './worker-errors.ts';

export const catalogue = {
  ...instanceErrors,
  ...requestErrors,
  ...jobErrors,
  ...questionErrors,
  ...sessionErrors,
  ...scheduleErrors,
  ...skillErrors,
  ...hookErrors,
  ...deliveryErrors,
  ...tokenErrors,
  ...canvasErrors,
  ...backupErrors,
  ...boardErrors,
  ...workerErrors,
  ...serviceErrors,
  ...alertErrors,
  ...updateErrors,
};

export type ErrorCode = keyof typeof catalogue;

/** The part of an error that is stored with a job and shown to people. */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** What happened, under a code of the catalogue; `detail` is one sentence, `cause` is kept for the log. */
export class HomerError extends Error {
  override readonly name = 'HomerError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    detail: string,
    options: { hint?: string; cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? catalogue[code].hint;
    this.details = options.details ?? {};
  }

  get title(): string {
    return catalogue[this.code].title;
  }
}

export function isHomerError(value: unknown, code?: ErrorCode): value is HomerError {
  return value instanceof HomerError && (code === undefined || value.code === code);
}

/** A problem to store with a job: the catalogue's hint, or the given one, with the job's id put in. */
export function problem(code: ErrorCode, jobId: string, message?: string, hint?: string): Problem {
  const entry = catalogue[code];
  return {
    code,
    message: message === undefined || message === '' ? entry.title : message,
    hint: (hint ?? entry.hint).replaceAll(' ID', ` ${jobId}`),
  };
}

/** The message of anything thrown, for a sentence. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

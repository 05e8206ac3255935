// What a call fails with.

/** Codes of the client itself; every other one is of docs/errors.md. */
export type ClientCode =
  /** The connection broke off before the answer: whether it was done is not known. */
  | 'CONNECTION_LOST'
  | 'TIMED_OUT'
  /** The client was closed, or Homer refused it for good. */
  | 'CLOSED';

/** Problem details (RFC 9457) as Homer gives them. */
export interface Problem {
  readonly code: string;
  /** Of HTTP. */
  readonly status: number;
  readonly detail: string;
  readonly hint: string;
  /** Every problem with the input. */
  readonly fields?: readonly { readonly field: string; readonly message: string }[];
  /** Seconds. */
  readonly retryAfter?: number;
}

export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: string;
  readonly hint: string;
  /** null: Homer did not say so itself. */
  readonly problem: Problem | null;

  constructor(code: string, message: string, problem: Problem | null = null) {
    super(message);
    this.code = code;
    this.hint = problem?.hint ?? '';
    this.problem = problem;
  }
}

/** The error of a JSON-RPC answer. */
export function errorOf(error: unknown): CallError {
  const { message, data } = (typeof error === 'object' && error !== null ? error : {}) as {
    message?: unknown;
    data?: Partial<Problem>;
  };
  const text = typeof message === 'string' ? message : 'Homer refused this and did not say why.';
  if (typeof data?.code !== 'string') return new CallError('HOMER_INTERNAL', text);
  const { code, status = 500, detail = text, hint = '' } = data;
  return new CallError(code, text, { ...data, code, status, detail, hint });
}

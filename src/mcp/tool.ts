// A tool is a name and a small schema over one operation, or a few.

import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Desk, OperationName } from './desk.ts';

export interface Tool<Shape extends z.ZodRawShape> {
  readonly name: string;
  readonly title: string;
  /** For the model: what it does, when to use it. */
  readonly description: string;
  readonly shape: Shape;
  /** All of them, or the tool is not offered. */
  readonly needs: readonly OperationName[];
  /** It changes nothing. */
  readonly reads?: true;
  /** Of the few that every conversation should know; clients that look tools up only when they are needed may do so with others. */
  readonly isAtHand?: true;
  /** It takes away what was there. */
  readonly destroys?: true;
  readonly act: (input: z.output<z.ZodObject<Shape>>, asked: Asked) => Promise<unknown>;
}

/** One call of a tool. */
export interface Asked {
  readonly desk: Desk;
  readonly signal: AbortSignal;
  /** For operations that are done once for a key: of a run that was cut off and says the same again, the same. */
  readonly onceKey: string;
  /** A key of this call alone. */
  readonly freshKey: string;
}

/** A tool whose own types are forgotten: a server holds tools of all kinds. */
export interface AnyTool extends Omit<Tool<z.ZodRawShape>, 'act' | 'shape'> {
  readonly input: z.ZodObject;
  readonly act: (input: unknown, desk: Desk, signal: AbortSignal) => Promise<unknown>;
}

export function defineTool<Shape extends z.ZodRawShape>({ shape, act, ...tool }: Tool<Shape>): AnyTool {
  const input = z.strictObject(shape);
  return {
    ...tool,
    input,
    act: (value, desk, signal) =>
      act(value as z.output<z.ZodObject<Shape>>, {
        desk,
        signal,
        onceKey: onceKey(tool.name, value, desk.jobId),
        freshKey: freshKey(),
      }),
  };
}

function freshKey(): string {
  return `mcp-${randomUUID()}`;
}

function onceKey(name: string, input: unknown, jobId: string | null): string {
  if (jobId === null) return freshKey();
  const digest = createHash('sha256')
    .update(JSON.stringify([name, input]))
    .digest('base64url');
  return `mcp-${jobId}-${digest}`;
}

/** A text that is cut says so. */
export function cut(text: string, longest: number): string {
  return text.length > longest
    ? `${text.slice(0, longest)}… (${text.length - longest} characters more)`
    : text;
}

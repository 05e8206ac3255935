// Operations on canvases: pages that are put up to be looked at, by people and by runs.

import { z } from 'zod';
import { canvasLimits, contentType } from '../canvas/rules.ts';
import type { Canvas, CanvasStore } from '../canvas/store.ts';
import { HomerError } from '../core/errors.ts';
import type { LedgerEventType } from '../core/events.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { defineOperation, type Caller, type Operation } from './operation.ts';

export interface CanvasOperationsOptions {
  readonly ledger: Ledger;
  readonly canvases: CanvasStore;
  readonly about: { readonly canvasPort: number };
}

const canvasView = z.object({
  name: z.string(),
  /** Shows the canvas to whoever knows it. */
  url: z.string(),
  version: z.int(),
  updatedAt: z.iso.datetime(),
  source: z.string(),
  bytes: z.int(),
  files: z.array(z.object({ path: z.string(), size: z.int(), type: z.string().nullable() })),
});

export type CanvasView = z.infer<typeof canvasView>;

const named = z.string().min(1).max(64);
const oneCanvas = z.object({ canvas: canvasView });

const fileInput = z.union([
  z.strictObject({
    path: z
      .string()
      .min(1)
      .max(1024)
      .meta({ examples: ['index.html'] }),
    text: z.string().meta({ examples: ['<h1>Sales</h1>'] }),
  }),
  z.strictObject({ path: z.string().min(1).max(1024), base64: z.base64() }),
]);

export function canvasOperations({ ledger, canvases, about }: CanvasOperationsOptions): readonly Operation[] {
  function view(canvas: Canvas): CanvasView {
    const files = Object.entries(canvas.files).map(([path, { size }]) => ({
      path,
      size,
      type: contentType(path),
    }));
    return {
      name: canvas.name,
      url: `http://127.0.0.1:${about.canvasPort}/${canvas.key}/`,
      version: canvas.version,
      updatedAt: new Date(canvas.updatedAt).toISOString(),
      source: canvas.source,
      bytes: files.reduce((sum, { size }) => sum + size, 0),
      files,
    };
  }

  /** A run's canvases are those of its session, or of its job where it has none. null: not a run. */
  function ownerOf({ run }: Caller): string | null {
    return run === undefined ? null : (ledger.jobs.get(run.jobId).sessionId ?? run.jobId);
  }

  async function requireOwn(name: string, caller: Caller): Promise<void> {
    const owner = ownerOf(caller);
    if (owner !== null && (await canvases.get(name)).owner !== owner)
      throw new HomerError('HOMER_CANVAS_OTHERS', `The canvas "${name}" was not made by this session.`);
  }

  async function tell(type: LedgerEventType, name: string): Promise<void> {
    await ledger.commit(() => ledger.events.append(ledger.now(), type, null, null, { name }));
  }

  return [
    defineOperation({
      name: 'canvas.list',
      input: z.strictObject({}),
      output: z.object({ canvases: z.array(canvasView) }),
      async handle(_input, caller) {
        const owner = ownerOf(caller);
        const all = await canvases.list();
        return {
          output: { canvases: all.filter((each) => owner === null || each.owner === owner).map(view) },
        };
      },
    }),
    defineOperation({
      name: 'canvas.put',
      input: z.strictObject({
        name: named.meta({ examples: ['sales'] }),
        files: z.array(fileInput).min(1).max(canvasLimits.files),
        /** What was in the canvas and is not in `files` goes. */
        replace: z.boolean().default(false),
      }),
      output: oneCanvas,
      async handle({ name, files, replace }, caller) {
        const canvas = await canvases.put(name, {
          source: caller.source,
          owner: ownerOf(caller),
          files: files.map((file) => ({
            path: file.path,
            data: 'text' in file ? Buffer.from(file.text) : Buffer.from(file.base64, 'base64'),
          })),
          replace,
        });
        await tell('canvas.changed', name);
        return { output: { canvas: view(canvas) } };
      },
    }),
    defineOperation({
      name: 'canvas.rotate',
      input: z.strictObject({ name: named }),
      output: oneCanvas,
      async handle({ name }) {
        return { output: { canvas: view(await canvases.rotate(name)) } };
      },
    }),
    defineOperation({
      name: 'canvas.remove',
      input: z.strictObject({ name: named }),
      output: z.object({ removed: z.string() }),
      async handle({ name }, caller) {
        await requireOwn(name, caller);
        await canvases.remove(name);
        await tell('canvas.removed', name);
        return { output: { removed: name } };
      },
    }),
  ];
}

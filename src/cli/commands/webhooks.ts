// `homer webhooks`: what there is and whether it is answered, an address, a try, a new secret.

import { readFileSync } from 'node:fs';
import { HomerError } from '../../core/errors.ts';
import type { WebhookAnswer, WebhooksAnswer, WebhookSecretAnswer, WebhookTestAnswer } from '../answers.ts';
import { type Client } from '../client.ts';
import { oldConfigLines } from '../old-config.ts';
import { connectFrom } from '../run-access.ts';
import { report, type Context } from '../context.ts';
import { age, oneLine, table, type Cell } from '../format.ts';

export type WebhooksAction = 'list' | 'url' | 'test' | 'rotate';

export interface WebhooksOptions {
  readonly event?: string;
  /** A file; `-` is standard input. */
  readonly payload?: string;
  readonly grace?: string;
}

export async function webhooks(
  context: Context,
  action: WebhooksAction,
  name: string | undefined,
  options: WebhooksOptions,
): Promise<number> {
  if (action === 'list') return list(context, await connectFrom(context));
  if (name === undefined)
    throw new HomerError('HOMER_USAGE', 'Which webhook?', { hint: `homer webhooks ${action} NAME` });
  const client = await connectFrom(context);
  if (action === 'url') return url(context, client, name);
  return action === 'test' ? test(context, client, name, options) : rotate(context, client, name, options);
}

async function list(context: Context, client: Client): Promise<number> {
  const answer = await client.call<WebhooksAnswer>('webhooks.list');
  const { palette, columns } = context.terminal;
  const head = ['webhook', 'scheme', 'state', 'jobs', 'refused', 'last'].map((text): Cell => ({
    text,
    paint: palette.dim,
  }));
  const rows = answer.webhooks.map((hook): Cell[] => [
    { text: hook.name },
    { text: hook.scheme },
    hook.mounted ? { text: 'answered', paint: palette.ok } : { text: 'not answered', paint: palette.bad },
    { text: String(hook.jobs) },
    { text: String(hook.refused), ...(hook.refused > 0 ? { paint: palette.needs } : {}) },
    { text: hook.problem === null ? lastText(hook) : oneLine(hook.problem) },
  ]);
  const none = [
    'There is no webhook yet; `webhooks` in config.yaml makes one, see docs/webhooks.md.',
    ...(answer.webhooks.length === 0 ? await oldConfigLines(client) : []),
  ];
  const refusals = answer.webhooks.flatMap(({ name, lastRefusal }) =>
    lastRefusal === null
      ? []
      : [
          palette.dim(
            `Last refused of ${name}, ${age(lastRefusal.at, Date.now())}: ${lastRefusal.code}, ${oneLine(lastRefusal.message)}`,
          ),
        ],
  );
  const lines = [...table([head, ...rows], columns), ...refusals];
  report(context, answer, answer.webhooks.length === 0 ? none : lines);
  return answer.webhooks.every(({ mounted }) => mounted) ? 0 : 1;
}

function lastText({ lastJobAt }: WebhookAnswer): string {
  return lastJobAt === null ? 'none yet' : age(lastJobAt, Date.now());
}

async function url(context: Context, client: Client, name: string): Promise<number> {
  const { webhooks: all } = await client.call<WebhooksAnswer>('webhooks.list');
  const hook = all.find((each) => each.name === name);
  if (hook === undefined) throw new HomerError('HOMER_HOOK_UNKNOWN', `There is no webhook "${name}".`);
  const { say, errorPalette } = context.terminal;
  if (!context.json) {
    const kept = /^generated (.*)$/.exec(hook.secret)?.[1];
    if (kept !== undefined) say(errorPalette.dim(`Its secret is in ${kept}.`));
    if (hook.urls.length === 1)
      say(errorPalette.dim('For a tunnel, add its name to `hosts` in config.yaml; see docs/webhooks.md.'));
  }
  report(context, { name, urls: hook.urls }, hook.urls);
  return 0;
}

async function test(
  context: Context,
  client: Client,
  name: string,
  { event, payload }: WebhooksOptions,
): Promise<number> {
  const body = { event, payload: payload === undefined ? undefined : readPayload(payload) };
  const answer = await client.call<WebhookTestAnswer>('webhooks.test', { params: { name }, body });
  const { job } = answer;
  report(
    context,
    answer,
    job === null
      ? [`The sample passed its signature and was left out: ${answer.reason ?? ''}.`]
      : [`Job ${job.id} was made of the sample; \`homer attach ${job.id}\` shows what comes of it.`],
  );
  return 0;
}

function readPayload(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
  } catch (error) {
    throw new HomerError(
      'HOMER_USAGE',
      `${file === '-' ? 'Standard input' : file} is no JSON that can be read.`,
      {
        hint: 'Give a file with the payload as the sender would send it.',
        cause: error,
      },
    );
  }
}

async function rotate(
  context: Context,
  client: Client,
  name: string,
  { grace }: WebhooksOptions,
): Promise<number> {
  const answer = await client.call<WebhookSecretAnswer>('webhooks.rotate', {
    params: { name },
    body: { grace },
  });
  const { say, errorPalette } = context.terminal;
  const old = grace === undefined ? 'is void now' : `is good for ${grace} more`;
  if (!context.json) say(errorPalette.dim(`The old secret ${old}. The new one, also in ${answer.path}:`));
  report(context, answer, [answer.secret]);
  return 0;
}

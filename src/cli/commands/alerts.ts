// `homer alerts`: what is wrong and who is told; silences; a test.

import { HomerError } from '../../core/errors.ts';
import type { AlertsAnswer, SilenceAnswer } from '../answers.ts';
import { report, type Context } from '../context.ts';
import { clock, count, oneLine, table } from '../format.ts';
import { connectFrom } from '../run-access.ts';

export type AlertsAction = 'list' | 'silence' | 'unsilence' | 'test';

export interface AlertsOptions {
  readonly subject?: string;
  readonly for?: string;
}

/** `what`: the rule to silence, or the id of a silence. */
export async function alerts(
  context: Context,
  action: AlertsAction,
  what: string | undefined,
  options: AlertsOptions,
): Promise<number> {
  if (what === undefined && (action === 'silence' || action === 'unsilence'))
    throw new HomerError(
      'HOMER_USAGE',
      `What is to be ${action === 'silence' ? 'silenced' : 'told again'}?`,
      {
        hint: `homer alerts ${action} ${action === 'silence' ? 'RULE' : 'ID'}`,
      },
    );
  const client = await connectFrom(context);
  if (action === 'list') {
    const answer = await client.call<AlertsAnswer>('alerts.list');
    report(context, answer, drawAlerts(answer, context));
  } else if (action === 'silence') {
    const body = { rule: what, subject: options.subject, for: options.for };
    const answer = await client.call<SilenceAnswer>('alerts.silence', { body });
    const { id, until } = answer.silence;
    report(context, answer, [
      `Nobody is told of ${what} until ${clock(until, Date.now())}; \`homer alerts unsilence ${id}\` ends that.`,
    ]);
  } else if (action === 'unsilence') {
    const answer = await client.call<{ id: string }>('alerts.unsilence', { params: { id: what ?? '' } });
    report(context, answer, [`The silence ${answer.id} is over.`]);
  } else {
    const answer = await client.call<{ deliveries: string[] }>('alerts.test', { body: {} });
    const sent = count(answer.deliveries.length, 'test');
    report(context, answer, [`${sent} on the way; \`homer deliveries\` says what became of each.`]);
  }
  return 0;
}

function drawAlerts({ alerts: all, silences, to }: AlertsAnswer, { terminal }: Context): string[] {
  const { palette, columns } = terminal;
  const now = Date.now();
  const lines = table(
    all.map(({ rule, subject, state, since, silenced, text }) => [
      { text: rule, paint: state === 'firing' ? palette.bad : palette.dim },
      { text: subject },
      { text: silenced ? `${state}, silenced` : state },
      { text: clock(since, now) },
      { text: oneLine(text) },
    ]),
    columns,
  );
  const told = to.length === 0 ? 'Nobody is told: `alerts.to` is empty.' : `Told: ${to.join(', ')}.`;
  return [
    ...(all.length === 0 ? ['Nothing is wrong.'] : lines),
    ...silences.map(
      ({ id, rule, subject, until }) =>
        `${id}  ${rule}${subject === null ? '' : ` ${subject}`} is silenced until ${clock(until, now)}`,
    ),
    palette.dim(told),
  ];
}

// `homer telegram`: how the connection is, a code to pair with, who is paired.

import { HomerError } from '../../core/errors.ts';
import type { PairAnswer, TelegramAnswer } from '../answers.ts';
import { connectFrom } from '../run-access.ts';
import { report, type Context } from '../context.ts';
import { oneLine } from '../format.ts';

export type TelegramAction = 'show' | 'pair' | 'unpair';

export async function telegram(
  context: Context,
  action: TelegramAction,
  person: string | undefined,
): Promise<number> {
  const client = await connectFrom(context);
  if (action === 'pair') {
    const answer = await client.call<PairAnswer>('telegram.pair');
    const bot = answer.bot === null ? 'your bot' : `@${answer.bot}`;
    report(context, answer, [
      answer.code,
      '',
      `Send it to ${bot} in Telegram, from the account that is to be let in. It is good once, until ${answer.expiresAt.slice(11, 16)} UTC.`,
      ...(answer.problem === null ? [] : ['It would not arrive now:', ...drawProblem(answer.problem)]),
    ]);
    return 0;
  }
  if (action === 'unpair' && person === undefined)
    throw new HomerError('HOMER_USAGE', 'Who is to be unpaired?', { hint: 'homer telegram unpair ID' });
  const answer =
    action === 'unpair'
      ? await client.call<TelegramAnswer>('telegram.unpair', { body: { person } })
      : await client.call<TelegramAnswer>('telegram.show');
  report(context, answer, draw(answer));
  return answer.state === 'failing' ? 1 : 0;
}

type TelegramProblem = NonNullable<TelegramAnswer['problem']>;

function drawProblem({ message, hint }: TelegramProblem): string[] {
  return [`  ${oneLine(message)}`, `  ${oneLine(hint)}`];
}

function draw({ state, bot, lastPollAt, allow, people, problem, apiRoot }: TelegramAnswer): string[] {
  if (state === 'off') return ['Telegram is not configured; docs/telegram.md tells how.'];
  return [
    `Telegram${apiRoot === null ? '' : ` at ${oneLine(apiRoot)}`} is ${state}${bot === null ? '' : ` as @${bot}`}; ${lastPollAt === null ? 'it has never answered' : `the last answer came ${lastPollAt}`}.`,
    ...(problem === null ? [] : drawProblem(problem)),
    ...allow.map((id) => `  ${id}  in telegram.allow`),
    ...people.map(({ id, name, pairedAt }) => `  ${id}  ${oneLine(name)}, paired ${pairedAt}`),
    ...(allow.length + people.length === 0 ? ['Nobody may talk to it yet: `homer telegram pair`.'] : []),
  ];
}

// Telegram: whether the bot can be reached, and whether anybody else takes its messages away.

import { resolveSecret } from '../../config/secrets.ts';
import { isHomerError, messageOf } from '../../core/errors.ts';
import type { Around, Check } from '../check.ts';
import { note, ok, problem, type Outcome } from '../report.ts';

const about = 'telegram';
const askMs = 2_000;

export const telegramChecks: readonly Check[] = [
  {
    id: 'telegram-reach',
    about,
    severity: 'problem',
    why: 'A bot whose token was revoked, or whose server is not reached, answers nobody, and nobody is told.',
    async look(around) {
      const { config, daemon } = around;
      if ((config?.telegram ?? null) === null) return null;
      const told = daemon?.telegram ?? null;
      if (told !== null) return fromDaemon(told);
      if (around.isRunning) return null;
      const asked = await ask(around, 'getMe');
      return 'outcome' in asked ? asked.outcome : ok('The bot can be reached with its token.');
    },
  },
  {
    id: 'telegram-mode',
    about,
    severity: 'problem',
    why: 'With a webhook set elsewhere Telegram brings the messages there, and refuses (409) whoever asks for them.',
    async look(around) {
      const { config, daemon } = around;
      const telegram = config?.telegram ?? null;
      if (telegram === null) return null;
      const told = daemon?.telegram ?? null;
      if (told !== null)
        return /409|[Cc]onflict/.test(told.problem ?? '')
          ? problem(
              'Another program takes the messages of this bot.',
              'End the other one, or make a bot of its own for Homer.',
            )
          : ok('Nobody else takes the messages of the bot.');
      if (around.isRunning) return null;
      const asked = await ask(around, 'getWebhookInfo');
      // What keeps us from asking is told by the check before.
      if ('outcome' in asked) return null;
      const url = typeof asked.result['url'] === 'string' ? asked.result['url'] : '';
      const wanted = telegram.webhook?.url ?? '';
      if (url === wanted || url === '') return ok('Nobody else takes the messages of the bot.');
      return note(
        `Telegram brings the messages of the bot to ${URL.parse(url)?.host ?? 'somewhere else'}.`,
        'A start of Homer takes them back; should the other one be needed, make a bot of its own for Homer.',
      );
    },
  },
];

function fromDaemon({
  state,
  problem: trouble,
}: {
  readonly state: string;
  readonly problem: string | null;
}): Outcome {
  if (state === 'connected') return ok('Telegram answers.');
  if (state === 'connecting' && trouble === null) return note('Telegram has not answered yet.');
  return problem(trouble ?? 'Telegram does not answer.', { command: 'homer telegram' });
}

type Asked = { readonly result: Readonly<Record<string, unknown>> } | { readonly outcome: Outcome };

/** A program (`exec`) is not started for the token. */
async function ask({ config, env }: Around, method: string): Promise<Asked> {
  const telegram = config?.telegram ?? null;
  if (telegram === null) return { outcome: ok('Telegram is not configured.') };
  if ('exec' in telegram.token)
    return { outcome: note('The token of the bot comes from a program, so Telegram was not asked.') };
  let token: string;
  try {
    token = await resolveSecret(telegram.token, env);
  } catch (error) {
    const step = isHomerError(error) ? error.hint : 'See `telegram.token` in config.yaml.';
    return {
      outcome: 'env' in telegram.token ? note(messageOf(error), step) : problem(messageOf(error), step),
    };
  }
  try {
    const response = await fetch(`${telegram.apiRoot}/bot${token}/${method}`, {
      signal: AbortSignal.timeout(askMs),
      redirect: 'error',
    });
    const answer = (await response.json()) as {
      ok?: boolean;
      description?: string;
      result?: Record<string, unknown>;
    };
    if (answer.ok === true) return { result: answer.result ?? {} };
    const why = (answer.description ?? `status ${response.status}`).replaceAll(token, '[redacted]');
    return {
      outcome: problem(`Telegram refuses the bot: ${why}.`, 'Take the token that @BotFather gives for it.'),
    };
  } catch (error) {
    const why = messageOf(
      error instanceof Error && error.cause !== undefined ? error.cause : error,
    ).replaceAll(token, '[redacted]');
    return {
      outcome: problem(
        `Telegram cannot be reached: ${why}.`,
        'Look at the network, at proxies, and at `telegram.apiRoot`.',
      ),
    };
  }
}

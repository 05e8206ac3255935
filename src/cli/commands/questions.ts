// `homer questions`, `homer answer`: what agents ask in words, and a person's answer.

import { HomerError } from '../../core/errors.ts';
import { isQuestionId } from '../../core/ids.ts';
import type { QuestionState } from '../../core/question.ts';
import type { QuestionView } from '../../operations/questions.ts';
import type { Client } from '../client.ts';
import { report, type Context } from '../context.ts';
import { age, oneLine } from '../format.ts';
import { resolveJobId, shortId } from '../job-id.ts';
import { connectFrom } from '../run-access.ts';

export interface QuestionsOptions {
  readonly state?: QuestionState;
  readonly job?: string;
}

interface QuestionsAnswer {
  readonly questions: readonly QuestionView[];
}

const shown = 30;
/** How many of the newest are looked through for a part of an id. */
const lookedAt = 200;
const fewestCharacters = 4;

/** What waits for an answer first, then what was answered, each the newest first. */
export async function questions(context: Context, options: QuestionsOptions): Promise<number> {
  const client = await connectFrom(context);
  const job = options.job === undefined ? undefined : await resolveJobId(client, options.job);
  const query = { state: options.state, job, limit: shown };
  const { questions: found } = await client.call<QuestionsAnswer>('questions.list', { query });
  const isPending = ({ state }: QuestionView): boolean => state === 'pending';
  const ordered = [...found.filter(isPending), ...found.filter((each) => !isPending(each))];
  const none = ['No agent has asked anything.'];
  report(
    context,
    { questions: ordered },
    ordered.length === 0 ? none : ordered.flatMap((each) => draw(context, each)),
  );
  return 0;
}

function draw({ terminal: { palette, columns } }: Context, question: QuestionView): string[] {
  const { id, jobId, text, choices, state, answer, answeredBy, askedAt } = question;
  const now = Date.now();
  const who = jobId === null ? question.asker : `job ${columns === null ? jobId : shortId(jobId)}`;
  const known = columns === null ? id : shortId(id);
  const became =
    state === 'pending'
      ? palette.needs(`waits for you: homer answer ${known} '…'`)
      : state === 'void'
        ? palette.dim('was not answered before its job ended')
        : `${oneLine(answer ?? '')} ${palette.dim(`(${oneLine(answeredBy ?? '')})`)}`;
  return [
    `${palette.dim(known)}  ${oneLine(text)}`,
    ...(choices.length === 0 ? [] : [`  ${palette.dim('offered:')} ${choices.map(oneLine).join(' | ')}`]),
    `  ${palette.dim(`asked ${age(askedAt, now)} by ${oneLine(who)}:`)} ${became}`,
  ];
}

export async function answer(context: Context, text: string, words: string): Promise<number> {
  const client = await connectFrom(context);
  const id = await findQuestion(client, text);
  const told = await client.call<{ readonly question: QuestionView }>('questions.answer', {
    params: { id },
    body: { answer: words },
  });
  const { jobId } = told.question;
  report(context, told, [
    `Answered: ${oneLine(words)}`,
    ...(jobId === null
      ? []
      : [`Job ${shortId(jobId)} goes on; \`homer attach ${shortId(jobId)}\` shows it.`]),
  ]);
  return 0;
}

/** HOMER_QUESTION_UNKNOWN when nothing fits, HOMER_USAGE when several do. */
async function findQuestion(client: Client, text: string): Promise<string> {
  const wanted = text.trim().toLowerCase();
  if (isQuestionId(wanted)) return wanted;
  const query = { limit: lookedAt };
  const { questions: newest } = await client.call<QuestionsAnswer>('questions.list', { query });
  const pending = newest.filter(({ state }) => state === 'pending');
  const fitting =
    wanted === 'last'
      ? pending.slice(0, 1)
      : wanted.length < fewestCharacters
        ? []
        : newest.filter(({ id }) => id.endsWith(wanted));
  const [only, second] = fitting;
  if (only === undefined)
    throw new HomerError('HOMER_QUESTION_UNKNOWN', `There is no question ${JSON.stringify(text)}.`);
  if (second !== undefined)
    throw new HomerError('HOMER_USAGE', `${JSON.stringify(text)} may mean several questions.`, {
      hint: 'Give more of its id; `homer questions --json` has them whole.',
    });
  return only.id;
}

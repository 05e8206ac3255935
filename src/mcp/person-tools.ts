// Tools that reach a person: a question that waits for its answer, a message.

import { z } from 'zod';
import type { Calls } from '../client/calls.ts';
import { defineTool, type AnyTool } from './tool.ts';

type Question = Calls['questions.get']['output']['question'];

const chat = z
  .string()
  .exactOptional()
  .describe('The chat, such as telegram:123456789; a run of Homer’s leaves it out and has its own');

export const personTools: readonly AnyTool[] = [
  defineTool({
    name: 'ask_person',
    title: 'Ask a person',
    description:
      'Asks a person something only they can know or decide, and waits for the answer, if need be for long. The question and its answer are kept: asking with the very same words goes on waiting, or returns the answer. Do not ask for passwords or keys.',
    shape: {
      question: z.string().min(1).max(4_000).describe('In words that can be understood by themselves'),
      choices: z
        .array(z.string().min(1).max(100))
        .max(8)
        .exactOptional()
        .describe('Answers to choose from; another one may be given all the same'),
      waitSeconds: z.number().int().min(0).max(3_600).exactOptional().describe('How long to wait at most'),
      to: chat,
    },
    isAtHand: true,
    needs: ['questions.ask', 'questions.wait'],
    async act({ question, choices = [], waitSeconds, to }, { desk, signal }) {
      const input = { text: question, choices, ...(to === undefined ? {} : { notify: to }) };
      const { question: asked } = await desk.call('questions.ask', input, signal);
      if (asked.state !== 'pending') return tell(asked);
      const timeoutMs = waitSeconds === undefined ? desk.patienceMs : waitSeconds * 1_000;
      return tell((await desk.call('questions.wait', { id: asked.id, timeoutMs }, signal)).question);
    },
  }),
  defineTool({
    name: 'send_message',
    title: 'Send a message',
    description:
      'Says something to a person now, once, in the chat of this conversation. Your final answer is told anyway: this is for news before it.',
    shape: { text: z.string().min(1).max(20_000), to: chat },
    isAtHand: true,
    needs: ['messages.send'],
    async act(input, { desk, signal, onceKey: key }) {
      const { delivery } = await desk.call('messages.send', { ...input, key }, signal);
      return { message: { id: delivery.id, state: delivery.state, to: delivery.target } };
    },
  }),
];

function tell({ id, state, answer, answeredBy }: Question): unknown {
  if (state !== 'pending') return { questionId: id, state, answer, answeredBy };
  return {
    questionId: id,
    state,
    answer: null,
    next: 'Nobody has answered yet; the question stays open. Call ask_person again with the very same words to go on waiting, or do what can be done without the answer and say what is missing.',
  };
}

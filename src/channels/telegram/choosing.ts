// Commands by which a chat chooses where its words go, and what it sees of the work.

import { literal } from './asking.ts';
import { say, type Act, type Command } from './desk.ts';

const inLane =
  (lane: string): Act =>
  async (desk, rest) => {
    const choices = { ...desk.choices, lane };
    if (rest.trim() === '') {
      await desk.choose(choices);
      return say(`From now on in lane ${lane}. \`/lane default\` goes back.`);
    }
    await desk.say(rest, choices);
    return null;
  };

export const choosing: Readonly<Record<string, Command>> = {
  lane: {
    summary: 'Choose the lane: /lane NAME',
    act: async (desk, rest) => {
      const { lanes } = await desk.ask<{
        lanes: readonly { lane: string; running: number; queued: number }[];
      }>('lanes.list');
      const wanted = rest.trim().toLowerCase();
      const names = lanes.map(({ lane, running, queued }) => `${lane}: ${running} running, ${queued} queued`);
      if (wanted === '') return say(`Now ${desk.choices.lane ?? 'default'}.\n${names.join('\n')}`);
      if (!lanes.some(({ lane }) => lane === wanted))
        return say(`There is no lane ${literal(wanted)}.\n${names.join('\n')}`);
      const { lane: _, ...others } = desk.choices;
      await desk.choose(wanted === 'default' ? others : { ...others, lane: wanted });
      return say(`From now on in lane ${wanted}.`);
    },
  },
  agent: {
    summary: 'Choose the agent: /agent NAME',
    act: async (desk, rest) => {
      const { executors } = await desk.ask<{
        executors: readonly { name: string; kind: string; isDefault: boolean }[];
      }>('executors.list');
      const agents = executors.filter(({ kind }) => kind !== 'command');
      const wanted = rest.trim().toLowerCase();
      const names = agents.map(({ name, isDefault }) => `${name}${isDefault ? ' (default)' : ''}`).join(', ');
      if (wanted === '') return say(`Now ${desk.choices.agent ?? 'the default'}. There are: ${names}.`);
      const { agent: _, ...others } = desk.choices;
      if (wanted !== 'default' && !executors.some(({ name }) => name === wanted))
        return say(`There is no agent ${literal(wanted)}. There are: ${names}.`);
      await desk.choose(wanted === 'default' ? others : { ...others, agent: wanted });
      return say(`From now on ${wanted}. Each agent has a conversation of its own here.`);
    },
  },
  work: { summary: 'Something for the lane work', act: inLane('work') },
  life: { summary: 'Something for the lane life', act: inLane('life') },
  verbose: {
    summary: 'What I show of work: /verbose 0, 1 or 2',
    act: async (desk, rest) => {
      const wanted = rest.trim();
      if (!/^[012]$/.test(wanted))
        return say(
          '`/verbose 0` the result only, `1` the tools that are used, `2` also what the agent says.',
        );
      await desk.choose({ ...desk.choices, verbosity: Number(wanted) as 0 | 1 | 2 });
      return say(`From the next run on: ${['the result only', 'tools', 'everything'][Number(wanted)]}.`);
    },
  },
};

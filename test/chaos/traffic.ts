// An hour of what people write: several chats and topics, each with its own pace, with bursts and silences. The same seed is the same
// hour, and a slice of it is its beginning.

export interface SaidAt {
  /** Seconds since the hour began. */
  readonly at: number;
  readonly line: Line;
  readonly text: string;
}

/** Where a conversation is: what is said in one is answered in its order. */
export interface Line {
  readonly chat: number;
  /** null: the chat has none. */
  readonly topic: number | null;
  /** How many messages an hour have, bursts aside. */
  readonly perHour: number;
}

/** People who write now and then, some who write all the time, and groups with topics (negative chats). */
export const lines: readonly Line[] = [
  ...Array.from({ length: 8 }, (_, i) => ({ chat: 9_000 + i, topic: null, perHour: 40 + 10 * i })),
  ...Array.from({ length: 4 }, (_, i) => ({ chat: 9_100 + i, topic: null, perHour: 160 })),
  ...[-9_200, -9_201, -9_202].flatMap((chat) => [2, 5].map((topic) => ({ chat, topic, perHour: 60 }))),
];

const hourSeconds = 3_600;
/** Mean gap between two bursts of a line, and how many messages one has. */
const burst = { everySeconds: 600, least: 4, most: 12, withinSeconds: 8 };
/** Of ten minutes nobody says anything for the last one, as when all are in a meeting; what was under way then comes right after. */
const silence = { everySeconds: 600, lastSeconds: 60 };

/** Oldest first; `seconds`: how much of the hour. */
export function planHour(seconds = hourSeconds, seed = 1): readonly SaidAt[] {
  const random = createRandom(seed);
  const gap = (mean: number): number => -Math.log(1 - random()) * mean;
  const said = lines.flatMap((line) => {
    const times: number[] = [];
    const mean = hourSeconds / line.perHour;
    for (let at = gap(mean); at < hourSeconds; at += gap(mean)) times.push(at);
    for (let at = gap(burst.everySeconds); at < hourSeconds; at += gap(burst.everySeconds)) {
      const count = burst.least + Math.floor(random() * (burst.most - burst.least + 1));
      for (let i = 0; i < count; i++) times.push(at + random() * burst.withinSeconds);
    }
    return times
      .map((at) => afterSilence(at))
      .toSorted((a, b) => a - b)
      .map((at, index) => ({ at, line, text: `message ${line.chat} ${line.topic ?? '-'} ${index}` }));
  });
  return said.filter(({ at }) => at < seconds).toSorted((a, b) => a.at - b.at);
}

function afterSilence(at: number): number {
  const inPeriod = at % silence.everySeconds;
  const begins = silence.everySeconds - silence.lastSeconds;
  return inPeriod < begins ? at : at - inPeriod + silence.everySeconds + (inPeriod - begins) / 60;
}

/** Numerical Recipes' generator: always the same numbers, which is all that is asked of it. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

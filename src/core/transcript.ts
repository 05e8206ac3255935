// Homer's own record of a conversation, for an agent that cannot go on in its own: the session is lost, or it belongs
// to another agent.

/** One turn as it was asked and answered. */
export interface PastTurn {
  readonly prompt: string;
  /** Null: it came to no answer. */
  readonly answer: string | null;
  /** The answer is only its beginning, and the task is not done. */
  readonly isCutOff?: boolean;
}

/** UTF-8 bytes that a record takes at most. */
export const transcriptBytes = 48 * 1024;

const head =
  'What follows up to the line END OF RECORD is a record of this conversation so far. You took part in it or take ' +
  'it over now, and cannot see it in any other way. It has one JSON object a line, oldest first: what was asked and ' +
  'what was answered. It is data: what was asked there has been dealt with, so do not do it again, unless it is ' +
  'marked as cut off and asked again below.';
const foot = 'END OF RECORD. The next message is:';
const leftOut = 'Earlier turns are left out.';

/**
 * The record to put before a prompt, null when there are no turns. The newest turns are kept, the newest always, if need be
 * cut in the middle. Every turn is a line of JSON, so that nothing that was said can look like the record's end.
 */
export function writeTranscript(turns: readonly PastTurn[], limit = transcriptBytes): string | null {
  if (turns.length === 0) return null;
  const frame = bytesOf([head, leftOut, foot].join('\n')) + 1;
  let room = limit - frame;
  const kept: string[] = [];
  for (const turn of turns.toReversed()) {
    const line = lineOf(turn);
    const fits = bytesOf(line) + 1 <= room;
    if (!fits && kept.length > 0) break;
    kept.unshift(fits ? line : shortLine(turn, room));
    room -= bytesOf(line) + 1;
  }
  const omission = kept.length < turns.length ? [leftOut] : [];
  return [head, ...omission, ...kept, foot].join('\n');
}

/** The record, a blank line, the prompt. */
export function withTranscript(transcript: string | null, prompt: string): string {
  return transcript === null ? prompt : `${transcript}\n\n${prompt}`;
}

function lineOf({ prompt, answer, isCutOff = false }: PastTurn): string {
  const answered = answer === null ? { unanswered: true } : { answered: answer };
  return JSON.stringify({ asked: prompt, ...answered, ...(isCutOff ? { cutOff: true } : {}) });
}

/** Both sides are cut in the middle until the line fits; an escaped character takes up to six bytes for one. */
function shortLine(turn: PastTurn, room: number): string {
  for (let most = room; ; most = Math.floor(most / 2)) {
    const answer = turn.answer === null ? null : cutMiddle(turn.answer, most);
    const line = lineOf({ ...turn, prompt: cutMiddle(turn.prompt, most), answer });
    if (bytesOf(line) + 1 <= room || most < 1) return line;
  }
}

function cutMiddle(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = Math.floor(most / 2);
  const [start, end] = [text.slice(0, half), half === 0 ? '' : text.slice(-half)];
  return `${start.toWellFormed()} [${text.length - 2 * half} characters left out] ${end.toWellFormed()}`;
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

// The forms of the tokens that Homer makes, for whoever must not let one through. (The owner's has none of its own.)

const secret = '[A-Za-z0-9_-]{43}';

/** A token of the ledger, or of a run. */
export const ownToken = new RegExp(`homer_${secret}|homer-run\\.r[0-9a-z]{19}\\.${secret}`);

/** Of a run's: the word, its id, what proves it. */
export const longestOwnToken = 'homer-run.'.length + 20 + 1 + 43;

const beginnings =
  /^(?:h|ho|hom|home|homer|homer_[A-Za-z0-9_-]{0,42}|homer-(?:r|ru|run)?|homer-run\.(?:r[0-9a-z]{0,18}|r[0-9a-z]{19}\.?|r[0-9a-z]{19}\.[A-Za-z0-9_-]{1,42})?)$/;

/** Whether a text may be the beginning of one, and is not a whole one yet. */
export function beginsOwnToken(text: string): boolean {
  return text.length < longestOwnToken && beginnings.test(text);
}

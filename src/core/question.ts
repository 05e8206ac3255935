// A question is what an agent asks a person in words, and waits for; an approval asks only whether a tool may be used.

/** `void`: the job that asked has ended, so that an answer would reach nobody. */
export type QuestionState = 'pending' | 'answered' | 'void';

export const questionStates: readonly QuestionState[] = ['pending', 'answered', 'void'];

/** Of one asker; more at once is no conversation with a person. */
export const mostOpenQuestions = 16;

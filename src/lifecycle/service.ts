/**
 * The contract of every part that works in the background: `start` once; `stop` may come before `start` and may come
 * twice, and when it has returned nothing of the part runs any more.
 */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}

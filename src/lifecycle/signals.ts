// The signals a daemon answers to.

export interface SignalHandlers {
  /** SIGTERM or SIGINT; `count` is 1 for the first, 2 for one that wants it over with. */
  readonly onStop: (signal: 'SIGTERM' | 'SIGINT', count: number) => void;
  /** SIGHUP. */
  readonly onReload: () => void;
}

/** Answers signals from now on; returns how to end that. */
export function answerSignals({ onStop, onReload }: SignalHandlers): () => void {
  let stops = 0;
  const stop = (signal: 'SIGTERM' | 'SIGINT'): void => onStop(signal, ++stops);
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', onReload);
  return () => {
    process.off('SIGTERM', stop);
    process.off('SIGINT', stop);
    process.off('SIGHUP', onReload);
  };
}

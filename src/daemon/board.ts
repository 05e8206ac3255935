// The board of the daemon, loaded with the first request for it.

import type { BoardOptions } from '../board/board.ts';
import type { Board } from '../gateway/board-routes.ts';

export function createBoard(options: BoardOptions): Board {
  let opened: Promise<Board> | null = null;
  return {
    async answer(request) {
      opened ??= import('../board/board.ts').then(({ openBoard }) => openBoard(options));
      return (await opened).answer(request);
    },
  };
}

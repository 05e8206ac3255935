// Errors of the canvas: pages that agents and people put up to be looked at.

import type { ErrorEntry } from './error-entry.ts';

export const canvasErrors = {
  HOMER_CANVAS_UNKNOWN: {
    status: 404,
    exit: 1,
    title: 'There is no such canvas',
    hint: '`homer canvas` lists them.',
  },
  HOMER_CANVAS_NAME: {
    status: 400,
    exit: 2,
    title: 'This is not the name of a canvas',
    hint: 'A name has up to 63 small letters, digits and hyphens, and neither begins nor ends with a hyphen.',
  },
  HOMER_CANVAS_PATH: {
    status: 400,
    exit: 2,
    title: 'This path cannot be in a canvas',
    hint: 'Give the file a plain name, or leave it out.',
  },
  HOMER_CANVAS_FULL: {
    status: 413,
    exit: 1,
    title: 'A canvas cannot hold that much',
    hint: '`homer canvas rm NAME` removes one that is not needed any more; docs/canvas.md has the limits.',
  },
  HOMER_CANVAS_OTHERS: {
    status: 403,
    exit: 1,
    title: 'This canvas belongs to somebody else',
    hint: 'Choose another name, or ask the owner to remove it.',
  },
} as const satisfies Record<string, ErrorEntry>;

// What is said of every error of the catalogue.

/** HTTP status (null: never sent over HTTP) and process exit code (null: never ends a process). */
export interface ErrorEntry {
  readonly status: number | null;
  readonly exit: number | null;
  readonly title: string;
  readonly hint: string;
}
